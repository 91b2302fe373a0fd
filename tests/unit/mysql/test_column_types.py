"""Every way to write a column's type."""

from __future__ import annotations

import pytest

from ingest.binlog.field_types import FieldType as F
from ingest.mysql.column_types import ColumnType, read_column_type
from ingest.mysql.lexer import NotUnderstood, tokenize
from ingest.mysql.server_version import parse_server_version
from ingest.mysql.token_cursor import TokenCursor

LATIN1, UTF8MB4 = 8, 255


def read(text: str, escapes_known: bool = False) -> ColumnType:
    cursor = TokenCursor(tokenize(text, parse_server_version("9.7.4")))
    found = read_column_type(cursor, escapes_known)
    if not cursor.at_end:
        raise cursor.confused()
    return found


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("TINYINT", "int1", "BOOL", "boolean", "TINYINT(1)"), F.TINY),
        (("SMALLINT", "INT2"), F.SHORT),
        (("MEDIUMINT", "INT3", "MIDDLEINT"), F.INT24),
        (("INT", "INTEGER", "INT4", "INT(11)"), F.LONG),
        (("BIGINT", "INT8"), F.LONGLONG),
        (("DECIMAL", "DEC(4)", "NUMERIC(4,2)", "FIXED"), F.NEWDECIMAL),
        (("FLOAT", "FLOAT4", "FLOAT(24)", "FLOAT(53,2)"), F.FLOAT),
        (("DOUBLE", "DOUBLE PRECISION", "REAL", "FLOAT8", "FLOAT(25)", "FLOAT(53)", "DOUBLE(9,2)"), F.DOUBLE),
        (("BIT", "BIT(64)"), F.BIT),
        (("CHAR", "CHARACTER(3)", "NCHAR", "NATIONAL CHAR(3)", "NATIONAL CHARACTER", "BINARY(2)"), F.STRING),
        (("VARCHAR(3)", "CHAR VARYING(3)", "CHARACTER VARYING(3)", "VARCHARACTER(3)", "VARBINARY(3)"), F.VARCHAR),
        (("NVARCHAR(3)", "NATIONAL VARCHAR(3)", "NCHAR VARCHAR(3)", "NCHAR VARYING(3)"), F.VARCHAR),
        (("NATIONAL CHAR VARYING(3)", "NATIONAL CHARACTER VARYING(3)", "NATIONAL VARCHARACTER(3)"), F.VARCHAR),
        (("TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "LONG", "LONG VARCHAR", "LONG CHAR VARYING"), F.BLOB),
        (("BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "LONG VARBINARY", "LONG CHARACTER VARYING"), F.BLOB),
        (("DATE",), F.DATE),
        (("TIME", "TIME(6)"), F.TIME2),
        (("DATETIME", "DATETIME(3)"), F.DATETIME2),
        (("TIMESTAMP", "TIMESTAMP(6)"), F.TIMESTAMP2),
        (("YEAR", "YEAR(4)"), F.YEAR),
        (("JSON",), F.JSON),
        (("VECTOR", "VECTOR(3)"), F.VECTOR),
        (("GEOMETRY", "POINT", "MULTIPOLYGON", "GEOMCOLLECTION"), F.GEOMETRY),
        (("ENUM('a')", "enum('a','b''c')"), F.ENUM),
        (("SET('a','b')",), F.SET),
    ],
)
def test_synonyms(words: tuple[str, ...], kind: F) -> None:
    """All names of a type are that type."""
    assert {read(word).type for word in words} == {kind}


@pytest.mark.parametrize(
    ("text", "unsigned"),
    [("INT", False), ("INT UNSIGNED", True), ("INT ZEROFILL", True), ("INT SIGNED", False), ("SERIAL", True)],
)
def test_signs(text: str, unsigned: bool) -> None:
    """ZEROFILL and SERIAL are unsigned too."""
    assert read(text).unsigned is unsigned


@pytest.mark.parametrize(
    ("text", "collate", "expected"),
    [
        ("VARCHAR(3)", None, LATIN1),
        ("VARCHAR(3)", "gbk_bin", 87),
        ("VARCHAR(3) CHARACTER SET utf8mb4", None, UTF8MB4),
        ("VARCHAR(3) CHARSET utf8", None, 33),
        ("VARCHAR(3) CHAR SET utf8", "utf8_bin", 83),
        ("VARCHAR(3) CHARACTER SET 'gbk'", None, 28),
        ("VARCHAR(3) BINARY", None, 47),
        ("VARCHAR(3) CHARACTER SET gbk BINARY", None, 87),
        ("VARCHAR(3) BINARY CHARACTER SET gbk", None, 87),
        ("VARCHAR(3) ASCII", None, 8),
        ("VARCHAR(3) UNICODE", None, 35),
        ("CHAR(3) BYTE", None, 63),
        ("CHAR(3) CHARACTER SET binary", None, 63),
        ("BINARY(3)", None, 63),
        ("LONG VARBINARY", None, 63),
        ("BLOB", None, 63),
        ("TEXT", None, LATIN1),
        ("NCHAR(3)", None, 33),
        ("NVARCHAR(3)", None, 33),
        ("ENUM('a')", None, LATIN1),
        ("SET('a') CHARACTER SET binary", None, 63),
        ("INT", None, None),
        ("JSON", None, None),
        ("POINT", None, None),
        ("VECTOR(2)", None, None),
        ("DATETIME", None, None),
    ],
)
def test_collations(text: str, collate: str | None, expected: int | None) -> None:
    """COLLATE wins over CHARACTER SET, which wins over the table's default; bytes have collation 63."""
    assert read(text).collation(collate, LATIN1, UTF8MB4) == expected


def test_members() -> None:
    """Quotes are undone, trailing spaces go as the server drops them, strings side by side are one."""
    assert read("ENUM('a','b''c','d,e','f)','','g  ', 'h' 'i')").members == ("a", "b'c", "d,e", "f)", "", "g", "hi")


def test_a_backslash_in_a_member_is_not_guessed() -> None:
    """Under NO_BACKSLASH_ESCAPES it is a character, else an escape: a statement doesn't say; information_schema does."""
    with pytest.raises(NotUnderstood):
        read(r"ENUM('a\\b')")
    assert read(r"ENUM('a\\b','c\nd')", escapes_known=True).members == ("a\\b", "c\nd")


@pytest.mark.parametrize(
    ("text", "size"),
    [("TEXT(255)", 1), ("TEXT(256)", 2), ("BLOB(65535)", 2), ("BLOB(65536)", 3), ("TEXT(16777216)", 4), ("TEXT", 2)],
)
def test_text_with_a_length_is_the_smallest_that_holds_it(text: str, size: int) -> None:
    """TEXT(n) becomes TINYTEXT to LONGTEXT; the binlog's metadata is the length's bytes."""
    assert read(text).length_bytes == size


@pytest.mark.parametrize(
    "text", ["", "MONEY", "`INT`", "ENUM", "ENUM()", "ENUM(1)", "NATIONAL INT", "INT(", "VARCHAR(x)"]
)
def test_unknown_types(text: str) -> None:
    """What isn't on the list is refused."""
    with pytest.raises(NotUnderstood):
        read(text)
