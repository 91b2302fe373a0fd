"""Why a row is left out: the parts of the rule's condition that are false or NULL for it.

A condition ``a AND b AND c`` is taken apart at its outermost ANDs; each part is computed by itself, as MySQL would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from ingest.rules.bind import Binder
from ingest.rules.bound import Batch, as_array
from ingest.rules.compile import CompiledRule
from ingest.rules.expression import Call, Expression, column_refs
from ingest.rules.logic import truth
from ingest.rules.value_types import BOOL
from ingest.sinks.cell_bytes import cell_texts

NULL = "NULL"


@dataclass(frozen=True, slots=True)
class UnmetCondition:
    """A part of the condition that isn't true for a row; ``values``: its columns, as MySQL prints them."""

    condition: str
    result: Literal["false", "NULL"]
    values: Mapping[str, str]

    def __str__(self) -> str:
        values = ", ".join(f"{name} = {value}" for name, value in self.values.items())
        return f"{self.condition} is {self.result}" + (f" ({values})" if values else "")


def unmet_conditions(rule: CompiledRule, row: pa.RecordBatch) -> tuple[UnmetCondition, ...]:
    """The parts that aren't true; ``row`` holds one row of the rule's columns. Empty when the row passes."""
    if rule.rule.where is None:
        return ()
    binder = Binder(rule.schema)
    columns = {index: row.column(position) for position, index in enumerate(rule.columns)}
    batch = Batch(columns, rule.types, row.num_rows)
    unmet = []
    for part in conjuncts(rule.rule.where):
        value = as_array(truth(binder.bind(part)).run(batch), row.num_rows, BOOL)[0].as_py()
        if not value:
            names = dict.fromkeys(reference.name for reference in column_refs(part))
            texts = {name: _text(rule, row, binder.index(name)) for name in names}
            unmet.append(UnmetCondition(_source(part), "false" if value is False else "NULL", texts))
    return tuple(unmet)


def conjuncts(condition: Expression) -> Iterator[Expression]:
    """The parts of a condition that must all be true."""
    if isinstance(condition, Call) and condition.name == "AND":
        for argument in condition.arguments:
            yield from conjuncts(argument)
    else:
        yield condition


def _source(part: Expression) -> str:
    return part.text or "the condition"


def _text(rule: CompiledRule, row: pa.RecordBatch, index: int) -> str:
    position = rule.columns.index(index)
    [cell] = cell_texts(row.column(position), row.schema.field(position))
    return NULL if cell is None else cell.decode("utf-8", "backslashreplace")
