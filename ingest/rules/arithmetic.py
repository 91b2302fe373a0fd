"""Arithmetic: + - * / DIV % and unary minus, ABS, ROUND, FLOOR, CEIL (MySQL reference manual, "Arithmetic Operators",
"Precision Math").

    BIGINT op BIGINT       BIGINT, UNSIGNED when one side is; out of range is an error
    with a DECIMAL         DECIMAL: + - keep the larger scale, * adds the scales
    with a DOUBLE or text  DOUBLE
    /                      DECIMAL of the dividend's scale + 4, DOUBLE when one side is; by zero NULL

A DECIMAL quotient is rounded before it is used further, as MySQL 9 does it: 1/3*3 is 0.9999.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.problems import DataProblem
from ingest.rules import exact
from ingest.rules.bound import Bound, Values, kernel, literal, per_row
from ingest.rules.codes import OUT_OF_RANGE
from ingest.rules.conversion import to_double, to_whole
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import (
    ARROW_DIGITS_MAX,
    ARROW_NARROW_MAX,
    DECIMAL_DIGITS_MAX,
    DECIMAL_SCALE_MAX,
    DOUBLE,
    INT,
    STRINGS,
    UINT,
    WHOLE,
    Kind,
    SqlType,
    arrow_of,
    decimal_arrow,
)

_WHOLE_DIGITS = 20
_GROUP = 9
_DIVISION_DIGITS = 4
"""div_precision_increment, MySQL's default."""
_SIGNED = range(-(1 << 63), 1 << 63)
_UNSIGNED = range(1 << 64)


def combine(name: str, left: Bound, right: Bound, text: str) -> Bound:
    """Left op right, by the operator's name. DataProblem (rule.type_mismatch) for what isn't a number here."""
    if Kind.NULL in (left.type.kind, right.type.kind):
        return literal(None, INT, text)
    left, right = number(left), number(right)
    if Kind.DOUBLE in (left.type.kind, right.type.kind) and name != "DIV":
        return _doubles(name, to_double(left), to_double(right), text)
    if name == "/":
        return _quotient(left, right, text)
    if name == "DIV":
        return _whole_quotient(left, right, text)
    if left.type.kind in WHOLE and right.type.kind in WHOLE:
        return _wholes(name, left, right, text)
    return _remainder(left, right, text) if name == "%" else _decimals(name, left, right, text)


def number(value: Bound) -> Bound:
    """A value as a number: BOOL as INT, text as DOUBLE. DataProblem for dates, ENUM, JSON and the like."""
    kind = value.type.kind
    if kind in STRINGS:
        return to_double(value)
    if kind in WHOLE:
        return to_whole(value)
    if kind in (Kind.DECIMAL, Kind.DOUBLE, Kind.NULL):
        return value
    raise mismatch(f"{value.text} is {value.type.describe()} used as a number", f"CAST({value.text} AS ...).")


def guarded(text: str, function: Callable[..., Values]) -> Callable[..., Values]:
    """A kernel whose complaint about a value becomes rule.out_of_range."""

    def run(*values: Values) -> Values:
        try:
            return function(*values)
        except (pa.ArrowInvalid, OverflowError, ArithmeticError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataProblem(OUT_OF_RANGE, f"the value of {text} is out of range ({reason})") from None

    return run


# --- whole numbers ---------------------------------------------------------------------------------------------------

_CHECKED: dict[str, Callable[[Values, Values], Values]] = {
    "+": pc.add_checked,
    "-": pc.subtract_checked,
    "*": pc.multiply_checked,
}


def _wholes(name: str, left: Bound, right: Bound, text: str) -> Bound:
    kind = UINT if Kind.UINT in (left.type.kind, right.type.kind) else INT
    if name == "%":
        return _whole_remainder(left, right, text)
    if kind is INT:
        return kernel(INT, text, guarded(text, _CHECKED[name]), [left, right])
    wide = pa.decimal256(_WHOLE_DIGITS, 0)

    def run(one: Values, other: Values) -> Values:
        return pc.cast(_CHECKED[name](pc.cast(one, wide), pc.cast(other, wide)), pa.uint64())

    return kernel(UINT, text, guarded(text, run), [left, right])


def _whole_remainder(left: Bound, right: Bound, text: str) -> Bound:
    """The sign is the dividend's; by zero NULL."""
    kind = UINT if left.type.kind is Kind.UINT else INT

    def remainder(one: int, other: int) -> int | None:
        return int(math.copysign(1, one)) * (abs(one) % abs(other)) if other else None

    return kernel(kind, text, guarded(text, per_row(kind, remainder)), [left, right])


def _whole_quotient(left: Bound, right: Bound, text: str) -> Bound:
    """DIV: towards zero, a whole number whatever the operands; by zero NULL."""
    kind = UINT if Kind.UINT in (left.type.kind, right.type.kind) else INT
    allowed = _UNSIGNED if kind is UINT else _SIGNED

    def quotient(one: Any, other: Any) -> int | None:
        if not other:
            return None
        if isinstance(one, int) and isinstance(other, int):
            result = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
        else:
            with exact.wide():
                result = int(_as_decimal(one) / _as_decimal(other))
        if result not in allowed or result == _SIGNED.start:  # MySQL refuses the lowest number too
            raise OverflowError(str(result))
        return result

    return kernel(kind, text, guarded(text, per_row(kind, quotient)), [left, right])


def _as_decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


# --- DECIMAL ---------------------------------------------------------------------------------------------------------


def shape(kind: SqlType) -> tuple[int, int]:
    """(precision, scale) of an exact number's type."""
    return (kind.precision, kind.scale) if kind.kind is Kind.DECIMAL else (_WHOLE_DIGITS, 0)


def _decimal(precision: int, scale: int) -> SqlType:
    return SqlType(Kind.DECIMAL, min(precision, DECIMAL_DIGITS_MAX), scale)


def _decimals(name: str, left: Bound, right: Bound, text: str) -> Bound:
    (precision1, scale1), (precision2, scale2) = shape(left.type), shape(right.type)
    if name == "*":
        scale, digits = scale1 + scale2, precision1 + precision2
    else:
        scale = max(scale1, scale2)
        digits = max(precision1 - scale1, precision2 - scale2) + scale + 1
    if scale > DECIMAL_SCALE_MAX:
        raise mismatch(f"{text} has {scale} digits after the point, more than 30", "CAST an operand to fewer.")
    kind = _decimal(digits, scale)
    wanted = arrow_of(kind)
    if digits + 1 > ARROW_DIGITS_MAX:
        return kernel(kind, text, guarded(text, per_row(kind, _exact_operator(name))), [left, right])
    wide = pa.decimal256 if digits + 1 > ARROW_NARROW_MAX else pa.decimal128
    types = [(precision1, scale1), (precision2, scale2)] if name == "*" else [(digits, scale)] * 2

    def run(one: Values, other: Values) -> Values:
        made = _CHECKED[name](pc.cast(one, wide(*types[0])), pc.cast(other, wide(*types[1])))
        return pc.cast(made, wanted)

    return kernel(kind, text, guarded(text, run), [left, right])


def _exact_operator(name: str) -> Callable[[Any, Any], Decimal]:
    """Through Python, for what is wider than Arrow's decimals on the way."""

    def run(one: Any, other: Any) -> Decimal:
        with exact.wide():
            left, right = Decimal(one), Decimal(other)
            return left + right if name == "+" else left - right if name == "-" else left * right

    return run


def _remainder(left: Bound, right: Bound, text: str) -> Bound:
    (precision1, scale1), (precision2, scale2) = shape(left.type), shape(right.type)
    scale = max(scale1, scale2)
    kind = _decimal(max(precision1 - scale1, precision2 - scale2) + scale, scale)

    def remainder(one: Any, other: Any) -> Decimal | None:
        with exact.wide():
            return Decimal(one) % Decimal(other) if other else None

    return kernel(kind, text, guarded(text, per_row(kind, remainder)), [left, right])


def _quotient(left: Bound, right: Bound, text: str) -> Bound:
    """Sources: Item_func_div::result_precision (item_func.cc); do_div_mod (decimal.cc), which cuts the quotient off
    after whole groups of nine digits, before it is rounded to the scale.
    """
    (precision1, scale1), (_, scale2) = shape(left.type), shape(right.type)
    scale = min(scale1 + _DIVISION_DIGITS, DECIMAL_SCALE_MAX)
    kind = _decimal(max(precision1 + _DIVISION_DIGITS, precision1 - scale1 + scale) + scale2, scale)
    groups1, groups2 = -(-scale1 // _GROUP), -(-scale2 // _GROUP)
    more = max(0, _DIVISION_DIGITS - (groups1 * _GROUP - scale1) - (groups2 * _GROUP - scale2))
    cut = _GROUP * (groups1 + groups2 + -(-more // _GROUP))

    def quotient(one: Any, other: Any) -> Decimal | None:
        if not other:
            return None
        with exact.wide():
            return exact.rounded(exact.truncated(Decimal(one) / Decimal(other), cut), scale)

    return kernel(kind, text, guarded(text, per_row(kind, quotient)), [left, right])


# --- DOUBLE ----------------------------------------------------------------------------------------------------------

_DOUBLE_KERNELS: dict[str, Callable[[Values, Values], Values]] = {
    "+": pc.add,
    "-": pc.subtract,
    "*": pc.multiply,
}


def _doubles(name: str, left: Bound, right: Bound, text: str) -> Bound:
    if name == "%":
        return kernel(
            DOUBLE, text, per_row(DOUBLE, lambda one, other: math.fmod(one, other) if other else None), [left, right]
        )

    def run(one: Values, other: Values) -> Values:
        if name == "/":
            zero = pc.equal(other, 0.0)
            other = pc.if_else(zero, pa.scalar(None, pa.float64()), other)
            result = pc.divide(one, other)
        else:
            result = _DOUBLE_KERNELS[name](one, other)
        if pc.any(_listed(pc.invert(pc.is_finite(result)))).as_py():
            raise OverflowError("beyond DOUBLE")
        return result

    return kernel(DOUBLE, text, guarded(text, run), [left, right])


def _listed(values: Values) -> Values:
    return pa.array([values.as_py()], values.type) if isinstance(values, pa.Scalar) else values


# --- one operand -----------------------------------------------------------------------------------------------------


def negative(value: Bound, text: str) -> Bound:
    """-value."""
    if value.type.kind is Kind.NULL:
        return literal(None, INT, text)
    value = number(value)
    if value.type.kind is Kind.UINT:
        wide = pa.decimal128(_WHOLE_DIGITS, 0)
        whole = value.constant.as_py() if value.constant is not None else None
        if whole is not None and whole > 1 << 63:  # of a constant MySQL makes a DECIMAL
            return literal(Decimal(-whole), SqlType(Kind.DECIMAL, _WHOLE_DIGITS, 0), text)
        run = guarded(text, lambda values: pc.cast(pc.negate(pc.cast(values, wide)), pa.int64()))
        return kernel(INT, text, run, [value])
    return kernel(_computed(value.type), text, guarded(text, pc.negate_checked), [value])


def absolute(value: Bound, text: str) -> Bound:
    """ABS(value)."""
    if value.type.kind is Kind.NULL:
        return literal(None, INT, text)
    value = number(value)
    if value.type.kind is Kind.UINT:
        return value
    return kernel(_computed(value.type), text, guarded(text, pc.abs_checked), [value])


def _computed(kind: SqlType) -> SqlType:
    """The type of a number made from one of this type: a FLOAT gives a DOUBLE."""
    return DOUBLE if kind.kind is Kind.DOUBLE else SqlType(kind.kind, kind.precision, kind.scale)


def rounded(value: Bound, digits: Bound | None, text: str) -> Bound:
    """ROUND(value, digits): exact numbers half away from zero, DOUBLE half to even. ``digits`` must be a constant."""
    if value.type.kind is Kind.NULL or (digits is not None and digits.type.kind is Kind.NULL):
        return literal(None, INT, text)
    places = 0
    if digits is not None:
        if digits.constant is None or digits.type.kind not in WHOLE:
            raise mismatch(f"the digits of {text} must be a whole number that is written out")
        places = max(-DECIMAL_DIGITS_MAX, min(int(digits.constant.as_py()), DECIMAL_SCALE_MAX))
    value = number(value)
    if value.type.kind is Kind.DOUBLE:
        return kernel(DOUBLE, text, per_row(DOUBLE, lambda one: _rounded_double(one, places)), [value])
    if value.type.kind in WHOLE:
        if places >= 0:
            return value
        kind = value.type
        return kernel(kind, text, guarded(text, per_row(kind, lambda one: _rounded_whole(one, -places))), [value])
    precision, scale = shape(value.type)
    kept = max(0, min(places, scale))
    kind = _decimal(min(precision - scale + kept + 1, DECIMAL_DIGITS_MAX), kept)
    if places >= 0:
        wanted = arrow_of(kind)
        run = guarded(text, lambda values: _rounded_decimal(values, kept, wanted))
    else:
        run = guarded(text, per_row(kind, lambda one: exact.rounded(exact.rounded(one, places), 0)))
    return kernel(kind, text, run, [value])


def _rounded_decimal(values: Values, places: int, wanted: pa.DataType) -> Values:
    held = values.type
    room = decimal_arrow(min(held.precision + 1, ARROW_DIGITS_MAX), held.scale)
    return pc.cast(pc.round(pc.cast(values, room), places, round_mode="half_towards_infinity"), wanted)


def _rounded_double(value: float, places: int) -> float:
    """Source: my_double_round (item_func.cc)."""
    scale = 10.0 ** abs(places)
    if places >= 0:
        scaled = value * scale
        return value if math.isinf(scaled) else _half_even(scaled) / scale
    return 0.0 if math.isinf(scale) else _half_even(value / scale) * scale


def _half_even(value: float) -> float:
    """C's rint: the sign stays, also that of zero."""
    return math.copysign(float(round(value)), value)


def _rounded_whole(value: int, places: int) -> int:
    unit: int = 10**places
    rest = abs(value) % unit
    size = abs(value) - rest + (unit if rest * 2 >= unit else 0)
    return -size if value < 0 else size


def floor_or_ceil(name: str, value: Bound, text: str) -> Bound:
    """FLOOR(value) and CEIL(value): of a DECIMAL a whole number."""
    if value.type.kind is Kind.NULL:
        return literal(None, INT, text)
    value = number(value)
    function = pc.floor if name == "FLOOR" else pc.ceil
    if value.type.kind is Kind.DOUBLE:
        return kernel(DOUBLE, text, function, [value])
    if value.type.kind in WHOLE:
        return value
    precision, scale = shape(value.type)
    kind = _decimal(min(precision - scale + 1, DECIMAL_DIGITS_MAX), 0) if precision - scale >= 18 else INT
    wanted = arrow_of(kind)

    def run(values: Values) -> Values:
        room = decimal_arrow(min(values.type.precision + 1, ARROW_DIGITS_MAX), values.type.scale)
        return pc.cast(function(pc.cast(values, room)), wanted)

    return kernel(kind, text, guarded(text, run), [value])
