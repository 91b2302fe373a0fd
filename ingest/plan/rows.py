"""Selected rows to what would be sent for them, row by row, so that one bad row hides no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from ingest.plan.explain import UnmetCondition, unmet_conditions
from ingest.problems import DataProblem
from ingest.sinks.contract import Encoder
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.stored import StoredFields
from ingest.snapshot.chunks import Texts
from ingest.verify.documents import RuleOnTable, TablePlan


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """What would be written: where, under which key, with which fields (as the sink stores them). ``request``: the
    request's own text where it is text (Elasticsearch's bulk lines, with the version of a first change)."""

    target: str
    key: str
    routing: str | None
    fields: StoredFields
    request: str | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row under one rule. ``row``: its number among those selected. ``left out`` comes with ``reasons``, and with
    the conditions that it doesn't meet; ``refused`` with the problem that would stop the lane."""

    row: int
    outcome: Literal["written", "left out", "refused"]
    document: PlannedDocument | None = None
    reasons: Sequence[str] = ()
    unmet: Sequence[UnmetCondition] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """One rule on one table."""

    rule: int
    rows: Sequence[PlannedRow]

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many rows of each outcome."""
        counts = {"written": 0, "left out": 0, "refused": 0}
        for row in self.rows:
            counts[row.outcome] += 1
        return counts


def plan_table(table: TablePlan, values: Sequence[Texts], encoder: Encoder[bytes]) -> Sequence[PlannedRule]:
    """What selected rows of a table (values column by column) would become, by rule. DataProblem: values that don't
    look like their types."""
    rows = table.batch(values)
    return [
        PlannedRule(on.rule.rule.index, [_plan_row(on, rows, number, encoder) for number in range(rows.num_rows)])
        for on in table.rules
    ]


def _plan_row(on: RuleOnTable, rows: pa.RecordBatch, number: int, encoder: Encoder[bytes]) -> PlannedRow:
    row = rows.slice(number, 1)
    try:
        operations = on.apply(row)
        if not operations.keys:
            unmet = unmet_conditions(on.rule, row.select(list(on.columns)))
            return PlannedRow(number, "left out", reasons=tuple(operations.dropped), unmet=unmet)
        [group] = on.groups(operations)
        [document] = group.documents
        requests = encoder.encode([operations])
    except DataProblem as problem:
        return PlannedRow(number, "refused", problem=str(problem))
    is_text = isinstance(on.target, ElasticsearchTarget)
    body = b"".join(item.payload for request in requests for item in request.items) if is_text else None
    text = None if body is None else body.decode()
    planned = PlannedDocument(group.target, document.key, document.routing, document.fields, text)
    return PlannedRow(number, "written", planned)
