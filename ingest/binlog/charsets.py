"""MySQL collation ids to character sets, Python codecs and the collation's traits.

The binlog names the character set of a column by a collation id (5.6 to 9.7: ``collation_table.py``). ``codec_of``
gives a codec for ``bytes.decode``: Python's own where it reads every byte sequence as MySQL does, else one of
``charset_codecs.py``. Invariant: a collation without a codec is a DataProblem, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.binlog.charset_codecs import MYSQL_CODECS
from ingest.binlog.collation_table import COLLATIONS
from ingest.problems import DataProblem, declare

CHARSET_UNKNOWN = declare(
    "charset.unknown",
    "A collation isn't one that this version knows how to read.",
    "Convert the column to utf8mb4, or upgrade ray-binlog-ingest.",
)

_PYTHON_CODECS = {
    "ascii": "ascii",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp932": "cp932",
    "euckr": "cp949",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "hp8": "hp_roman8",
    "koi8r": "koi8_r",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "macce": "mac_latin2",
    "macroman": "mac_roman",
    "tis620": "tis_620",
    "utf16": "utf_16_be",
    "utf16le": "utf_16_le",
    "utf32": "utf_32_be",
    "utf8mb3": "utf_8",
    "utf8mb4": "utf_8",
}
_NOT_ASCII_COMPATIBLE = frozenset({"swe7", "ucs2", "utf16", "utf16le", "utf32"})
_MULTI_BYTE = frozenset({"big5", "cp932", "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "sjis", "ujis"}) | {
    "utf8mb3",
    "utf8mb4",
    "ucs2",
    "utf16",
    "utf16le",
    "utf32",
}

#: Collations that tell accents apart although their names don't say ``_as`` (asked of a server, letter by letter).
_ACCENTS_APART = frozenset(
    {
        "cp850_general_ci",
        "hp8_english_ci",
        "ujis_japanese_ci",
        "euckr_korean_ci",
        "gb2312_chinese_ci",
        "gbk_chinese_ci",
        "latin7_general_ci",
        "latin1_general_ci",
        "cp1256_general_ci",
        "utf8mb3_tolower_ci",
        "eucjpms_japanese_ci",
        "gb18030_chinese_ci",
    }
)


@dataclass(frozen=True, slots=True)
class CollationTraits:
    """How a collation compares.

    ``accent_insensitive``: it takes at least some accented letters for their base letter (which ones is the
    language's affair). ``pad_space``: trailing spaces don't count. ``binary``: by bytes or code points alone.
    """

    name: str
    charset: str
    case_insensitive: bool
    accent_insensitive: bool
    pad_space: bool
    binary: bool


def collation_traits(collation: int) -> CollationTraits:
    """The traits of a collation by id. DataProblem ``charset.unknown``."""
    name = collation_name(collation)
    folds_case = name.endswith("_ci")
    return CollationTraits(
        name=name,
        charset=charset_of(collation),
        case_insensitive=folds_case,
        accent_insensitive=folds_case and "_as_" not in name and name not in _ACCENTS_APART,
        pad_space=name != "binary" and "_0900_" not in name,
        binary=name == "binary" or name.endswith("_bin"),
    )


def collation_name(collation: int) -> str:
    """The name of a collation id, as MySQL 9 spells it. DataProblem ``charset.unknown`` names the id."""
    name = COLLATIONS.get(collation)
    if name is None:
        raise DataProblem(CHARSET_UNKNOWN, f"collation {collation} isn't known", {"collation": collation})
    return name


def charset_of(collation: int) -> str:
    """The character set of a collation id (``utf8mb4``, ``latin1``, ``binary``). DataProblem ``charset.unknown``."""
    return collation_name(collation).partition("_")[0]


def codec_of(collation: int) -> str:
    """The Python codec of a collation's character set, for ``bytes.decode``, which raises UnicodeDecodeError for what
    isn't text in it. DataProblem ``charset.unknown`` names the id (``binary`` has no codec either).
    """
    charset = charset_of(collation)
    codec = f"mysql_{charset}" if charset in MYSQL_CODECS else _PYTHON_CODECS.get(charset)
    if codec is None:
        what = f"character set {charset} has no text form"
        raise DataProblem(CHARSET_UNKNOWN, what, {"collation": collation, "charset": charset})
    return codec


def is_ascii_compatible(charset: str) -> bool:
    """Whether bytes below 0x80 are always the ASCII characters (so that ASCII needs no decoding)."""
    return charset not in _NOT_ASCII_COMPATIBLE


def is_single_byte(charset: str) -> bool:
    """Whether each byte is one character."""
    return charset not in _MULTI_BYTE
