"""Three-valued logic on columns: AND, OR, XOR, NOT, IS NULL, IS TRUE, IS FALSE, and the truth of any value.

MySQL: NULL AND FALSE is FALSE, NULL OR TRUE is TRUE (Kleene's logic), NULL XOR anything is NULL. A number is true
unless it is zero; text is read as a number first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.problems import DataProblem
from ingest.rules.bound import Batch, Bound, Values, as_array, kernel, literal
from ingest.rules.conversion import to_double
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import BOOL, STRINGS, Kind, arrow_of


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
    zero = pa.scalar(Decimal(0) if kind is Kind.DECIMAL else 0, arrow_of(value.type))
    return kernel(BOOL, value.text, lambda values: pc.not_equal(values, zero), [value])


def both(left: Bound, right: Bound, text: str) -> Bound:
    """Left AND right."""
    return _short_circuit(pc.and_kleene, False, truth(left), truth(right), text)


def either(left: Bound, right: Bound, text: str) -> Bound:
    """Left OR right."""
    return _short_circuit(pc.or_kleene, True, truth(left), truth(right), text)


def _short_circuit(
    function: Callable[[Values, Values], Values], decided: bool, left: Bound, right: Bound, text: str
) -> Bound:
    """Where computing the right side fails for some row, it is computed only where the left one leaves it open: as in
    MySQL, ``a >= b AND a - b > 5`` is fine on unsigned columns.
    """
    plain = kernel(BOOL, text, function, [left, right])
    if plain.constant is not None:
        return plain

    def run(batch: Batch) -> Values:
        try:
            return plain.run(batch)
        except DataProblem:
            first = as_array(left.run(batch), batch.rows, BOOL)
            open_ = pc.fill_null(pc.not_equal(first, decided), True)
            part = batch.take(pc.indices_nonzero(open_))
            second = as_array(right.run(part), part.rows, BOOL)
            return pc.replace_with_mask(first, open_, function(first.filter(open_), second))

    return Bound(BOOL, run, text)


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
    """OR over one or more conditions that can't fail."""

    def run(*values: Values) -> Values:
        result = values[0]
        for value in values[1:]:
            result = pc.or_kleene(result, value)
        return result

    return kernel(BOOL, text, run, conditions)
