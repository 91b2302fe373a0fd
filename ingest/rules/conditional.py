"""CASE, IF, COALESCE, IFNULL, NULLIF: choosing a value, and the type of values that are chosen from.

A branch is only computed for the rows that take it, when computing it for all of them fails: as in MySQL,
``IF(a > b, a - b, 0)`` is fine on unsigned columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from ingest.problems import DataProblem
from ingest.rules import comparison
from ingest.rules.arithmetic import shape
from ingest.rules.bound import IGNORABLE, Batch, Bound, Values, as_array, literal
from ingest.rules.casts import TEXT_CAST
from ingest.rules.conversion import BYTES, cast_arrow, to_bytes, to_double, to_text, to_whole
from ingest.rules.logic import truth
from ingest.rules.refusal import mismatch
from ingest.rules.strings import common_collation
from ingest.rules.value_types import (
    DATED,
    DECIMAL_DIGITS_MAX,
    INT,
    NUMERIC,
    UINT,
    WHOLE,
    Kind,
    SqlType,
    arrow_of,
)

_TEMPORAL = DATED | {Kind.TIME}
NO_ROWS = Batch({}, {}, 1)


def case(arguments: Sequence[Bound], text: str) -> Bound:
    """CASE: condition, result, condition, result, ..., default."""
    conditions = [truth(one) for one in arguments[0:-1:2]]
    results, kind, strength = merged([*arguments[1:-1:2], arguments[-1]], text)
    wanted = arrow_of(kind)

    def eagerly(batch: Batch) -> Values:
        values = results[-1].run(batch)
        for condition, result in reversed(list(zip(conditions, results[:-1], strict=True))):
            values = pc.if_else(pc.fill_null(condition.run(batch), False), result.run(batch), values)
        return values

    def lazily(batch: Batch) -> Values:
        left = pa.array(range(batch.rows), pa.int64())
        chosen, places = [], []
        for number, result in enumerate(results):
            part = batch.take(left)
            if number < len(conditions):
                holds = pc.fill_null(as_array(conditions[number].run(part), part.rows, conditions[number].type), False)
                taken, left = left.filter(holds), left.filter(pc.invert(holds))
                part = batch.take(taken)
            else:
                taken = left
            if len(taken):
                chosen.append(pc.cast(as_array(result.run(part), part.rows, kind), wanted))
                places.append(taken)
        order = pc.sort_indices(pa.chunked_array(places, pa.int64()))
        return pa.chunked_array(chosen, wanted).take(order).combine_chunks()

    parts = [*conditions, *results]
    return _choice(kind, text, eagerly, lazily, strength, constant=all(part.constant is not None for part in parts))


def case_of(subject: Bound, arguments: Sequence[Bound], text: str) -> Bound:
    """CASE subject WHEN choice THEN result ... ELSE default."""
    conditions = comparison.matching(subject, arguments[0:-1:2], text)
    results = arguments[1:-1:2]
    pairs = [one for pair in zip(conditions, results, strict=True) for one in pair]
    return case([*pairs, arguments[-1]], text)


def coalesce(arguments: Sequence[Bound], text: str) -> Bound:
    """The first that isn't NULL."""
    if len(arguments) == 1:
        return arguments[0]
    every, kind, strength = merged(arguments, text)
    wanted = arrow_of(kind)

    def eagerly(batch: Batch) -> Values:
        return pc.coalesce(*(one.run(batch) for one in every))

    def lazily(batch: Batch) -> Values:
        values = as_array(every[0].run(batch), batch.rows, kind)
        for one in every[1:]:
            missing = pc.is_null(values)
            if not pc.any(missing).as_py():
                break
            part = batch.take(pc.indices_nonzero(missing))
            more = pc.cast(as_array(one.run(part), part.rows, kind), wanted)
            values = pc.replace_with_mask(values, missing, more)
        return values

    return _choice(kind, text, eagerly, lazily, strength, constant=all(one.constant is not None for one in every))


def null_if(value: Bound, other: Bound, text: str) -> Bound:
    """NULL when both are equal, else the first."""
    equal = comparison.compare("=", value, other, text)
    return case([equal, literal(None, value.type, "NULL", IGNORABLE), value], text)


def _choice(
    kind: SqlType,
    text: str,
    eagerly: Callable[[Batch], Values],
    lazily: Callable[[Batch], Values],
    strength: int,
    constant: bool,
) -> Bound:
    if constant:
        value = eagerly(NO_ROWS)
        return Bound(kind, lambda batch: value, text, strength, None, value)

    def run(batch: Batch) -> Values:
        try:
            return eagerly(batch)
        except DataProblem:
            return lazily(batch)

    return Bound(kind, run, text, strength)


# --- the common type -------------------------------------------------------------------------------------------------


def merged(values: Sequence[Bound], text: str) -> tuple[list[Bound], SqlType, int]:
    """Values to choose from, brought to one type; that type; how strongly a text keeps its collation. DataProblem
    (rule.type_mismatch) for types that have none in common here.
    """
    kind = _common_type([value for value in values if value.type.kind is not Kind.NULL], text)
    if kind.kind is Kind.TEXT:
        every = [to_text(value) for value in values]
        collation, strength = common_collation(every, text)
        disguised = any(value.type.disguised or value.type.kind in _TEMPORAL for value in values)
        kind = SqlType(Kind.TEXT, collation=collation, disguised=disguised)
        return [_typed(value, kind) for value in every], kind, strength
    return [_converted(value, kind) for value in values], kind, min(value.coercibility for value in values)


def _typed(value: Bound, kind: SqlType) -> Bound:
    return Bound(kind, value.run, value.text, value.coercibility, None, value.constant)


def _common_type(values: Sequence[Bound], text: str) -> SqlType:
    kinds = {value.type.kind for value in values}
    if not kinds:
        return TEXT_CAST
    if len(kinds) == 1 and kinds <= {Kind.JSON, Kind.DATE, Kind.UINT, Kind.INT}:
        return SqlType(kinds.pop())
    if kinds <= NUMERIC:
        kind = _common_number([value.type for value in values])
        prints = {(value.type.kind in WHOLE, value.type.kind, value.type.scale, value.type.year) for value in values}
        whole = all(one[0] for one in prints) and not any(one[3] for one in prints)
        return kind if len(prints) == 1 or whole else replace(kind, disguised=True)
    if kinds <= DATED or kinds == {Kind.TIME}:
        return SqlType(Kind.TIME if Kind.TIME in kinds else Kind.DATETIME, fsp=max(value.type.fsp for value in values))
    if kinds == {Kind.BYTES}:
        return BYTES
    if kinds & {Kind.JSON, Kind.OPAQUE, Kind.BYTES} or (Kind.TIME in kinds and kinds & DATED):
        listed = ", ".join(value.type.describe() for value in values)
        raise mismatch(f"{listed} have no common type: {text}", "CAST them to one type.")
    return SqlType(Kind.TEXT)


def _common_number(types: Sequence[SqlType]) -> SqlType:
    kinds = {kind.kind for kind in types}
    if Kind.DOUBLE in kinds:
        return SqlType(Kind.DOUBLE, single=all(kind.single or kind.kind in WHOLE for kind in types))
    if Kind.DECIMAL not in kinds and not (Kind.UINT in kinds and kinds & {Kind.INT, Kind.BOOL}):
        return UINT if kinds == {Kind.UINT} else INT
    shapes = [shape(kind) for kind in types]
    scale = max(one[1] for one in shapes)
    precision = max(one[0] - one[1] for one in shapes) + scale
    return SqlType(Kind.DECIMAL, min(precision, DECIMAL_DIGITS_MAX), scale)


def _converted(value: Bound, kind: SqlType) -> Bound:
    if value.type.kind is Kind.NULL:
        return literal(None, kind, value.text, IGNORABLE)
    if kind.kind is Kind.DOUBLE:
        return _typed(to_double(value), kind)
    if kind.kind is Kind.BYTES:
        return to_bytes(value)
    if value.type.kind in WHOLE or value.type.kind is Kind.DECIMAL:
        whole = to_whole(value)
        return whole if whole.type == kind else cast_arrow(whole, kind)
    if kind.kind is Kind.DATETIME and value.type.kind is Kind.DATE:
        return _as_datetime(value, kind)
    return _typed(value, kind)


def _as_datetime(value: Bound, kind: SqlType) -> Bound:
    def run(batch: Batch) -> Values:
        values = value.run(batch)
        if pa.types.is_string(values.type):
            return pc.binary_join_element_wise(values, "00:00:00", " ")
        return pc.cast(values, pa.timestamp("us"))

    return Bound(kind, run, value.text, value.coercibility, None, None)
