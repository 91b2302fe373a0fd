"""The weight map of each collation that rules can follow, made on first use."""

from __future__ import annotations

import functools
from collections.abc import Callable

from ingest.binlog import charsets
from ingest.rules.weights import simple, uca_0400, uca_0520, uca_0900
from ingest.rules.weights.table import WeightMap, Weights, unpack

# Unified ideographs by the Unicode version of each table: (first, last, base of the implicit weight).
_IDEOGRAPHS_0900 = (
    (0x4E00, 0x9FD5, 0xFB40),
    (0xFA0E, 0xFA0F, 0xFB40),
    (0xFA11, 0xFA11, 0xFB40),
    (0xFA13, 0xFA14, 0xFB40),
    (0xFA1F, 0xFA1F, 0xFB40),
    (0xFA21, 0xFA21, 0xFB40),
    (0xFA23, 0xFA24, 0xFB40),
    (0xFA27, 0xFA29, 0xFB40),
    (0x3400, 0x4DB5, 0xFB80),
    (0x20000, 0x2A6D6, 0xFB80),
    (0x2A700, 0x2B734, 0xFB80),
    (0x2B740, 0x2B81D, 0xFB80),
    (0x2B820, 0x2CEA1, 0xFB80),
)
_IDEOGRAPHS_OLD = ((0x4E00, 0x9FA5, 0xFB40), (0x3400, 0x4DB5, 0xFB80))
_OTHERS = 0xFBC0
HANGUL = range(0xAC00, 0xD7A4)
"""Korean syllables."""
_REPLACEMENT = 0xFFFD

UNICODE_CHARSETS = frozenset({"utf8mb4", "utf8mb3", "ucs2", "utf16", "utf16le", "utf32"})


def weights_of(collation: int) -> WeightMap | None:
    """The weights of a collation by id, or None: rules can't follow it. Never given for binary ones (``_bin``)."""
    name = charsets.collation_name(collation)
    charset, _, rest = name.partition("_")
    if charset in UNICODE_CHARSETS:
        maker = _UNICODE.get(rest)
        return None if maker is None else maker()
    if name in simple.SINGLE_BYTE:
        return _single_byte(collation)
    return _ascii_only(name) if name in ORDER_UNKNOWN else None


ORDER_UNKNOWN = frozenset(
    {
        "euckr_korean_ci",
        "eucjpms_japanese_ci",
        "gb2312_chinese_ci",
        "gbk_chinese_ci",
        "sjis_japanese_ci",
        "ujis_japanese_ci",
    }
)
"""Collations of which only equality is known: ASCII letters without case, every other character equal to itself."""


@functools.cache
def _uca_0900() -> WeightMap:
    explicit = unpack(uca_0900.PACKED)

    def implicit(point: int) -> Weights:
        if point in HANGUL:
            return tuple(weight for letter in _hangul_letters(point) for weight in explicit[letter])
        return implicit_0900(point)

    return WeightMap(explicit, implicit)


@functools.cache
def _uca_0520() -> WeightMap:
    return WeightMap(unpack(uca_0520.PACKED), implicit_0520)


@functools.cache
def _uca_0400() -> WeightMap:
    return WeightMap(unpack(uca_0400.PACKED), implicit_0400)


@functools.cache
def _general() -> WeightMap:
    return WeightMap(unpack(simple.GENERAL), implicit_general)


def _hangul_letters(syllable: int) -> list[int]:
    """A Korean syllable's two or three letters (Unicode standard, "Hangul Syllable Decomposition")."""
    index = syllable - HANGUL.start
    last = [0x11A7 + index % 28] if index % 28 else []
    return [0x1100 + index // 588, 0x1161 + index % 588 // 28, *last]


def implicit_0900(point: int) -> Weights:
    """What UCA 9.0 gives a character without an entry (syllables, which have none, go by their letters)."""
    return _implicit(point, _IDEOGRAPHS_0900)


def implicit_0520(point: int) -> Weights:
    """What UCA 5.2 gives a character without an entry."""
    return _implicit(point, _IDEOGRAPHS_OLD)


def implicit_0400(point: int) -> Weights:
    """What UCA 4.0 gives a character without an entry; beyond 16 bits all are alike."""
    return (_REPLACEMENT,) if point > 0xFFFF else _implicit(point, _IDEOGRAPHS_OLD)


def implicit_general(point: int) -> Weights:
    """What the general collations give a character without an entry: itself; beyond 16 bits all are alike."""
    return (point if point <= 0xFFFF else _REPLACEMENT,)


def _implicit(point: int, ideographs: tuple[tuple[int, int, int], ...]) -> Weights:
    """Unicode Technical Standard 10, "Implicit Weights"."""
    base = next((base for first, last, base in ideographs if first <= point <= last), _OTHERS)
    return (base + (point >> 15), point & 0x7FFF | 0x8000)


@functools.cache
def _ascii_only(name: str) -> WeightMap:
    explicit: dict[int, Weights] = {ord(letter): (ord(letter.upper()),) for letter in "abcdefghijklmnopqrstuvwxyz"}
    if name in ("gbk_chinese_ci", "gb2312_chinese_ci"):
        explicit[ord("~")] = (ord("Y"),)  # so it is in MySQL's tables
    return WeightMap(explicit, lambda point: (point,) if point < 0x80 else (_REPLACEMENT, point >> 15, point & 0x7FFF))


@functools.cache
def _single_byte(collation: int) -> WeightMap:
    """Weights by the byte that a character is in the collation's character set."""
    every = unpack(simple.SINGLE_BYTE[charsets.collation_name(collation)])
    codec = charsets.codec_of(collation)
    explicit = {ord(bytes([byte]).decode(codec)): weights for byte, weights in every.items()}
    # A character that isn't in the set can't be in the column; after all that are, it equals none of them.
    return WeightMap(explicit, lambda point: (_REPLACEMENT, point >> 15, point & 0x7FFF))


_UNICODE: dict[str, Callable[[], WeightMap]] = {
    "0900_ai_ci": _uca_0900,
    "unicode_ci": _uca_0400,
    "unicode_520_ci": _uca_0520,
    "general_ci": _general,
}
