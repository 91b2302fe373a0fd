"""Conversions between types: those that operators make by themselves (MySQL reference manual, "Type Conversion in
Expression Evaluation"). What CAST does beyond them is in ``casts.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.key_text import time_text
from ingest.rules.bound import EXPLICIT, LITERAL, NUMBER, Bound, Values, kernel, literal, on_distinct
from ingest.rules.collation import encoder_of
from ingest.rules.exact import rounded
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import DOUBLE, INT, NUMERIC, STRINGS, Kind, SqlType, arrow_of

_NUMBER_PREFIX = r"^[ \t\n\v\f\r]*(?P<n>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_UTF8 = frozenset({33, 45, 46, 76, 83, 255, *range(192, 248), *range(255, 324)})
_DOUBLE_WIDTH = 22
_COLUMN_WIDTH = 24
_PLAIN_POINT = 15
_DOUBLE_MAX = "1.7976931348623157e308"
TEXT = SqlType(Kind.TEXT)
BYTES = SqlType(Kind.BYTES)


def to_double(value: Bound) -> Bound:
    """Any number or text as DOUBLE: text gives the number it starts with, or 0. DataProblem for other types."""
    kind = value.type.kind
    if kind is Kind.DOUBLE:
        return value
    if kind is Kind.NULL:
        return literal(None, DOUBLE, value.text)
    if kind in STRINGS:
        if value.type.disguised:
            what = f"{value.text} is {value.type.describe()}, used as a number"
            raise mismatch(what, f"Compare it with its text, or CAST({value.text} AS CHAR).")
        return kernel(DOUBLE, value.text, text_to_double, [value])
    if kind in NUMERIC:
        return kernel(DOUBLE, value.text, _number_to_double, [value])
    raise mismatch(f"{value.text} is {value.type.describe()} used as a number", f"CAST({value.text} AS ...).")


def _number_to_double(values: Values) -> Values:
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.uint8())
    if pa.types.is_decimal(values.type):
        # By way of text: the nearest double, as MySQL takes it.
        return pc.cast(pc.cast(values, pa.string()), pa.float64())
    return pc.cast(values, pa.float64(), safe=False)


def text_to_double(values: Values) -> Values:
    """The number at the start of a text, 0 where there is none."""
    if isinstance(values, pa.Scalar):
        return text_to_double(pa.array([values.as_py()], values.type))[0]
    if pa.types.is_binary(values.type):
        values = on_distinct(values, lambda raw: raw.decode("ascii", "replace"), pa.string())
    found = pc.struct_field(pc.extract_regex(values, _NUMBER_PREFIX), "n")
    filled = pc.if_else(pc.is_valid(values), pc.fill_null(found, "0"), pa.scalar(None, pa.string()))
    doubles = pc.cast(filled, pa.float64())
    if pc.any(pc.is_inf(doubles)).as_py():  # beyond the largest there is
        largest = pc.multiply(pc.sign(doubles), float(_DOUBLE_MAX))
        doubles = pc.if_else(pc.is_inf(doubles), largest, doubles)
    return doubles


def to_whole(value: Bound) -> Bound:
    """A BOOL as INT; other types as they are."""
    if value.type.kind is not Kind.BOOL:
        return value
    return kernel(INT, value.text, lambda values: pc.cast(values, pa.int64()), [value])


def cast_arrow(value: Bound, kind: SqlType) -> Bound:
    """The same value in another type that can hold it exactly."""
    wanted = arrow_of(kind)
    return kernel(kind, value.text, lambda values: pc.cast(values, wanted), [value], value.coercibility)


def to_text(value: Bound) -> Bound:
    """Any value as TEXT, as CONCAT takes it. Binary text stays BYTES. DataProblem for geometry, vector and BIT."""
    kind = value.type.kind
    if kind in STRINGS:
        return value
    if kind is Kind.NULL:
        return literal(None, TEXT, value.text)
    if kind is Kind.OPAQUE or value.type.bits:
        raise mismatch(f"{value.text} is {value.type.describe()} used as text", "Take it as a field of its own.")
    if value.type.disguised:
        what = f"{value.text} chooses between numbers of several types, and is used as text"
        raise mismatch(what, "CAST each of them AS CHAR.")
    coercibility = LITERAL if value.constant is not None else NUMBER
    width = _DOUBLE_WIDTH if value.column is None else _COLUMN_WIDTH
    return kernel(TEXT, value.text, _text_maker(value.type, width), [value], coercibility)


def _text_maker(kind: SqlType, width: int) -> Callable[[Values], Values]:
    """Canonical values of a type to MySQL's text of them."""
    if kind.kind is Kind.BOOL:
        return lambda values: pc.cast(pc.cast(values, pa.int8()), pa.string())
    if kind.kind in (Kind.INT, Kind.UINT, Kind.JSON):
        if kind.year:
            return lambda values: pc.utf8_lpad(pc.cast(values, pa.string()), 4, "0")
        return lambda values: pc.cast(values, pa.string())
    show = _SHOW[kind.kind]

    def run(values: Values) -> Values:
        if pa.types.is_string(values.type):  # a date whose column is text
            return values
        return on_distinct(values, lambda value: show(value, kind, width), pa.string())

    return run


def double_text(value: float, *, single: bool = False, width: int = _DOUBLE_WIDTH) -> str:
    """A DOUBLE (or a FLOAT, six digits) as MySQL prints it: an exponent where plain digits would take more than
    ``width`` characters, or where the point would stand beyond the fifteenth digit without digits after it.

    Source: my_gcvt (dtoa.cc).
    """
    sign, digits, exponent = Decimal(f"{value:.6g}" if single else repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = int(exponent) + len(text)
    minus = "-" if sign else ""
    if text == "0":
        return minus + "0"
    if 0 < point < len(text):
        plain = f"{text[:point]}.{text[point:]}"
    else:
        plain = text.ljust(point, "0") if point > 0 else f"0.{'0' * -point}{text}"
    far = point < 1 - _PLAIN_POINT or (point > _PLAIN_POINT and point >= len(text))
    if not far and len(minus + plain) <= width:
        return minus + plain
    return f"{minus}{text[0]}{'.' + text[1:] if len(text) > 1 else ''}e{point - 1}"


def datetime_text(value: dt.date | dt.datetime, fsp: int) -> str:
    """DATE or DATETIME as MySQL prints it."""
    if not isinstance(value, dt.datetime):
        return value.isoformat()
    fraction = f".{value.microsecond:06d}"[: fsp + 1] if fsp else ""
    return f"{value.date().isoformat()} {value:%H:%M:%S}{fraction}"


def duration_us(value: dt.timedelta) -> int:
    """Microseconds of a TIME."""
    return value // dt.timedelta(microseconds=1)


_SHOW: dict[Kind, Callable[[Any, SqlType, int], str]] = {
    Kind.DECIMAL: lambda value, kind, width: format(rounded(value, kind.scale), "f"),
    Kind.DOUBLE: lambda value, kind, width: double_text(value, single=kind.single, width=width),
    Kind.DATE: lambda value, kind, width: datetime_text(value, 0),
    Kind.DATETIME: lambda value, kind, width: datetime_text(value, kind.fsp),
    Kind.TIME: lambda value, kind, width: time_text(duration_us(value), kind.fsp),
}


def refuse_collated_bytes(values: Sequence[Bound], text: str) -> None:
    """Binary text beside text with a COLLATE, which then decides how the bytes are read."""
    if any(value.coercibility == EXPLICIT and value.type.kind is Kind.TEXT for value in values):
        raise mismatch(f"COLLATE beside binary text: {text}", "CAST the binary text AS CHAR.")


def to_bytes(value: Bound) -> Bound:
    """Any value as BYTES: text in its own character set, everything else as text first."""
    value = to_text(value)
    if value.type.kind is Kind.BYTES:
        return value
    collation = value.type.collation
    if collation is None or collation in _UTF8:
        return kernel(BYTES, value.text, lambda values: pc.cast(values, pa.binary()), [value], value.coercibility)
    encode = encoder_of(collation)
    return kernel(
        BYTES, value.text, lambda values: on_distinct(values, encode, pa.binary()), [value], value.coercibility
    )
