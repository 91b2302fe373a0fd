"""Conversions between the types that numbers, text and dates are computed in (MySQL reference manual, "Type Conversion
in Expression Evaluation").
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules.bound import Bound, Values, kernel, literal
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import DOUBLE, INT, NUMERIC, STRINGS, Kind, SqlType, arrow_of

_NUMBER_PREFIX = r"^[ \t\n\v\f\r]*(?P<n>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"


def to_double(value: Bound) -> Bound:
    """Any number or text as DOUBLE: text gives the number it starts with, or 0. DataProblem for other types."""
    kind = value.type.kind
    if kind is Kind.DOUBLE:
        return value
    if kind is Kind.NULL:
        return literal(None, DOUBLE, value.text)
    if value.type.members:
        raise mismatch(
            f"{value.text} is an ENUM or SET used as a number",
            f"Compare it with its text, or CAST({value.text} AS CHAR).",
        )
    if kind in STRINGS:
        return kernel(DOUBLE, value.text, text_to_double, [value])
    if kind in NUMERIC:
        return kernel(DOUBLE, value.text, _number_to_double, [value])
    raise mismatch(
        f"{value.text} is {value.type.describe()} used as a number", f"CAST({value.text} AS ...) to a number."
    )


def _number_to_double(values: Values) -> Values:
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    if pa.types.is_decimal(values.type):
        # By way of text: the nearest double, as MySQL takes it.
        return values.cast(pa.string()).cast(pa.float64())
    return pc.cast(values, pa.float64(), safe=False)


def text_to_double(values: Values) -> Values:
    """The number at the start of a text, 0 where there is none."""
    if isinstance(values, pa.Scalar):
        return text_to_double(pa.array([values.as_py()], values.type))[0]
    if pa.types.is_binary(values.type):
        values = pc.cast(values, pa.string(), safe=False)
    found = pc.struct_field(pc.extract_regex(values, _NUMBER_PREFIX), "n")
    filled = pc.if_else(pc.is_valid(values), pc.fill_null(found, "0"), pa.scalar(None, pa.string()))
    return pc.cast(filled, pa.float64())


def to_whole(value: Bound) -> Bound:
    """A BOOL as INT; other types as they are."""
    if value.type.kind is not Kind.BOOL:
        return value
    return kernel(INT, value.text, lambda values: pc.cast(values, pa.int64()), [value])


def typed_null(kind: SqlType, text: str) -> Bound:
    """NULL of a type."""
    return literal(None, kind, text)


def cast_arrow(value: Bound, kind: SqlType) -> Bound:
    """The same value in another type that can hold it exactly."""
    wanted = arrow_of(kind)
    return kernel(kind, value.text, lambda values: pc.cast(values, wanted), [value], value.coercibility)
