"""Selected values to the row images that the binlog would hold of the same rows.

So a snapshot's row goes where a change of it would go and is decoded by the same code, natively where that was built; and
what is made of it (a dead letter, a trace) needs no second form. Columns are selected by expressions that lose nothing
(``image_expression``): texts as the bytes of their own character set, ENUM and SET by number. The session's time zone
must be UTC.

Invariant: an image decodes to the value that SELECT showed; DataProblem names the column for anything else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.row_layout import stored_size
from ingest.binlog.values.column_shape import decimal_shape, fraction_digits, is_binary, string_length, unknown_type
from ingest.problems import DataProblem, declare
from ingest.schema import Column, TableSchema
from ingest.snapshot.binary_json import binary_json
from ingest.snapshot.chunks import APPROXIMATE, Texts, quoted
from ingest.snapshot.packed_values import date_bytes, datetime_bytes, decimal_bytes, time_bytes, timestamp_bytes

VALUE_ODD = declare(
    "snapshot.value_odd",
    "SELECT gave a value of a table that can't be brought into the form of the binlog.",
    "Report it with the column's type and the server's version.",
)

_INTEGERS = {F.TINY: 1, F.SHORT: 2, F.INT24: 3, F.LONG: 4, F.LONGLONG: 8}
_STRINGS = (F.VARCHAR, F.VAR_STRING, F.STRING, F.TINY_BLOB, F.BLOB, F.MEDIUM_BLOB, F.LONG_BLOB)

Pack = Callable[[bytes], bytes]
"""A value as SELECT gave it, to its stored bytes."""


def image_expression(column: Column) -> str:
    """What to SELECT for a column of an image."""
    name = quoted(column.name)
    if column.type in APPROXIMATE:
        return f"{name} * 1e0"
    if column.type in (F.ENUM, F.SET):
        return f"CAST({name} AS UNSIGNED)"
    if column.type == F.VECTOR:
        return f"HEX({name})"
    if column.type in _STRINGS and not is_binary(column):
        return f"CAST({name} AS BINARY)"
    return name


class RowImages:
    """Makes images of one table, all columns present. DataProblem for a type that isn't known."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._packs = [_pack(column) for column in schema.columns]
        self.present = present_bitmap(schema)

    def of(self, texts: Sequence[Texts]) -> list[bytes]:
        """An image per row, of values column by column."""
        columns = [
            self._stored(column, pack, values)
            for column, pack, values in zip(self._schema.columns, self._packs, texts, strict=True)
        ]
        return [row_image(values) for values in zip(*columns, strict=True)]

    def _stored(self, column: Column, pack: Pack, values: Texts) -> list[bytes | None]:
        try:
            return [None if value is None else pack(value) for value in values]
        except (ValueError, ArithmeticError, struct.error) as error:
            where = {"table": self._schema.name, "column": column.name}
            raise DataProblem(VALUE_ODD, f"column {column.name!r}: {error}", where) from error


def present_bitmap(schema: TableSchema) -> bytes:
    """All columns."""
    return ((1 << len(schema.columns)) - 1).to_bytes((len(schema.columns) + 7) // 8, "little")


def row_image(values: Sequence[bytes | None]) -> bytes:
    """Stored values (None: NULL) to an image: which are NULL, lowest bit first, then those that aren't."""
    nulls = sum((value is None) << place for place, value in enumerate(values))
    head = nulls.to_bytes((len(values) + 7) // 8, "little")
    return head + b"".join([value for value in values if value is not None])


def with_length(data: bytes, size: int) -> bytes:
    """A variable value behind its length of so many bytes. ValueError (OverflowError is one) when it is too long."""
    try:
        return len(data).to_bytes(size, "little") + data
    except OverflowError:
        raise ValueError(f"{len(data)} bytes are too many for the column") from None


def _pack(column: Column) -> Pack:
    kind, size = column.type, stored_size(column)
    if kind in _INTEGERS or kind in (F.ENUM, F.SET):
        return partial(_integer, size=size.fixed, signed=kind in _INTEGERS and not column.unsigned)
    if kind in APPROXIMATE:
        layout = struct.Struct("<f" if kind == F.FLOAT else "<d")
        return lambda value: layout.pack(float(value))
    if kind == F.NEWDECIMAL:
        precision, scale = decimal_shape(column)
        return lambda value: decimal_bytes(value.decode(), precision, scale)
    if kind == F.BIT:
        return lambda value: int.from_bytes(value, "big").to_bytes(size.fixed, "big")
    if kind == F.YEAR:
        return lambda value: bytes([int(value) - 1900 if int(value) else 0])
    if size.length_bytes:
        return partial(_variable, prepare=_prepare(column), size=size.length_bytes)
    return _temporal(column)


def _integer(value: bytes, size: int, *, signed: bool) -> bytes:
    return int(value).to_bytes(size, "little", signed=signed)


def _variable(value: bytes, prepare: Pack, size: int) -> bytes:
    return with_length(prepare(value), size)


def _prepare(column: Column) -> Pack:
    """What a variable value is before its length goes in front."""
    if column.type == F.JSON:
        return lambda value: binary_json(value.decode())
    if column.type == F.VECTOR:
        return lambda value: bytes.fromhex(value.decode())
    if column.type == F.STRING and is_binary(column):
        width = string_length(column)
        return lambda value: value.ljust(width, b"\0").rstrip(b"\0")  # as the binlog has it
    return bytes


def _temporal(column: Column) -> Pack:
    digits = fraction_digits(column)
    if column.type in (F.DATE, F.NEWDATE):
        return lambda value: date_bytes(value.decode())
    if column.type == F.DATETIME2:
        return lambda value: datetime_bytes(value.decode(), digits)
    if column.type == F.TIMESTAMP2:
        return lambda value: timestamp_bytes(value.decode(), digits)
    if column.type == F.TIME2:
        return lambda value: time_bytes(value.decode(), digits)
    raise unknown_type(column)
