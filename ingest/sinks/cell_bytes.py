"""Arrow columns to HBase cell bytes, whole columns at a time.

Decisions (the table is in ``configs/types.md``):

- a cell is the UTF-8 text that MySQL's SELECT prints (TIMESTAMP in UTC), so that any HBase client can read it and an
  archive can be loaded back with SQL; but a FLOAT keeps all the digits that its value needs (SELECT rounds to six),
  and BIT is a decimal number;
- BINARY, VARBINARY and BLOB are the raw bytes, and so is GEOMETRY as SELECT gives it: SRID, then well-known binary;
- SET is its names joined by commas, VECTOR and other lists and structs are JSON text.

Invariant: None for NULL (an HBase cell that isn't there), never an empty cell for it.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt

from ingest.binlog.arrow_types import mysql_type
from ingest.problems import DataProblem
from ingest.sinks.column_text import (
    Texts,
    by_row,
    date_texts,
    datetime_texts,
    decimal_texts,
    float_texts,
    integer_texts,
    time_texts,
    unsupported,
)
from ingest.sinks.json_text import json_texts

Cells = list[bytes | None]


def cell_texts(array: pa.Array, field: pa.Field) -> Cells:
    """One cell per row, None for NULL. DataProblem names the field: a type without a cell form, NaN."""
    try:
        return _cells(array, field)
    except DataProblem as problem:
        raise problem.with_where(field=field.name) from None


def _cells(array: pa.Array, field: pa.Field) -> Cells:
    kind = array.type
    if pt.is_dictionary(kind):
        return _cells(array.dictionary_decode(), field)
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind):
        return list(array.to_pylist())
    if pt.is_string(kind) or pt.is_large_string(kind):
        return list(array.cast(pa.large_binary()).to_pylist())
    return [None if text is None else text.encode() for text in _texts(array, field)]


def _texts(array: pa.Array, field: pa.Field) -> Texts:
    kind = array.type
    if pt.is_integer(kind):
        return _years(array) if mysql_type(field) == "year" else integer_texts(array)
    if pt.is_decimal(kind):
        return decimal_texts(array)
    if pt.is_floating(kind):
        return float_texts(array)
    if pt.is_boolean(kind):
        return [None if value is None else str(int(value)) for value in array.to_pylist()]
    if pt.is_timestamp(kind):
        return datetime_texts(array, field)
    if pt.is_date(kind):
        return date_texts(array)
    if pt.is_duration(kind):
        return time_texts(array, field)
    if pt.is_null(kind):
        return [None] * len(array)
    return _nested(array, field)


def _nested(array: pa.Array, field: pa.Field) -> Texts:
    kind = array.type
    if mysql_type(field) == "set" and pt.is_list(kind):
        rows = by_row(array.offsets.to_pylist(), array.values.to_pylist(), "", array.is_valid().to_pylist())
        return [None if row is None else ",".join(row) for row in rows]
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_struct(kind):
        return json_texts(array, field)
    raise unsupported(field, kind)


def _years(array: pa.Array) -> Texts:
    return [None if value is None else f"{value:04d}" for value in array.to_pylist()]
