"""How the native core renders a key column: the forms it knows, of ``ingest.binlog.key_text``'s rules.

A column that has none (a FLOAT, a charset other than UTF-8, the temporal types of before 5.6.4) is left to Python: its
table's rows come out as events.
"""

from __future__ import annotations

from ingest.binlog.charsets import codec_of
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.row_layout import stored_size
from ingest.binlog.values.column_shape import decimal_shape, fraction_digits, is_binary, string_length
from ingest.schema import Column

KeyForm = tuple[object, ...]
"""The rendering's name, its numbers, and an ENUM's or SET's names."""

_INTEGERS = {F.TINY: 1, F.SHORT: 2, F.INT24: 3, F.LONG: 4, F.LONGLONG: 8}
_STRINGS = (F.VARCHAR, F.VAR_STRING, F.STRING, F.BLOB, F.TINY_BLOB, F.MEDIUM_BLOB, F.LONG_BLOB)
_CODECS = {"utf_8": "utf8", "ascii": "ascii"}
_TEMPORAL = {F.DATETIME2: "datetime", F.TIMESTAMP2: "timestamp", F.TIME2: "time"}


def key_form(column: Column) -> KeyForm | None:
    """The form of a column's stored value, or None when Python must render it. DataProblem for an unknown type."""
    kind = F(column.type) if column.type in list(F) else None
    if kind in _INTEGERS:
        return ("unsigned" if column.unsigned else "signed", _INTEGERS[kind])
    if kind in _STRINGS:
        return _string(column)
    if kind in _TEMPORAL:
        return (_TEMPORAL[kind], fraction_digits(column))
    if kind == F.NEWDECIMAL:
        return ("decimal", *decimal_shape(column))
    if kind in (F.DATE, F.NEWDATE):
        return ("date",)
    if kind == F.YEAR:
        return ("year",)
    size = stored_size(column).fixed
    if kind == F.BIT:
        return ("bit", size)
    if kind == F.ENUM:
        return ("enum", size, list(column.members))
    if kind == F.SET:
        return ("set", size, list(column.members))
    return None


def _string(column: Column) -> KeyForm | None:
    length_bytes = stored_size(column).length_bytes
    if is_binary(column):
        return ("hex", length_bytes, string_length(column) if column.type == F.STRING else 0)
    assert column.collation is not None
    form = _CODECS.get(codec_of(column.collation))
    return None if form is None else (form, length_bytes)
