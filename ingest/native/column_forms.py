"""Which columns the native core reads itself, and by which of its forms: the counterpart of ``values/reader.py``.

A form is a tuple that begins with its name (``src/columns/builder.rs`` says what each reads). ``RAW`` is the way out: the
core cuts the values and the pure reader reads them. Invariant: a form gives what the column's pure reader gives, or says
that it can't.
"""

from __future__ import annotations

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.charsets import charset_of, is_ascii_compatible
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.row_layout import stored_size
from ingest.binlog.values.column_shape import bit_width, decimal_shape, field_type, is_binary, string_length
from ingest.schema import Column

Form = tuple[object, ...]

RAW: Form = ("raw",)

_FIXED: dict[F, Form] = {
    F.TINY: ("fixed", 1),
    F.SHORT: ("fixed", 2),
    F.LONG: ("fixed", 4),
    F.LONGLONG: ("fixed", 8),
    F.FLOAT: ("float", 4),
    F.DOUBLE: ("float", 8),
    F.YEAR: ("year",),
    F.TIME2: ("time",),
    F.JSON: ("json",),
}
_DATED: dict[F, Form] = {
    F.DATE: ("date",),
    F.NEWDATE: ("date",),
    F.DATETIME2: ("datetime",),
    F.TIMESTAMP2: ("timestamp",),
}
_STRINGS = (F.STRING, F.VARCHAR, F.VAR_STRING, F.TINY_BLOB, F.MEDIUM_BLOB, F.LONG_BLOB, F.BLOB)


def form_of(column: Column, zero_dates: ZeroDates) -> Form:
    """The form that reads a column. DataProblem ``type.unknown``, ``charset.unknown``."""
    kind = field_type(column)
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _DATED:
        return RAW if zero_dates == "text" else _DATED[kind]
    if kind == F.INT24:
        return ("mediumint", not column.unsigned)
    if kind == F.BIT:
        return ("bit", bit_width(column))
    if kind == F.NEWDECIMAL:
        return ("decimal", *decimal_shape(column))
    if kind == F.ENUM and stored_size(column).fixed in (1, 2):
        return ("enum", ["", *column.members])
    return _string_form(column, kind) if kind in _STRINGS else RAW


def _string_form(column: Column, kind: F) -> Form:
    if column.collation is None or is_binary(column):
        return ("bytes", string_length(column) if kind == F.STRING else 0)
    charset = charset_of(column.collation)
    if charset in ("utf8mb3", "utf8mb4"):
        return ("text",)
    return ("ascii",) if is_ascii_compatible(charset) else RAW
