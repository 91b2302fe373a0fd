"""Comparisons: = <> < <= > >= <=>, IN, BETWEEN.

Both sides are first brought into a form in which Arrow's comparison is MySQL's (reference manual, "Type Conversion in
Expression Evaluation"): text through its collation, numbers without loss, anything beside a DOUBLE as DOUBLE, a
literal beside a date as that date. What MySQL compares by a conversion that depends on the row's text, or warns of,
is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules import logic
from ingest.rules.arithmetic import shape
from ingest.rules.bound import EXPLICIT, Bound, Values, kernel, literal, per_row
from ingest.rules.collation import deciding_collation
from ingest.rules.conversion import cast_arrow, refuse_collated_bytes, to_bytes, to_double, to_whole
from ingest.rules.dates import dated_constant, dated_sides, time_constant
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import (
    ARROW_DIGITS_MAX,
    BOOL,
    DATED,
    INT,
    NUMERIC,
    STRINGS,
    UINT,
    WHOLE,
    Kind,
    SqlType,
    decimal_arrow,
)

_KERNELS: dict[str, Callable[[Values, Values], Values]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_PYTHON: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_WHOLE_TEXT = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
_WIDE_WHOLE = SqlType(Kind.DECIMAL, 20, 0)

Sides = Callable[[Values, Values], Sequence[Values]]
"""Two columns to the form in which Arrow compares them."""


def compare(name: str, left: Bound, right: Bound, text: str) -> Bound:
    """One comparison, by its operator. DataProblem where the types can't be compared as MySQL compares them."""
    if name == "<=>":
        return _null_safe_equal(left, right, text)
    if Kind.NULL in (left.type.kind, right.type.kind):
        return literal(None, BOOL, text)
    left, right, sides = _aligned(left, right, text, ordered=name not in ("=", "<>"))
    if sides is None:
        return kernel(BOOL, text, per_row(BOOL, _PYTHON[name]), [left, right])
    bring: Sides = sides
    return kernel(BOOL, text, lambda one, other: _KERNELS[name](*bring(one, other)), [left, right])


def _null_safe_equal(left: Bound, right: Bound, text: str) -> Bound:
    if left.type.kind is Kind.NULL:
        return logic.is_null(right, text)
    if right.type.kind is Kind.NULL:
        return logic.is_null(left, text)
    equal = compare("=", left, right, text)

    def run(same: Values, one: Values, other: Values) -> Values:
        return pc.or_(pc.fill_null(same, False), pc.and_(pc.is_null(one), pc.is_null(other)))

    return kernel(BOOL, text, run, [equal, left, right])


def between(value: Bound, low: Bound, high: Bound, text: str) -> Bound:
    """Low <= value AND value <= high, all three compared in one way."""
    value, low, high = _of_one_kind([value, low, high], text, ordered=True)
    return logic.both(compare(">=", value, low, text), compare("<=", value, high, text), text)


def matching(subject: Bound, choices: Sequence[Bound], text: str) -> list[Bound]:
    """The conditions of CASE subject WHEN choice ..., all compared in one way."""
    _refuse_confused(subject, choices, text)
    first, *rest = _of_one_kind([subject, *choices], text, ordered=False)
    return [compare("=", first, choice, text) for choice in rest]


def within(value: Bound, items: Sequence[Bound], text: str) -> Bound:
    """Value IN (items): NULL when nothing equals it and something is NULL."""
    texts = [one for one in items if one.type.kind is Kind.TEXT]
    if value.type.kind is Kind.NULL and texts:
        deciding_collation(texts, text)
    if value.type.kind is Kind.TEXT and texts:
        value, *texts = _of_one_kind([value, *texts], text, ordered=False)
        items = [*texts, *(one for one in items if one.type.kind is not Kind.TEXT)]
    _refuse_confused(value, items, text)
    fast = _within_set(value, items, text)
    if fast is not None:
        return fast
    return logic.any_of([compare("=", value, item, text) for item in items], text)


def _refuse_confused(value: Bound, items: Sequence[Bound], text: str) -> None:
    """Lists in which MySQL confuses signed with unsigned numbers, or compares dates as text."""
    wholes = [one for one in (value, *items) if one.type.kind in WHOLE and not _small(one)]
    if len({one.type.kind is Kind.UINT for one in wholes}) > 1:
        raise mismatch(f"signed and unsigned numbers in one list: {text}", "CAST them to DECIMAL(20,0), or use =.")
    temporal = DATED | {Kind.TIME}
    if value.type.kind not in temporal and any(item.type.kind in temporal for item in items):
        raise mismatch(f"dates in a list of other kinds: {text}", "CAST the value to a date, or use =.")


def _small(value: Bound) -> bool:
    """A constant that is the same signed and unsigned."""
    number = value.constant.as_py() if value.constant is not None else None
    return isinstance(number, int) and 0 <= number < 1 << 63


def _of_one_kind(values: Sequence[Bound], text: str, ordered: bool) -> list[Bound]:
    """Operands that MySQL compares as one kind: texts under one collation, numbers with a text among them as DOUBLE.
    DataProblem where a kind would depend on what stands beside it.
    """
    _refuse_short_years(values, text)
    present = [value for value in values if value.type.kind is not Kind.NULL]
    kinds = {value.type.kind for value in present}
    if kinds <= {Kind.TEXT}:
        if len(present) < 2:
            return list(values)
        collation = deciding_collation(present, text, ordered=ordered).number
        return [value if value.type.kind is Kind.NULL else _collated(value, collation) for value in values]
    if kinds <= STRINGS:
        return [value if value.type.kind is Kind.NULL else to_bytes(value) for value in values]
    if kinds <= NUMERIC:
        return [to_double(value) if Kind.DOUBLE in kinds else value for value in values]
    if kinds <= NUMERIC | STRINGS:
        first, *others = values
        if first.column is not None and first.type.kind in WHOLE and all(_is_whole(one) for one in others):
            return list(values)
        return [to_double(value) for value in values]
    temporal = kinds - {Kind.TEXT}
    alike = temporal <= DATED or temporal == {Kind.TIME}
    if alike and values[0].type.kind in temporal and all(_beside_date(one, temporal) for one in values):
        return list(values)
    raise mismatch(f"values of several kinds are compared: {text}", "CAST them to one type.")


def _beside_date(value: Bound, temporal: set[Kind]) -> bool:
    return value.type.kind in temporal or value.type.kind is Kind.NULL or value.constant is not None


def _collated(value: Bound, collation: int) -> Bound:
    kind = SqlType(Kind.TEXT, collation=collation, disguised=value.type.disguised)
    return Bound(kind, value.run, value.text, EXPLICIT, value.column, value.constant)


def _is_whole(value: Bound) -> bool:
    constant = value.constant.as_py() if value.constant is not None else None
    if value.type.kind is Kind.TEXT:
        return isinstance(constant, str) and _WHOLE_TEXT.fullmatch(constant) is not None
    return value.type.kind in WHOLE or value.type.kind is Kind.NULL


def _within_set(value: Bound, items: Sequence[Bound], text: str) -> Bound | None:
    """One look-up in a list of constants of the value's own kind, or None."""
    constants = [item.constant for item in items if item.constant is not None and item.constant.is_valid]
    kinds = {item.type.kind for item in items if item.type.kind is not Kind.NULL}
    if len(constants) < 2 or len(constants) + sum(item.type.kind is Kind.NULL for item in items) < len(items):
        return None
    members = [constant.as_py() for constant in constants]
    fold: Callable[[Values, Values], Sequence[Values]]
    if value.type.kind is Kind.TEXT and kinds == {Kind.TEXT}:
        collation = deciding_collation([value, *items], text)
        listed = pa.array(members, pa.string())

        def fold(values: Values, listed: Values) -> Sequence[Values]:
            return collation.fold([values, listed], ordered=False)
    elif value.type.kind is Kind.INT and kinds <= {Kind.INT, Kind.BOOL}:
        listed = pa.array([int(member) for member in members], pa.int64())

        def fold(values: Values, listed: Values) -> Sequence[Values]:
            return values, listed
    else:
        return None
    null_listed = len(constants) < len(items)

    def run(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            return run(pa.array([values.as_py()], values.type))[0]
        folded, set_ = fold(values, listed)
        found = pc.is_in(folded, value_set=set_)
        known = pc.and_(pc.is_valid(values), found) if null_listed else pc.is_valid(values)
        return pc.if_else(known, found, pa.scalar(None, pa.bool_()))

    return kernel(BOOL, text, run, [value])


def _aligned(left: Bound, right: Bound, text: str, ordered: bool) -> tuple[Bound, Bound, Sides | None]:
    """Both sides, and how their values are brought into one form (None: compare as Python values)."""
    kinds = {left.type.kind, right.type.kind}
    if kinds == {Kind.TEXT}:
        collation = deciding_collation([left, right], text, ordered=ordered)
        return left, right, lambda one, other: collation.fold([one, other], ordered)
    if kinds <= STRINGS:
        refuse_collated_bytes([left, right], text)
        return to_bytes(left), to_bytes(right), _as_they_are
    if kinds <= NUMERIC:
        return _aligned_numbers(to_whole(left), to_whole(right), text)
    if kinds <= NUMERIC | STRINGS:
        return _aligned_number_and_text(left, right, text)
    if kinds & DATED or Kind.TIME in kinds:
        return _aligned_temporal(left, right, text)
    raise _incomparable(left, right, text)


def _as_they_are(one: Values, other: Values) -> Sequence[Values]:
    return one, other


def _incomparable(left: Bound, right: Bound, text: str) -> Exception:
    return mismatch(
        f"{left.type.describe()} and {right.type.describe()} can't be compared: {text}",
        "CAST one side to the other's type.",
    )


def _aligned_numbers(left: Bound, right: Bound, text: str) -> tuple[Bound, Bound, Sides | None]:
    _refuse_short_years([left, right], text)
    kinds = {left.type.kind, right.type.kind}
    if Kind.DOUBLE in kinds:
        return to_double(left), to_double(right), _as_they_are
    if Kind.DECIMAL in kinds:
        return left, right, _decimal_sides(left.type, right.type)
    if len(kinds) == 1:
        return left, right, _as_they_are
    left, right = _fitting(left), _fitting(right)
    if left.type.kind is right.type.kind:
        return left, right, _as_they_are
    return cast_arrow(left, _WIDE_WHOLE), cast_arrow(right, _WIDE_WHOLE), _as_they_are


def _refuse_short_years(values: Sequence[Bound], text: str) -> None:
    """MySQL takes a constant below 100 beside a YEAR column for a year of two digits."""
    if not any(value.type.year for value in values):
        return
    constants = [value.constant.as_py() for value in values if value.constant is not None]
    if any(isinstance(one, int | float | Decimal) and 0 <= one < 100 for one in constants):
        raise mismatch(f"a YEAR beside a number of two digits: {text}", "Write the year with four digits.")


def _fitting(value: Bound) -> Bound:
    """A constant that isn't negative may as well be unsigned."""
    constant = value.constant
    if value.type.kind is Kind.INT and constant is not None and constant.is_valid and constant.as_py() >= 0:
        return cast_arrow(value, UINT)
    return value


def _decimal_sides(left: SqlType, right: SqlType) -> Sides | None:
    (precision1, scale1), (precision2, scale2) = shape(left), shape(right)
    scale = max(scale1, scale2)
    digits = max(precision1 - scale1, precision2 - scale2) + scale
    if digits > ARROW_DIGITS_MAX:
        return None
    wide = decimal_arrow(digits, scale)
    return lambda one, other: (pc.cast(one, wide), pc.cast(other, wide))


def _aligned_number_and_text(left: Bound, right: Bound, text: str) -> tuple[Bound, Bound, Sides | None]:
    """As DOUBLE; but a literal beside a column of whole numbers becomes a whole number first, if it is one."""
    for one, other, turned in ((left, right, False), (right, left, True)):
        value = other.constant.as_py() if other.constant is not None else None
        if one.column is None or one.type.kind not in WHOLE or not isinstance(value, str):
            continue
        if _WHOLE_TEXT.fullmatch(value) and abs(int(value)) < 1 << 63:
            whole = literal(int(value), INT, other.text)
            return _aligned_numbers(whole, one, text) if turned else _aligned_numbers(one, whole, text)
    return to_double(left), to_double(right), _as_they_are


def _aligned_temporal(left: Bound, right: Bound, text: str) -> tuple[Bound, Bound, Sides | None]:
    """Dates with dates and datetimes, times with times, and either with a literal that is one."""
    left, right = _read_literal(left, right, text), _read_literal(right, left, text)
    kinds = {left.type.kind, right.type.kind}
    if kinds <= DATED:
        return left, right, dated_sides
    if kinds == {Kind.TIME}:
        return left, right, _as_they_are
    raise _incomparable(left, right, text)


def _read_literal(value: Bound, beside: Bound, text: str) -> Bound:
    if value.type.kind is not Kind.TEXT or value.constant is None:
        return value
    return time_constant(value, text) if beside.type.kind is Kind.TIME else dated_constant(value, text)
