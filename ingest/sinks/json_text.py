"""Arrow columns to JSON value texts, whole columns at a time: what a document's field becomes.

Decisions (the table is in ``configs/types.md``):

- a DECIMAL is a JSON number with all its digits: ``_source`` keeps the text exactly, while Elasticsearch indexes it
  as the mapping says (``scaled_float``, ``double``: rounded there, not here);
- a FLOAT or DOUBLE always has a point or an exponent, so that dynamic mapping never takes it for an integer;
- TIMESTAMP is ISO 8601 in UTC with ``Z``, DATETIME the same without ``Z`` (MySQL doesn't know its zone);
- binary is base64, SET and VECTOR are arrays, JSON is embedded as it is, GEOMETRY is GeoJSON.

Invariant: every text is one JSON value without a raw newline (it may stand in NDJSON), or None for NULL.
"""

from __future__ import annotations

import binascii
from json.encoder import encode_basestring

import pyarrow as pa
import pyarrow.types as pt

from ingest.binlog.arrow_types import mysql_type
from ingest.binlog.values.float_text import as_json_double
from ingest.binlog.values.geometry import geojson
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


def json_texts(array: pa.Array, field: pa.Field) -> Texts:
    """One JSON text per row, None for NULL. DataProblem names the field: a type without a JSON form, NaN, a GEOMETRY
    that can't be read.
    """
    try:
        return _json_texts(array, field)
    except DataProblem as problem:
        raise problem.with_where(field=field.name) from None


def _json_texts(array: pa.Array, field: pa.Field) -> Texts:
    kind = array.type
    if pt.is_dictionary(kind):
        return _json_texts(array.dictionary_decode(), field)
    if pt.is_string(kind) or pt.is_large_string(kind):
        return list(array.to_pylist()) if mysql_type(field) == "json" else _strings(array)
    if pt.is_integer(kind):
        return integer_texts(array)
    if pt.is_decimal(kind):
        return decimal_texts(array)
    if pt.is_floating(kind):
        return [None if text is None else as_json_double(text) for text in float_texts(array)]
    if pt.is_boolean(kind):
        return [None if value is None else ("true" if value else "false") for value in array.to_pylist()]
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind):
        return _bytes(array, field)
    return _temporal_or_nested(array, field)


def _temporal_or_nested(array: pa.Array, field: pa.Field) -> Texts:
    kind = array.type
    if pt.is_timestamp(kind):
        zone = "" if kind.tz is None else "Z"
        return [None if text is None else f'"{text[:10]}T{text[11:]}{zone}"' for text in datetime_texts(array, field)]
    if pt.is_date(kind):
        return _quoted(date_texts(array))
    if pt.is_duration(kind):
        return _quoted(time_texts(array, field))
    if pt.is_list(kind) or pt.is_large_list(kind):
        return _lists(array)
    if pt.is_struct(kind):
        return _objects(array)
    if pt.is_null(kind):
        return [None] * len(array)
    raise unsupported(field, kind)


def _quoted(texts: Texts) -> Texts:
    return [None if text is None else f'"{text}"' for text in texts]


def _strings(array: pa.Array) -> Texts:
    return [None if text is None else encode_basestring(text) for text in array.to_pylist()]


def _bytes(array: pa.Array, field: pa.Field) -> Texts:
    if mysql_type(field) == "geometry":
        return [None if value is None else geojson(value) for value in array.to_pylist()]
    return [
        None if value is None else f'"{binascii.b2a_base64(value, newline=False).decode("ascii")}"'
        for value in array.to_pylist()
    ]


def _lists(array: pa.Array) -> Texts:
    items = _json_texts(array.values, array.type.value_field)
    rows = by_row(array.offsets.to_pylist(), items, "null", array.is_valid().to_pylist())
    return [None if row is None else "[" + ", ".join(row) + "]" for row in rows]


def _objects(array: pa.Array) -> Texts:
    members = list(array.type)
    names = [encode_basestring(member.name) for member in members]
    columns = [_json_texts(column, member) for column, member in zip(array.flatten(), members, strict=True)]
    rows = zip(*columns, strict=True) if columns else [()] * len(array)
    return [
        "{" + ", ".join(f"{name}: {text or 'null'}" for name, text in zip(names, row, strict=True)) + "}"
        if is_valid
        else None
        for row, is_valid in zip(rows, array.is_valid().to_pylist(), strict=True)
    ]
