"""Comparisons: = <> < <= > >= <=>, IN, BETWEEN.

Both sides are first brought into one form in which Arrow's comparison is MySQL's: text through its collation's fold,
whole numbers without loss, anything beside a DOUBLE as DOUBLE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules import logic
from ingest.rules.bound import Bound, Values, kernel, literal
from ingest.rules.collation import fold_for
from ingest.rules.conversion import cast_arrow, to_double, to_whole
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import (
    BOOL,
    DATED,
    NUMERIC,
    STRINGS,
    UINT,
    Kind,
    SqlType,
)

_KERNELS: dict[str, Callable[[Values, Values], Values]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_WIDE_WHOLE = SqlType(Kind.DECIMAL, 20, 0)


def compare(name: str, left: Bound, right: Bound, text: str) -> Bound:
    """One comparison, by its operator. DataProblem where the types can't be compared as MySQL compares them."""
    if name == "<=>":
        return _null_safe_equal(left, right, text)
    if Kind.NULL in (left.type.kind, right.type.kind):
        return literal(None, BOOL, text)
    return kernel(BOOL, text, _KERNELS[name], aligned(left, right, text))


def _null_safe_equal(left: Bound, right: Bound, text: str) -> Bound:
    if left.type.kind is Kind.NULL:
        return logic.is_null(right, text)
    if right.type.kind is Kind.NULL:
        return logic.is_null(left, text)

    def run(one: Values, other: Values) -> Values:
        equal = pc.fill_null(pc.equal(one, other), False)
        return pc.or_(equal, pc.and_(pc.is_null(one), pc.is_null(other)))

    return kernel(BOOL, text, run, aligned(left, right, text))


def between(value: Bound, low: Bound, high: Bound, text: str) -> Bound:
    """Low <= value AND value <= high."""
    return logic.both(compare(">=", value, low, text), compare("<=", value, high, text), text)


def within(value: Bound, items: Sequence[Bound], text: str) -> Bound:
    """Value IN (items): NULL when nothing equals it and something is NULL."""
    fast = _within_set(value, items, text)
    if fast is not None:
        return fast
    return logic.any_of([compare("=", value, item, text) for item in items], text)


def _within_set(value: Bound, items: Sequence[Bound], text: str) -> Bound | None:
    """One look-up for a list of constants of one form, or None."""
    present = [item for item in items if item.type.kind is not Kind.NULL]
    if len(present) < 2 or any(item.constant is None for item in present) or value.type.kind is Kind.NULL:
        return None
    pairs = [aligned(value, item, text) for item in present]
    if len({pair[0].type for pair in pairs}) > 1 or len({pair[1].type for pair in pairs}) > 1:
        return None
    if pairs[0][0].type.kind is Kind.DECIMAL:
        return None
    scalars = [pair[1].constant for pair in pairs if pair[1].constant is not None]
    members = pa.array([scalar.as_py() for scalar in scalars], scalars[0].type)
    null_listed = len(present) < len(items)

    def run(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            values = pa.array([values.as_py()], values.type)
        found = pc.is_in(values, value_set=members)
        known = pc.and_(pc.is_valid(values), found) if null_listed else pc.is_valid(values)
        return pc.if_else(known, found, pa.scalar(None, pa.bool_()))

    return kernel(BOOL, text, run, [pairs[0][0]])


def aligned(left: Bound, right: Bound, text: str) -> tuple[Bound, Bound]:
    """Both sides in one comparable form. DataProblem (rule.type_mismatch, rule.unsupported_collation)."""
    kinds = {left.type.kind, right.type.kind}
    if kinds <= STRINGS:
        return _aligned_text(left, right, text)
    if kinds <= NUMERIC:
        return _aligned_numbers(to_whole(left), to_whole(right))
    if kinds <= NUMERIC | STRINGS:
        return to_double(left), to_double(right)
    if kinds <= DATED and len(kinds) == 1:
        return left, right
    raise mismatch(
        f"{left.type.describe()} and {right.type.describe()} can't be compared: {text}",
        "CAST one side to the other's type.",
    )


def _aligned_text(left: Bound, right: Bound, text: str) -> tuple[Bound, Bound]:
    strongest = min(left, right, key=lambda one: one.coercibility)
    fold = fold_for(strongest.type.collation)
    kind = SqlType(Kind.TEXT, collation=strongest.type.collation)
    return kernel(kind, left.text, fold, [left]), kernel(kind, right.text, fold, [right])


def _aligned_numbers(left: Bound, right: Bound) -> tuple[Bound, Bound]:
    kinds = {left.type.kind, right.type.kind}
    if Kind.DOUBLE in kinds:
        return to_double(left), to_double(right)
    if len(kinds) == 1 or Kind.DECIMAL in kinds:
        return left, right
    left, right = _fitting(left), _fitting(right)
    if left.type.kind is right.type.kind:
        return left, right
    return cast_arrow(left, _WIDE_WHOLE), cast_arrow(right, _WIDE_WHOLE)


def _fitting(value: Bound) -> Bound:
    """A constant that isn't negative may as well be unsigned."""
    constant = value.constant
    if value.type.kind is Kind.INT and constant is not None and constant.is_valid and constant.as_py() >= 0:
        return cast_arrow(value, UINT)
    return value
