"""MySQL column to Arrow field: the one place that says what each MySQL type becomes in a record batch.

A field carries its MySQL type in its metadata, so that sinks render values as MySQL would (``configs/types.md`` is the
table, and a test compares it with this module): ``mysql.type`` the type's name, ``mysql.fsp`` the digits of a
second's fraction, ``mysql.collation`` the collation's id of a text. A derived column (an expression) has no such
metadata and is rendered by its Arrow type.

Invariant: every field is nullable, since a row without the image (the "before" of an INSERT) is all null.
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.values.column_shape import decimal_shape, field_type, fraction_digits, is_binary, sql_type
from ingest.schema import Column

ZeroDates = Literal["null", "text", "stop"]
"""What becomes of zero and partial dates (0000-00-00, 2024-00-10): a counted null, MySQL's text for the whole
column, or a stop."""

DATE = pa.date32()
DATETIME = pa.timestamp("us")
TIMESTAMP = pa.timestamp("us", "UTC")
TIME = pa.duration("us")

TYPE_KEY = b"mysql.type"
FSP_KEY = b"mysql.fsp"
COLLATION_KEY = b"mysql.collation"

_INTEGERS = {
    F.TINY: (pa.int8(), pa.uint8()),
    F.SHORT: (pa.int16(), pa.uint16()),
    F.INT24: (pa.int32(), pa.uint32()),
    F.LONG: (pa.int32(), pa.uint32()),
    F.LONGLONG: (pa.int64(), pa.uint64()),
}
_DATED = {
    F.DATE: DATE,
    F.NEWDATE: DATE,
    F.DATETIME: DATETIME,
    F.DATETIME2: DATETIME,
    F.TIMESTAMP: TIMESTAMP,
    F.TIMESTAMP2: TIMESTAMP,
}
_OTHERS = {
    F.FLOAT: pa.float32(),
    F.DOUBLE: pa.float64(),
    F.BIT: pa.uint64(),
    F.YEAR: pa.uint16(),
    F.TIME: TIME,
    F.TIME2: TIME,
    F.ENUM: pa.string(),
    F.SET: pa.list_(pa.string()),
    F.JSON: pa.string(),
    F.GEOMETRY: pa.binary(),
    F.VECTOR: pa.list_(pa.float32()),
}


def arrow_type(column: Column, zero_dates: ZeroDates) -> pa.DataType:
    """The Arrow type of a column's values. DataProblem ``type.unknown`` names the column."""
    kind = field_type(column)
    if kind in _INTEGERS:
        return _INTEGERS[kind][column.unsigned]
    if kind in _DATED:
        return pa.string() if zero_dates == "text" else _DATED[kind]
    if kind in _OTHERS:
        return _OTHERS[kind]
    if kind == F.NEWDECIMAL:
        precision, scale = decimal_shape(column)
        return pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)
    return pa.binary() if is_binary(column) else pa.string()


def arrow_field(column: Column, zero_dates: ZeroDates) -> pa.Field:
    """The Arrow field of a column, its MySQL type in the metadata. DataProblem ``type.unknown`` names the column."""
    name = sql_type(column)
    metadata = {TYPE_KEY: name.encode()}
    if name in ("time", "datetime", "timestamp"):
        metadata[FSP_KEY] = str(fraction_digits(column)).encode()
    if column.collation is not None:
        metadata[COLLATION_KEY] = str(column.collation).encode()
    return pa.field(column.name, arrow_type(column, zero_dates), nullable=True, metadata=metadata)


def mysql_type(field: pa.Field) -> str:
    """The MySQL type's name that a field carries, or "" when it carries none."""
    name: bytes = (field.metadata or {}).get(TYPE_KEY, b"")
    return name.decode()


def fraction_digits_of(field: pa.Field) -> int | None:
    """The digits of a second's fraction that a field carries, 0 to 6, or None."""
    digits = (field.metadata or {}).get(FSP_KEY)
    return None if digits is None else int(digits)


def collation_of(field: pa.Field) -> int | None:
    """The collation id that a field carries, or None."""
    collation = (field.metadata or {}).get(COLLATION_KEY)
    return None if collation is None else int(collation)
