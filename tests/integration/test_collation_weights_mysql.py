"""The collation tables in ingest/rules/weights, asked again of a real server, character by character.

``REWRITE=1`` writes the tables anew from the server's answers.
"""

from __future__ import annotations

import os
import random

import pyarrow as pa
import pytest

from ingest.binlog.charsets import codec_of
from ingest.binlog.collation_table import COLLATIONS
from ingest.rules.collation import Collation, collation_by_number
from ingest.rules.like import class_map
from ingest.rules.weights import tables
from ingest.rules.weights.table import weight_text
from tests.kit import collation_weights as kit

pytestmark = pytest.mark.integration
NUMBERS = {name: number for number, name in COLLATIONS.items()}
IMPLICIT = {
    "utf8mb4_0900_ai_ci": tables.implicit_0900,
    "utf8mb4_unicode_ci": tables.implicit_0400,
    "utf8mb4_unicode_520_ci": tables.implicit_0520,
    "utf8mb4_general_ci": tables.implicit_general,
}


def is_derived(name: str, point: int, weights: tuple[int, ...]) -> bool:
    """Does a rule give these weights, so that the table needn't?"""
    syllable = name == "utf8mb4_0900_ai_ci" and point in tables.HANGUL
    return syllable or IMPLICIT[name](point) == weights


@pytest.fixture(scope="module")
def connection(mysql9):
    """A connection with raw answers for weights."""
    with mysql9.connect() as connection:
        yield connection


@pytest.fixture(scope="module", autouse=True)
def rewritten(connection):
    """With REWRITE=1: the tables as the server has them."""
    if os.environ.get("REWRITE") != "1":
        return
    asked = {name: kit.unicode_weights(connection, name) for name in IMPLICIT}
    explicit = {
        name: {point: weights for point, weights in found.items() if not is_derived(name, point, weights)}
        for name, found in asked.items()
    }
    for name in kit.UNICODE:
        kit.write_unicode(name, explicit[name])
    single = {name: kit.single_byte_weights(connection, name) for name in kit.single_byte_collations()}
    kit.write_simple(explicit["utf8mb4_general_ci"], single)
    maps = {
        f"{function}_{name}": kit.case_map(connection, function, collation)
        for name, collation in kit.CASE_FAMILIES.items()
        for function in ("UPPER", "LOWER")
    }
    kit.write_case_maps(maps)
    pytest.exit("the tables are written; run again without REWRITE", returncode=0)


POINTS = [point for point in kit.CODE_POINTS if point < 0x20000 or point % 97 == 0]


@pytest.mark.parametrize("name", IMPLICIT)
def test_every_code_point(connection, name):
    """The weights of each code point that Unicode assigns, and of some beyond, are the server's."""
    ours = tables.weights_of(NUMBERS[name])
    asked = kit.unicode_weights(connection, name, POINTS)
    assert len(asked) == len(POINTS)
    wrong = [hex(point) for point, weights in asked.items() if ours[point] != weight_text(weights)]
    assert wrong == []


def test_every_byte(connection):
    """The weights of each character of every single-byte collation are the server's."""
    for name in kit.single_byte_collations():
        ours = tables.weights_of(NUMBERS[name])
        codec = codec_of(NUMBERS[name])
        for byte, weights in kit.single_byte_weights(connection, name).items():
            assert ours[ord(bytes([byte]).decode(codec))] == weight_text(weights), (name, byte)


@pytest.mark.parametrize("family", kit.CASE_FAMILIES)
def test_every_letter(connection, family):
    """UPPER and LOWER of each code point are the server's."""
    from ingest.rules.strings import case_map

    for function in ("UPPER", "LOWER"):
        asked = kit.case_map(connection, function, kit.CASE_FAMILIES[family], POINTS)
        assert case_map(f"{function}_{family}") == {point: chr(made[0]) for point, made in asked.items()}


BLOCKS = [(0x20, 0x250), (0x300, 0x500), (0xE00, 0xF00), (0x1100, 0x1200), (0x4E00, 0x4F00), (0x900, 0xD80),
          (0x1E00, 0x2100), (0xAC00, 0xAC80), (0xF900, 0xFAFF), (0x1F600, 0x1F650), (0, 0x20)]  # fmt: skip
TEXT_COLLATIONS = [*IMPLICIT, "utf8mb4_bin", "utf8mb4_0900_bin"]


def some_texts(seed: int, count: int) -> list[str]:
    """Short texts of a few related characters, with spaces between and after."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        first, last = rng.choice(BLOCKS)
        letters = [chr(rng.randrange(first, min(last, first + 40))) for _ in range(3)]
        texts.append("".join(rng.choice([*letters, " ", "a"]) for _ in range(rng.randint(0, 4))))
    return texts


def folded(collation: Collation, left: list[str], right: list[str], ordered: bool) -> list[tuple[str, str]]:
    """Pairs of texts as they are compared."""
    one, other = collation.fold([pa.array(left), pa.array(right)], ordered)
    return list(zip(one.to_pylist(), other.to_pylist(), strict=True))


@pytest.mark.parametrize("name", TEXT_COLLATIONS)
def test_texts_compare_alike(connection, name):
    """=, < and LIKE of random texts are the server's: contractions, ignorable characters, trailing spaces and all."""
    left, right = some_texts(1, 600), some_texts(2, 600)
    right = [other if at % 3 else one + " " * (at % 4) for at, (one, other) in enumerate(zip(left, right, strict=True))]
    right = [one.swapcase() if at % 7 == 0 else one for at, one in enumerate(right)]
    collation = collation_by_number(NUMBERS[name])
    pairs = list(zip(left, right, strict=True))
    equal = [one == other for one, other in folded(collation, left, right, ordered=False)]
    less = [one.encode() < other.encode() for one, other in folded(collation, left, right, ordered=True)]
    classes = class_map(collation)
    classes = {} if classes is None else classes  # one that fills itself is empty at first
    like = [one.translate(classes) == other.translate(classes) for one, other in pairs]
    with connection.cursor() as cursor:
        for at, (one, other) in enumerate(zip(left, right, strict=True)):
            cursor.execute(
                f"SELECT CONVERT(%s USING utf8mb4) COLLATE {name} = %s, CONVERT(%s USING utf8mb4) COLLATE {name} < %s, "
                f"CONVERT(%s USING utf8mb4) COLLATE {name} LIKE REPLACE(REPLACE(%s, '%%', '|%%'), '_', '|_') ESCAPE '|'",
                (one, other) * 3,
            )
            assert cursor.fetchone() == (int(equal[at]), int(less[at]), int(like[at])), (one, other)
