"""Character sets and collations against real servers: what MySQL says each byte sequence and collation is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pymysql
import pytest

from actors.stack import Mysql
from ingest.binlog.charsets import charset_of, codec_of, collation_traits
from ingest.binlog.collation_table import COLLATIONS

pytestmark = pytest.mark.integration

CHARSETS = sorted({charset_of(collation) for collation in COLLATIONS} - {"binary"})
COLLATION_OF = {charset_of(collation): collation for collation in sorted(COLLATIONS, reverse=True)}
BIG5_REPLACED = {"a15a", "a1c3", "a1c5", "a1fe", "a240", "a2cc", "a2ce"}
"""Big5 characters that MySQL converts to U+FFFD: we keep the character instead."""

ACCENTED = {"a": "áàâäąă", "e": "éèêë", "i": "íì", "o": "óòőö", "u": "úùű", "c": "čç", "n": "ñ", "z": "ž", "s": "š"}


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Iterator[pymysql.Connection]:
    found: Mysql = request.getfixturevalue(request.param)
    with found.connect() as connection:
        yield connection


def rows(connection: pymysql.Connection, sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def sequences() -> Iterator[bytes]:
    """Every byte, every pair from 0x80, every JIS X 0212 triple, and the 4-byte codes of GB 18030's ends."""
    for first in range(256):
        yield bytes([first])
    for pair in itertools.product(range(0x80, 256), range(256)):
        yield bytes(pair)
    for pair in itertools.product(range(0xA1, 255), range(0xA1, 255)):
        yield b"\x8f" + bytes(pair)
    digits = range(0x30, 0x3A)
    for code in itertools.product((0x81, 0x82, 0x83, 0x84, 0x90, 0xE3), digits, range(0x81, 0xFF), digits):
        yield bytes(code)


def fill(connection: pymysql.Connection, values: Iterable[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS charset_test")
        cursor.execute("DROP TABLE IF EXISTS charset_test.sequences")
        cursor.execute("CREATE TABLE charset_test.sequences (b VARBINARY(4) PRIMARY KEY)")
        parts = iter(values)
        while batch := list(itertools.islice(parts, 8000)):
            literals = ",".join(f"(X'{value.hex()}')" for value in batch)
            cursor.execute(f"INSERT INTO charset_test.sequences VALUES {literals}")


def decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


@pytest.mark.slow
def test_every_sequence_of_every_charset(server: pymysql.Connection) -> None:
    """Every byte sequence that is one character to the server is the same character here, in every character set;
    one without a Unicode form on the server is refused here."""
    fill(server, sequences())
    known = {str(name) for (name,) in rows(server, "SELECT character_set_name FROM information_schema.character_sets")}
    for charset in CHARSETS:
        name = charset if charset in known else {"utf8mb3": "utf8"}.get(charset)
        if name is None:
            assert charset == "gb18030", "only 5.6 lacks a character set: gb18030"
            continue
        converted = f"CONVERT(b USING {name})"
        sql = f"SELECT HEX(b), HEX(CONVERT({converted} USING utf8mb4)), CHAR_LENGTH({converted}), LENGTH({converted})"
        wrong = []
        for key, value, characters, length in rows(server, f"{sql} FROM charset_test.sequences"):
            data = bytes.fromhex(str(key))
            if value in (None, "") or characters != 1 or length != len(data):
                continue
            theirs = decoded(bytes.fromhex(str(value)), "utf_8")  # 5.6 lets UCS-2 surrogates through
            expected = None if theirs == "?" and data.strip(b"\0") != b"?" else theirs
            ours = decoded(data, codec_of(COLLATION_OF[charset]))
            replaced = expected == "\ufffd" and (charset == "tis620" or data.hex() in BIG5_REPLACED)
            if ours != expected and not replaced:
                wrong.append((data.hex(), expected, ours))
        assert not wrong, f"{charset}: {len(wrong)} sequences differ, e.g. {wrong[:5]}"


def test_every_collation_is_known(server: pymysql.Connection) -> None:
    """The collation table has every collation of the server under its id and character set."""
    for number, name, charset in rows(
        server, "SELECT id, collation_name, character_set_name FROM information_schema.collations"
    ):
        assert COLLATIONS[int(str(number))] == str(name).replace("utf8_", "utf8mb3_")
        assert charset_of(int(str(number))) == str(charset).replace("utf8mb3", "utf8").replace(
            "utf8", "utf8mb3", 1
        ) or (charset == "utf8mb4")


def test_every_collation_compares_as_its_traits_say(server: pymysql.Connection) -> None:
    """Case, accents and trailing spaces count on the server exactly where the traits say so."""
    pairs = [(accented, base) for base, letters in ACCENTED.items() for accented in letters]
    for number, name, charset in rows(
        server, "SELECT id, collation_name, character_set_name FROM information_schema.collations WHERE id <> 63"
    ):
        traits = collation_traits(int(str(number)))

        def equal(left: str, right: str, charset: object = charset, name: object = name) -> str:
            texts = (f"CONVERT(_utf8mb4'{text}' USING {charset}) COLLATE {name}" for text in (left, right))
            return " = ".join(texts)

        tests = [equal("a", "A"), equal("a ", "a"), *(equal(*pair) for pair in pairs)]
        known = [
            f"CONVERT(CONVERT(_utf8mb4'{left}' USING {charset}) USING utf8mb4) = _utf8mb4'{left}' COLLATE utf8mb4_bin"
            for left, _ in pairs
        ]
        answer = rows(server, "SELECT " + ", ".join(tests + known))[0]
        case, pad, accents, exists = answer[0], answer[1], answer[2 : 2 + len(pairs)], answer[2 + len(pairs) :]
        assert bool(case) == traits.case_insensitive, name
        assert bool(pad) == traits.pad_space, name
        compared = [bool(same) for same, there in zip(accents, exists, strict=True) if there]
        if compared:
            assert any(compared) == traits.accent_insensitive, name
