"""A column to the function that reads its values: the dispatch over all families of types.

``read`` takes the raw bytes of one column, one per row that has a value (NULLs are left out before), each cut as
``row_layout.stored_size`` says, and gives an Arrow array of ``field``'s type with as many rows. The only nulls in it
are dates that no calendar has, under the policy ``null``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from ingest.binlog.arrow_types import ZeroDates, arrow_field
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.row_layout import stored_size
from ingest.binlog.values.binary import read_bytes, read_padded
from ingest.binlog.values.column_shape import (
    bit_width,
    decimal_shape,
    field_type,
    fraction_digits,
    is_binary,
    string_length,
    unknown_type,
)
from ingest.binlog.values.decimals import decimal_reader
from ingest.binlog.values.enum_set import enum_reader, set_reader
from ingest.binlog.values.floats import read_floats
from ingest.binlog.values.integers import read_bits, read_integers, read_mediumints, read_years
from ingest.binlog.values.json_binary import read_json
from ingest.binlog.values.temporal import Dated, dated_reader
from ingest.binlog.values.temporal_old import OldDatetime, OldTimestamp, StoredDate, read_old_times
from ingest.binlog.values.temporal_packed import PackedDatetime, PackedTimestamp, packed_times
from ingest.binlog.values.text import text_reader
from ingest.binlog.values.vector import read_vectors
from ingest.schema import Column

Read = Callable[[Sequence[bytes]], pa.Array]

_INTEGERS = (F.TINY, F.SHORT, F.LONG, F.LONGLONG)
_UNCONDITIONAL: dict[F, Read] = {
    F.YEAR: read_years,
    F.TIME: read_old_times,
    F.JSON: read_json,
    F.GEOMETRY: read_bytes,
    F.VECTOR: read_vectors,
}
_DATED: dict[F, Callable[[], Dated]] = {
    F.DATE: StoredDate,
    F.NEWDATE: StoredDate,
    F.DATETIME: OldDatetime,
    F.TIMESTAMP: OldTimestamp,
}
_DATED_PACKED: dict[F, Callable[[int], Dated]] = {F.DATETIME2: PackedDatetime, F.TIMESTAMP2: PackedTimestamp}
_STRINGS = (F.STRING, F.VARCHAR, F.VAR_STRING, F.TINY_BLOB, F.MEDIUM_BLOB, F.LONG_BLOB, F.BLOB)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How to read one column; ``read`` raises DataProblem for bytes that are no value of the type."""

    field: pa.Field
    read: Read


def column_reader(column: Column, zero_dates: ZeroDates) -> ColumnReader:
    """The reader of a column. DataProblem (``type.unknown``, ``charset.unknown``) when there is none."""
    return ColumnReader(arrow_field(column, zero_dates), _read(column, zero_dates))


def _read(column: Column, zero_dates: ZeroDates) -> Read:
    kind = field_type(column)
    if kind in _UNCONDITIONAL:
        return _UNCONDITIONAL[kind]
    if kind in _DATED:
        return dated_reader(_DATED[kind](), zero_dates)
    if kind in _DATED_PACKED:
        return dated_reader(_DATED_PACKED[kind](fraction_digits(column)), zero_dates)
    if kind == F.TIME2:
        return packed_times(fraction_digits(column))
    if kind in _STRINGS:
        return _string_read(column, kind)
    return _number_read(column, kind, arrow_field(column, zero_dates).type)


def _number_read(column: Column, kind: F, arrow_type: pa.DataType) -> Read:
    if kind in _INTEGERS:
        return partial(read_integers, arrow_type=arrow_type)
    if kind == F.INT24:
        return partial(read_mediumints, arrow_type=arrow_type)
    if kind in (F.FLOAT, F.DOUBLE):
        return partial(read_floats, arrow_type=arrow_type)
    if kind == F.NEWDECIMAL:
        return decimal_reader(*decimal_shape(column))
    if kind == F.BIT:
        return partial(read_bits, width=bit_width(column))
    size = stored_size(column).fixed
    if kind == F.ENUM and size in (1, 2):
        return enum_reader(column.members, size)
    if kind == F.SET:
        return set_reader(column.members)
    raise unknown_type(column)


def _string_read(column: Column, kind: F) -> Read:
    if column.collation is not None and not is_binary(column):
        return text_reader(column.collation)
    return partial(read_padded, length=string_length(column)) if kind == F.STRING else read_bytes
