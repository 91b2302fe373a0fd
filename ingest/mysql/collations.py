"""Names of collations and character sets to collation ids, as statements and information_schema write them."""

from __future__ import annotations

from ingest.binlog.collation_table import COLLATIONS
from ingest.mysql.lexer import NotUnderstood

BINARY = 63
UTF8MB4_DEFAULT_SINCE_8_0 = 255
UTF8MB4_DEFAULT_BEFORE_8_0 = 45

_IDS = {name: number for number, name in COLLATIONS.items()}

# The default collation of a character set whose name isn't <set>_general_ci. information_schema.character_sets of
# 5.6.24 and 9.7 agree on all but utf8mb4; tests/integration/test_preflight.py compares.
_DEFAULTS = {
    "binary": "binary",
    "big5": "big5_chinese_ci",
    "cp932": "cp932_japanese_ci",
    "dec8": "dec8_swedish_ci",
    "eucjpms": "eucjpms_japanese_ci",
    "euckr": "euckr_korean_ci",
    "gb18030": "gb18030_chinese_ci",
    "gb2312": "gb2312_chinese_ci",
    "gbk": "gbk_chinese_ci",
    "hp8": "hp8_english_ci",
    "latin1": "latin1_swedish_ci",
    "latin5": "latin5_turkish_ci",
    "sjis": "sjis_japanese_ci",
    "swe7": "swe7_swedish_ci",
    "tis620": "tis620_thai_ci",
    "ujis": "ujis_japanese_ci",
}


def collation_id(name: str) -> int:
    """The id of a collation; ``utf8_`` is what ``utf8mb3_`` was called before 8.0.30. NotUnderstood."""
    folded = name.lower()
    if folded.startswith("utf8_"):
        folded = "utf8mb3_" + folded[5:]
    if folded not in _IDS:
        raise NotUnderstood(f"collation {name!r} isn't known")
    return _IDS[folded]


def default_collation(charset: str, utf8mb4_default: int) -> int:
    """The collation that a character set has when none is named; that of utf8mb4 depends on the server."""
    folded = charset.lower()
    if folded == "utf8":
        folded = "utf8mb3"
    if folded == "utf8mb4":
        return utf8mb4_default
    return collation_id(_DEFAULTS.get(folded, f"{folded}_general_ci"))


def code_point_collation(collation: int) -> int:
    """The ``_bin`` collation of the same character set (the BINARY attribute of a text column)."""
    charset = COLLATIONS[collation].partition("_")[0]
    return BINARY if charset == "binary" else collation_id(f"{charset}_bin")
