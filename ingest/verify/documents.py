"""Selected rows to the documents that the sink should hold, by the very rules that the lane runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.binlog.arrow_types import ZeroDates, mysql_type
from ingest.codec import DecodedSlice
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.parse import ParsedRule, matches
from ingest.schema import TableSchema
from ingest.sinks.contract import Operations
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.view import part_id
from ingest.sinks.hbase.encode import column_of
from ingest.sinks.hbase.options import HbaseTarget
from ingest.sinks.registry import SinkTarget, stored_fields
from ingest.sinks.stored import StoredDocument, StoredFields
from ingest.slices import Kind
from ingest.snapshot.chunks import TableQueries, Texts
from ingest.verify.comparison import Difference, Reading, compare
from ingest.verify.selected_values import arrow_batch, select_expression


@dataclass(frozen=True, slots=True)
class ExpectedDocument:
    """What the sink should hold for one row; ``row``: its number among the selected ones. ``key``: of a part of a
    document, its own (``ingest.sinks.elasticsearch.parts.view``)."""

    key: str
    routing: str | None
    fields: StoredFields
    row: int


@dataclass(frozen=True, slots=True)
class ExpectedGroup:
    """Documents of one rule in one target, and how to read them back."""

    target: str
    documents: Sequence[ExpectedDocument]
    reading: Reading

    def compare(self, found: Sequence[StoredDocument | None]) -> Iterator[tuple[int, Sequence[Difference]]]:
        """The differences of each document that isn't as it should be, with its row. ``found`` is in the documents'
        order."""
        for document, stored in zip(self.documents, found, strict=True):
            differences = compare(self.target, document.key, document.fields, stored, self.reading)
            if differences:
                yield document.row, differences


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that some rows should give. ``dropped``: rows that a rule leaves out, by reason."""

    groups: Sequence[ExpectedGroup]
    dropped: Mapping[str, int]

    @property
    def documents(self) -> int:
        """How many documents."""
        return sum(len(group.documents) for group in self.groups)


@dataclass(frozen=True, slots=True)
class RuleOnTable:
    """A rule and where it writes. ``columns``: where the rule's columns are among the selected ones."""

    rule: CompiledRule
    target: SinkTarget
    columns: Sequence[int]

    @property
    def fixed_target(self) -> str | None:
        """The index or table that all its documents go to; None when their columns decide."""
        placement = self.rule.rule.placement
        if placement.target.columns:
            return None
        name = placement.target.render(self.rule.schema.name.database, self.rule.schema.name.table, "", {})
        return name.lower() if placement.index_name else name

    def apply(self, rows: pa.RecordBatch) -> Operations:
        """The rule on selected rows, as if they had just been inserted. DataProblem: a row that it can't take."""
        chosen = rows.select(list(self.columns))
        nothing = [pa.nulls(chosen.num_rows, field.type) for field in chosen.schema]
        before = pa.RecordBatch.from_arrays(nothing, schema=chosen.schema)
        inserts = [Kind.INSERT] * chosen.num_rows
        decoded = DecodedSlice(self.rule.schema, before, chosen, inserts, range(chosen.num_rows))
        return self.rule.apply(decoded, range(1, chosen.num_rows + 1), False)

    def groups(self, operations: Operations) -> Sequence[ExpectedGroup]:
        """The expected documents by target."""
        fields = stored_fields(self.target, operations.documents)
        reading = _reading(self.target, operations.documents.schema)
        by_target: dict[str, list[ExpectedDocument]] = {}
        for number, target in enumerate(operations.targets):
            if not operations.deletes[number]:
                parts, key = operations.parts, operations.keys[number]
                document = ExpectedDocument(
                    key if parts is None else part_id(key, parts.name, parts.keys[number]),
                    operations.routings[number],
                    fields[number],
                    operations.sources[number],
                )
                by_target.setdefault(target, []).append(document)
        return [ExpectedGroup(target, documents, reading) for target, documents in by_target.items()]


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table and the rules on it."""

    queries: TableQueries
    rules: Sequence[RuleOnTable]
    zero_dates: ZeroDates

    @property
    def schema(self) -> TableSchema:
        """The table."""
        return self.queries.schema

    def batch(self, values: Sequence[Texts]) -> pa.RecordBatch:
        """Selected values, column by column, as a record batch. DataProblem names the column."""
        return arrow_batch([self.schema.columns[index] for index in self.queries.columns], values, self.zero_dates)

    def expect(self, values: Sequence[Texts]) -> Expectation:
        """What selected rows should give. DataProblem names table and rule."""
        rows = self.batch(values)
        groups: list[ExpectedGroup] = []
        dropped: Counter[str] = Counter()
        for on in self.rules:
            operations = on.apply(rows)
            dropped.update(operations.dropped)
            groups += on.groups(operations)
        return Expectation(groups, dropped)


def table_plan(
    schema: TableSchema, rules: Sequence[ParsedRule], targets: Sequence[SinkTarget], zero_dates: ZeroDates
) -> TablePlan | None:
    """The rules that take the table, compiled (``targets`` by rule number); None when none does. DataProblem: a rule
    that doesn't fit the table."""
    compiled = [compile_rule(rule, schema) for rule in rules if matches(rule, schema.name)]
    if not compiled:
        return None
    columns = tuple(sorted({index for rule in compiled for index in rule.columns}))
    on = [
        RuleOnTable(rule, targets[rule.rule.index], [columns.index(index) for index in rule.columns])
        for rule in compiled
    ]
    return TablePlan(TableQueries(schema, columns, select_expression), on, zero_dates)


def _reading(target: SinkTarget, documents: pa.Schema) -> Reading:
    stored = {field.name: _stored_names(field.name, target) for field in documents}
    every = [name for names in stored.values() for name in names]
    part = target.part if isinstance(target, ElasticsearchTarget) else None
    merged = isinstance(target, ElasticsearchTarget) and target.write != "document"  # Elasticsearch writes it anew
    among = merged and (part is None or part.into is None)
    shared = among or (isinstance(target, HbaseTarget) and target.delete == "columns")
    json_names = [name for field in documents if mysql_type(field) == "json" for name in stored[field.name]]
    return Reading(
        own=every if shared else None,
        json_fields=frozenset(every if merged else json_names),
        empty_is_absent=isinstance(target, HbaseTarget),
    )


def _stored_names(field: str, target: SinkTarget) -> Sequence[str]:
    return column_of(field, target) if isinstance(target, HbaseTarget) else [field]
