"""A column's type as a statement or information_schema writes it (MySQL reference manual, "Data Types").

All synonyms of 5.6 to 9.7. What isn't on the list raises NotUnderstood; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.binlog.field_types import FieldType
from ingest.mysql.collations import BINARY, code_point_collation, collation_id, default_collation
from ingest.mysql.lexer import Kind, NotUnderstood
from ingest.mysql.token_cursor import TokenCursor

_F = FieldType
_TYPES = {
    **dict.fromkeys(("TINYINT", "INT1", "BOOL", "BOOLEAN"), _F.TINY),
    **dict.fromkeys(("SMALLINT", "INT2"), _F.SHORT),
    **dict.fromkeys(("MEDIUMINT", "INT3", "MIDDLEINT"), _F.INT24),
    **dict.fromkeys(("INT", "INTEGER", "INT4"), _F.LONG),
    **dict.fromkeys(("BIGINT", "INT8", "SERIAL"), _F.LONGLONG),
    **dict.fromkeys(("DECIMAL", "DEC", "NUMERIC", "FIXED"), _F.NEWDECIMAL),
    **dict.fromkeys(("FLOAT", "FLOAT4"), _F.FLOAT),
    **dict.fromkeys(("DOUBLE", "FLOAT8", "REAL"), _F.DOUBLE),
    "BIT": _F.BIT,
    "YEAR": _F.YEAR,
    "DATE": _F.DATE,
    "TIME": _F.TIME2,
    "DATETIME": _F.DATETIME2,
    "TIMESTAMP": _F.TIMESTAMP2,
    **dict.fromkeys(("CHAR", "CHARACTER", "NCHAR", "BINARY"), _F.STRING),
    **dict.fromkeys(("VARCHAR", "VARCHARACTER", "NVARCHAR", "VARBINARY"), _F.VARCHAR),
    **dict.fromkeys(("TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "LONG"), _F.BLOB),
    **dict.fromkeys(("TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"), _F.BLOB),
    "ENUM": _F.ENUM,
    "SET": _F.SET,
    "JSON": _F.JSON,
    "VECTOR": _F.VECTOR,
}
# The numbers of MySQL's Geometry types (Field::geometry_type).
_GEOMETRIES = {
    "GEOMETRY": 0,
    "POINT": 1,
    "LINESTRING": 2,
    "POLYGON": 3,
    "MULTIPOINT": 4,
    "MULTILINESTRING": 5,
    "MULTIPOLYGON": 6,
    "GEOMETRYCOLLECTION": 7,
    "GEOMCOLLECTION": 7,
}
_BYTES = {"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"}
_BLOB_LENGTH_BYTES = {"TINY": 1, "MEDIUM": 3, "LONG": 4}
_NATIONAL = {"NCHAR", "NVARCHAR"}
_LENGTH_OF_DOUBLE = 25


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type as written. ``length`` and ``decimals``: the numbers in parentheses. ``length_bytes``: of a BLOB's or
    TEXT's length (1..4). ``text``: it has a character set of its own or its table's; ``charset`` is the one named with
    the type, ``code_points`` the BINARY attribute. ``serial``: SERIAL, which is also NOT NULL and UNIQUE."""

    type: FieldType
    length: int | None = None
    decimals: int | None = None
    length_bytes: int = 0
    unsigned: bool = False
    members: tuple[str, ...] = ()
    geometry_type: int | None = None
    text: bool = False
    charset: str | None = None
    code_points: bool = False
    serial: bool = False

    def collation(self, collate: str | None, table_collation: int, utf8mb4_default: int) -> int | None:
        """The collation id of a column of this type: by COLLATE, else its character set, else the table's default."""
        if self.type in (FieldType.BLOB, FieldType.STRING, FieldType.VARCHAR):
            if not self.text:
                return BINARY
        elif self.type not in (FieldType.ENUM, FieldType.SET):
            return None
        if collate is not None:
            return collation_id(collate)
        found = table_collation if self.charset is None else default_collation(self.charset, utf8mb4_default)
        return code_point_collation(found) if self.code_points else found


def read_column_type(cursor: TokenCursor, escapes_known: bool = False) -> ColumnType:
    """The type at the cursor with its sign and character set. ``escapes_known``: a backslash in a member is an escape
    for certain (information_schema writes so; a statement may have been written under NO_BACKSLASH_ESCAPES)."""
    word = _type_word(cursor)
    if word in _GEOMETRIES:
        return ColumnType(FieldType.GEOMETRY, geometry_type=_GEOMETRIES[word])
    if word not in _TYPES:
        raise cursor.confused()
    kind = _TYPES[word]
    members: tuple[str, ...] = ()
    length = decimals = None
    if kind in (FieldType.ENUM, FieldType.SET):
        members = _members(cursor, escapes_known)
    elif cursor.peek().is_mark("("):
        length, decimals = _numbers(cursor)
    if word == "FLOAT" and decimals is None and length is not None and length >= _LENGTH_OF_DOUBLE:
        kind = FieldType.DOUBLE
    unsigned = _sign(cursor) or word == "SERIAL"
    charset, code_points = _charset(cursor)
    if word.startswith("N") and word in _NATIONAL:
        charset = charset or "utf8"
    return ColumnType(
        kind,
        length,
        decimals,
        _length_bytes(word, kind, length),
        unsigned,
        members,
        text=kind in (FieldType.STRING, FieldType.VARCHAR, FieldType.BLOB, FieldType.ENUM, FieldType.SET)
        and word not in _BYTES
        and charset != "BYTE",
        charset=None if charset == "BYTE" else charset,
        code_points=code_points,
        serial=word == "SERIAL",
    )


def _type_word(cursor: TokenCursor) -> str:
    """The type's name; names of several words as the one-word synonym."""
    if cursor.peek().kind is not Kind.WORD:
        raise cursor.confused()
    word = cursor.take().text.upper()
    if word == "DOUBLE":
        cursor.accept("PRECISION")
    elif word == "NATIONAL":
        inner = cursor.accept_any("CHAR", "CHARACTER", "VARCHAR", "VARCHARACTER")
        if inner is None:
            raise cursor.confused()
        varying = cursor.accept("VARYING") or inner.startswith("VAR")
        return "NVARCHAR" if varying else "NCHAR"
    elif word == "NCHAR":
        return "NVARCHAR" if cursor.accept_any("VARYING", "VARCHAR", "VARCHARACTER") else word
    elif word in ("CHAR", "CHARACTER"):
        return "VARCHAR" if cursor.accept("VARYING") else word
    elif word == "LONG":
        return _long(cursor)
    return word


def _long(cursor: TokenCursor) -> str:
    if cursor.accept("VARBINARY"):
        return "MEDIUMBLOB"
    if not cursor.accept_any("VARCHAR", "VARCHARACTER"):
        cursor.accept("CHAR", "VARYING") or cursor.accept("CHARACTER", "VARYING")
    return "MEDIUMTEXT"


def _members(cursor: TokenCursor, escapes_known: bool) -> tuple[str, ...]:
    members: list[str] = []
    cursor.expect_mark("(")
    while True:
        if cursor.peek().kind is not Kind.TEXT:
            raise cursor.confused()
        text = ""
        while cursor.peek().kind is Kind.TEXT:  # strings side by side are one string
            token = cursor.take()
            if token.escaped and not escapes_known:
                raise NotUnderstood("a member with a backslash, whose meaning depends on the writer's sql_mode")
            text += token.text
        members.append(text.rstrip(" "))
        if not cursor.accept_mark(","):
            break
    cursor.expect_mark(")")
    return tuple(members)


def _numbers(cursor: TokenCursor) -> tuple[int, int | None]:
    cursor.expect_mark("(")
    first = cursor.number()
    second = cursor.number() if cursor.accept_mark(",") else None
    cursor.expect_mark(")")
    return first, second


def _sign(cursor: TokenCursor) -> bool:
    unsigned = False
    while word := cursor.accept_any("UNSIGNED", "SIGNED", "ZEROFILL"):
        unsigned = unsigned or word in ("UNSIGNED", "ZEROFILL")
    return unsigned


def _charset(cursor: TokenCursor) -> tuple[str | None, bool]:
    """What stands behind a text type: its character set (BYTE: bytes instead of text) and the BINARY attribute."""
    charset: str | None = None
    code_points = False
    while True:
        if cursor.accept("CHARACTER", "SET") or cursor.accept("CHAR", "SET") or cursor.accept("CHARSET"):
            token = cursor.peek()
            charset = cursor.take().text if token.kind is Kind.TEXT else cursor.name()
        elif word := cursor.accept_any("ASCII", "UNICODE", "BYTE"):
            charset = {"ASCII": "latin1", "UNICODE": "ucs2", "BYTE": "BYTE"}[word]
        elif cursor.accept("BINARY"):
            code_points = True
        else:
            return charset, code_points


def _length_bytes(word: str, kind: FieldType, length: int | None) -> int:
    """How many bytes the length of a BLOB or TEXT takes; TEXT(n) is the smallest that holds n."""
    if kind is not FieldType.BLOB:
        return 0
    if word in ("TEXT", "BLOB") and length is not None:
        return next(size for size in (1, 2, 3, 4) if length < 1 << 8 * size)
    prefix = word.removesuffix("TEXT").removesuffix("BLOB")
    return _BLOB_LENGTH_BYTES.get(prefix, 2)
