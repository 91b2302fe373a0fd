"""MySQL's row for an id of a sink, and what a rule makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.snapshot.rows import SelectedRows
from ingest.lineage.judge import Place
from ingest.lineage.keys import document_key, row_key
from ingest.lineage.verdict import RowLook
from ingest.plan.explain import unmet_conditions
from ingest.problems import DataProblem
from ingest.snapshot.chunks import Texts
from ingest.verify.documents import RuleOnTable, TablePlan


@dataclass(frozen=True, slots=True)
class LookedRow:
    """``place``: where a rule that takes the table has the row's document; ``routing``: and how it is routed there."""

    place: Place
    look: RowLook
    routing: str | None = None


def look_at_rows(tables: Sequence[TablePlan], rows: SelectedRows, key: str) -> Iterator[LookedRow]:
    """The row of each table and rule whose documents' id is made of the primary key. ``key``: the id in the sink. Raises
    WorldProblem."""
    for table in tables:
        for on in table.rules:
            if on.rule.key_columns != tuple(table.schema.primary_key) or on.rule.rule.placement.part is not None:
                continue
            made_of = document_key(on.rule.rule, table.schema, key)
            wanted = None if made_of is None else row_key(table.schema, made_of)
            if wanted is not None:
                found = next(iter(rows.by_keys(table.queries, [wanted])), None)
                yield from _look(table, on, None if found is None else found[0], key)


def _look(table: TablePlan, on: RuleOnTable, values: Sequence[Texts] | None, key: str) -> Iterator[LookedRow]:
    fixed = on.fixed_target
    if values is None:
        if fixed is not None:
            yield LookedRow(Place(fixed), RowLook(False))
        return
    row = table.batch(values).slice(0, 1)
    try:
        operations = on.apply(row)
    except DataProblem as problem:
        if fixed is not None:
            yield LookedRow(Place(fixed), RowLook(True, False, str(problem)))
        return
    if operations.keys and operations.keys[0] == key:
        yield LookedRow(Place(operations.targets[0]), RowLook(True, True), operations.routings[0])
    elif fixed is not None and operations.keys:
        yield LookedRow(Place(fixed), RowLook(False))  # equal by collation, and another document
    elif fixed is not None:
        unmet = unmet_conditions(on.rule, row.select(list(on.columns)))
        yield LookedRow(Place(fixed), RowLook(True, False, "; ".join(str(one) for one in unmet)))
