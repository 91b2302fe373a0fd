"""How many bytes each column's value takes in a row image: what the walker needs to cut images without decoding.

A value has a fixed size, or a little-endian length in front of it. Sources: MySQL's calc_field_size in
libs/mysql/binlog/event/binary_log_funcs.cpp and the doc page "Table_map_event". A null value takes no bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.values.column_shape import decimal_shape, fraction_digits, string_length, unknown_type
from ingest.schema import Column

_FIXED = {
    F.TINY: 1,
    F.SHORT: 2,
    F.INT24: 3,
    F.LONG: 4,
    F.LONGLONG: 8,
    F.FLOAT: 4,
    F.DOUBLE: 8,
    F.YEAR: 1,
    F.DATE: 3,
    F.NEWDATE: 3,
    F.TIME: 3,
    F.TIMESTAMP: 4,
    F.DATETIME: 8,
    F.NULL: 0,
}
_FRACTIONAL = {F.TIMESTAMP2: 4, F.DATETIME2: 5, F.TIME2: 3}
_BLOBS = (F.BLOB, F.TINY_BLOB, F.MEDIUM_BLOB, F.LONG_BLOB, F.GEOMETRY, F.JSON, F.VECTOR)

#: Bytes of 0 to 9 decimal digits in a DECIMAL (dig2bytes in strings/decimal.cc).
DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


@dataclass(frozen=True, slots=True)
class StoredSize:
    """``fixed`` bytes, and then, where ``length_bytes`` isn't 0, a length of so many bytes and that much more."""

    fixed: int
    length_bytes: int = 0


def stored_size(column: Column) -> StoredSize:
    """The stored size of a column's value. DataProblem ``type.unknown`` names the column."""
    kind, meta = column.type, column.meta
    if kind in _FIXED:
        return StoredSize(_FIXED[F(kind)])
    if kind in _FRACTIONAL:
        return StoredSize(_FRACTIONAL[F(kind)] + (fraction_digits(column) + 1) // 2)
    if kind in (F.VARCHAR, F.VAR_STRING):
        return StoredSize(0, 1 if meta < 256 else 2)
    if kind == F.STRING:
        return StoredSize(0, 1 if string_length(column) < 256 else 2)
    if kind == F.NEWDECIMAL:
        return StoredSize(decimal_size(column))
    if kind in _BLOBS and 1 <= meta <= 4:
        return StoredSize(0, meta)
    if kind in (F.ENUM, F.SET) and 1 <= meta >> 8 <= 8:
        return StoredSize(meta >> 8)
    if kind == F.BIT:
        return StoredSize((meta >> 8) + (meta & 0xFF != 0))
    raise unknown_type(column)


def decimal_size(column: Column) -> int:
    """The bytes of a DECIMAL(precision, scale): nine digits in four bytes, on each side of the point."""
    precision, scale = decimal_shape(column)
    whole, fraction = precision - scale, scale
    return sum(digits // 9 * 4 + DIGIT_BYTES[digits % 9] for digits in (whole, fraction))
