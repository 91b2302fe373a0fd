"""Three-valued logic on columns: AND, OR, XOR, NOT, IS NULL, IS TRUE, IS FALSE, and the truth of any value.

MySQL: NULL AND FALSE is FALSE, NULL OR TRUE is TRUE (Kleene's logic), NULL XOR anything is NULL. A number is true
unless it is zero; text is read as a number first.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules.bound import Bound, Values, kernel, literal
from ingest.rules.conversion import to_double
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import BOOL, STRINGS, Kind


def truth(value: Bound) -> Bound:
    """The value as a condition: a BOOL. DataProblem (rule.type_mismatch) for what has no truth here."""
    kind = value.type.kind
    if kind is Kind.BOOL:
        return value
    if kind is Kind.NULL:
        return literal(None, BOOL, value.text)
    if kind in STRINGS:
        value = to_double(value)
    elif kind not in (Kind.INT, Kind.UINT, Kind.DECIMAL, Kind.DOUBLE):
        raise mismatch(f"{value.text} is {value.type.describe()}, not a condition", "Compare it with something.")
    return kernel(BOOL, value.text, lambda values: pc.not_equal(values, pa.scalar(0)), [value])


def both(left: Bound, right: Bound, text: str) -> Bound:
    """Left AND right."""
    return kernel(BOOL, text, pc.and_kleene, [truth(left), truth(right)])


def either(left: Bound, right: Bound, text: str) -> Bound:
    """Left OR right."""
    return kernel(BOOL, text, pc.or_kleene, [truth(left), truth(right)])


def exclusive(left: Bound, right: Bound, text: str) -> Bound:
    """Left XOR right."""
    return kernel(BOOL, text, pc.xor, [truth(left), truth(right)])


def negated(value: Bound, text: str) -> Bound:
    """NOT value."""
    return kernel(BOOL, text, pc.invert, [truth(value)])


def is_null(value: Bound, text: str) -> Bound:
    """Value IS NULL: never NULL itself."""
    return kernel(BOOL, text, pc.is_null, [value])


def is_true(value: Bound, text: str) -> Bound:
    """Value IS TRUE: NULL is not."""
    return kernel(BOOL, text, lambda values: pc.fill_null(values, False), [truth(value)])


def is_false(value: Bound, text: str) -> Bound:
    """Value IS FALSE: NULL is not."""
    return kernel(BOOL, text, lambda values: pc.invert(pc.fill_null(values, True)), [truth(value)])


def any_of(conditions: Sequence[Bound], text: str) -> Bound:
    """OR over one or more conditions."""

    def run(*values: Values) -> Values:
        result = values[0]
        for value in values[1:]:
            result = pc.or_kleene(result, value)
        return result

    return kernel(BOOL, text, run, conditions)
