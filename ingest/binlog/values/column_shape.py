"""What a column's type and metadata numbers say: its name in SQL, lengths, precision, fraction digits.

Source of the metadata: MySQL source doc page "Table_map_event" and ``Field_*::do_save_field_metadata``. A column's
``meta`` is the TABLE_MAP's metadata bytes read little-endian, so the first byte of two is ``meta & 0xFF``.
"""

from __future__ import annotations

from ingest.binlog.field_types import FieldType
from ingest.problems import DataProblem, declare
from ingest.schema import Column

BINARY_COLLATION = 63

TYPE_UNKNOWN = declare(
    "type.unknown",
    "A column's type in the binlog isn't one that this version knows how to read.",
    "Leave the table out of the rules, or upgrade ray-binlog-ingest.",
)

_PLAIN_NAMES = {
    FieldType.TINY: "tinyint",
    FieldType.SHORT: "smallint",
    FieldType.INT24: "mediumint",
    FieldType.LONG: "int",
    FieldType.LONGLONG: "bigint",
    FieldType.FLOAT: "float",
    FieldType.DOUBLE: "double",
    FieldType.NEWDECIMAL: "decimal",
    FieldType.BIT: "bit",
    FieldType.YEAR: "year",
    FieldType.DATE: "date",
    FieldType.NEWDATE: "date",
    FieldType.TIME: "time",
    FieldType.TIME2: "time",
    FieldType.DATETIME: "datetime",
    FieldType.DATETIME2: "datetime",
    FieldType.TIMESTAMP: "timestamp",
    FieldType.TIMESTAMP2: "timestamp",
    FieldType.ENUM: "enum",
    FieldType.SET: "set",
    FieldType.JSON: "json",
    FieldType.GEOMETRY: "geometry",
    FieldType.VECTOR: "vector",
}
_TEXT_NAMES = {
    FieldType.STRING: ("char", "binary"),
    FieldType.VARCHAR: ("varchar", "varbinary"),
    FieldType.VAR_STRING: ("varchar", "varbinary"),
}
_BLOB_TYPES = (FieldType.TINY_BLOB, FieldType.MEDIUM_BLOB, FieldType.LONG_BLOB, FieldType.BLOB)
_BLOB_NAMES = {
    1: ("tinytext", "tinyblob"),
    2: ("text", "blob"),
    3: ("mediumtext", "mediumblob"),
    4: ("longtext", "longblob"),
}


def unknown_type(column: Column) -> DataProblem:
    """The problem that a column's type or its metadata isn't understood."""
    what = f"column {column.name!r} has binlog type {column.type} with metadata {column.meta}"
    return DataProblem(TYPE_UNKNOWN, what, {"column": column.name, "type": column.type, "metadata": column.meta})


def field_type(column: Column) -> FieldType:
    """The column's type. DataProblem ``type.unknown`` names the column and the number."""
    try:
        return FieldType(column.type)
    except ValueError:
        raise unknown_type(column) from None


def is_binary(column: Column) -> bool:
    """A string or BLOB column of bytes rather than text."""
    return column.collation in (None, BINARY_COLLATION)


def sql_type(column: Column) -> str:
    """The type as ``information_schema.COLUMNS.DATA_TYPE`` spells it. DataProblem ``type.unknown``."""
    kind = field_type(column)
    if kind in _PLAIN_NAMES:
        return _PLAIN_NAMES[kind]
    pair = _BLOB_NAMES.get(column.meta) if kind in _BLOB_TYPES else _TEXT_NAMES.get(kind)
    if pair is None:
        raise unknown_type(column)
    return pair[is_binary(column)]


def fraction_digits(column: Column) -> int:
    """Fractional second digits of a temporal column, 0 to 6 (the old encodings have none). DataProblem outside."""
    if column.type not in (FieldType.TIME2, FieldType.DATETIME2, FieldType.TIMESTAMP2):
        return 0
    if not 0 <= column.meta <= 6:
        raise unknown_type(column)
    return column.meta


def string_length(column: Column) -> int:
    """Maximum length in bytes of a STRING (CHAR, BINARY) column.

    Two bits of the length are folded, inverted, into the type byte (``Field_string::do_save_field_metadata``).
    """
    first, second = column.meta & 0xFF, column.meta >> 8
    return second | ((first & 0x30) ^ 0x30) << 4


def decimal_shape(column: Column) -> tuple[int, int]:
    """Precision 1 to 65 and scale 0 to 30 of a DECIMAL column. DataProblem outside."""
    precision, scale = column.meta & 0xFF, column.meta >> 8
    if not (1 <= precision <= 65 and scale <= min(30, precision)):
        raise unknown_type(column)
    return precision, scale


def bit_width(column: Column) -> int:
    """Bits of a BIT column, 1 to 64: whole bytes, then the bits beyond. DataProblem outside."""
    bits, whole_bytes = column.meta & 0xFF, column.meta >> 8
    if bits > 7 or not 1 <= whole_bytes * 8 + bits <= 64:
        raise unknown_type(column)
    return whole_bytes * 8 + bits
