"""A decoded slice through a compiled rule: filter both images, decide, key, place, project.

Every row ends as an upsert, a delete, or a counted drop; the truth table is in ``ingest.rules``. Fields are computed
for the rows that are written only, so that a value that can't be computed hurts no row that the filter leaves out.
The reader has already split an update that moves its document (another key, index or routing) into a delete of the
old and an insert of the new, so an update here stays at its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.arrow_types import FSP_KEY, TYPE_KEY
from ingest.codec import DecodedSlice
from ingest.keys import join_key
from ingest.problems import DataProblem
from ingest.rules.bound import Batch, Bound, as_array
from ingest.rules.codes import BAD_ROW, OUT_OF_RANGE
from ingest.rules.names import is_index_name
from ingest.rules.texts import texts_of
from ingest.rules.value_types import Kind as ValueKind
from ingest.sinks.contract import Operations
from ingest.slices import Kind

if TYPE_CHECKING:
    from ingest.rules.compile import CompiledRule, OutputField

FILTERED = "filtered"


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation to be: its row in the slice, and whether it deletes (by the before image unless ``by_after``)."""

    row: int
    delete: bool
    by_after: bool


def apply_rule(rule: CompiledRule, decoded: DecodedSlice, versions: Sequence[int], tail: bool) -> Operations:
    """See the module; ``versions``: ``ingest.version.version_base`` of each row of the slice."""
    steps, filtered = _decide(rule, decoded, tail)
    images = {
        False: _Image(rule, decoded.before, [step.row for step in steps if not step.by_after]),
        True: _Image(rule, decoded.after, [step.row for step in steps if step.by_after]),
    }
    keys: list[str] = []
    targets: list[str] = []
    routings: list[str | None] = []
    taken = {False: 0, True: 0}
    for step in steps:
        image, position = images[step.by_after], taken[step.by_after]
        taken[step.by_after] += 1
        keys.append(image.keys[position])
        targets.append(image.targets[position])
        routings.append(image.routings[position])
    return Operations(
        rule.rule.index,
        keys,
        [versions[step.row] | (not step.delete) for step in steps],
        [step.delete for step in steps],
        targets,
        routings,
        _documents(rule, decoded.after, steps),
        [step.row for step in steps],
        {FILTERED: filtered} if filtered else {},
    )


def _decide(rule: CompiledRule, decoded: DecodedSlice, tail: bool) -> tuple[list[_Step], int]:
    """The operations to be, in order, and how many rows give none."""
    before, after = _passes(rule, decoded.before), _passes(rule, decoded.after)
    steps: list[_Step] = []
    filtered = 0
    for row, kind in enumerate(decoded.kinds):
        is_there = after is None or after[row]
        was_there = tail or before is None or before[row]
        if kind is not Kind.DELETE and is_there:
            steps.append(_Step(row, delete=False, by_after=True))
        elif tail or (kind is not Kind.INSERT and was_there):
            steps.append(_Step(row, delete=True, by_after=kind is Kind.INSERT))
        else:
            filtered += 1
    return steps, filtered


def _passes(rule: CompiledRule, image: pa.RecordBatch) -> list[bool] | None:
    """Per row: does it pass the filter? NULL doesn't. None: there is no filter."""
    if rule.where is None:
        return None
    result = _evaluated(rule, rule.where, image, range(image.num_rows))
    passes: list[bool] = pc.fill_null(result, False).to_pylist()
    return passes


def _evaluated(rule: CompiledRule, value: Bound, image: pa.RecordBatch, rows: Sequence[int]) -> pa.Array:
    """An expression for every row of an image; ``rows``: their numbers in the slice. DataProblem names the row."""
    try:
        return as_array(value.run(_batch(rule, image)), image.num_rows, value.type)
    except DataProblem as problem:
        if problem.code is not OUT_OF_RANGE:
            raise
        for position, row in enumerate(rows):
            one = image.slice(position, 1)
            try:
                value.run(_batch(rule, one))
            except DataProblem as found:
                key = _Image(rule, one, [0]).keys[0]
                raise found.with_where(table=rule.schema.name, rule=rule.rule.index, key=key, row=row) from None
        raise


class _Image:
    """Key, target and routing of chosen rows of one image."""

    def __init__(self, rule: CompiledRule, image: pa.RecordBatch, rows: Sequence[int]) -> None:
        self._rule = rule
        self._texts: dict[int, list[str | None]] = {}
        chosen = pa.array(rows, pa.int64())
        place = rule.rule.placement
        wanted = {*rule.key_columns, *rule.template_columns.values()}
        if rule.routing is not None:
            wanted.add(rule.routing)
        for index in sorted(wanted):
            array = image.column(rule.columns.index(index)).take(chosen)
            self._texts[index] = texts_of(rule.schema.columns[index], array)
        name = rule.schema.name
        documents = self._keys(len(rows))
        if place.row_key is None:
            self.keys = documents
        else:
            columns = place.row_key.columns
            self.keys = [
                place.row_key.render(name.database, name.table, key, self._row_texts(columns, position))
                for position, key in enumerate(documents)
            ]
        self.targets = self._targets(len(rows))
        self.routings: list[str | None] = [None] * len(rows) if rule.routing is None else self._texts[rule.routing]

    def _keys(self, rows: int) -> list[str]:
        columns = self._rule.key_columns
        for index in columns:
            if None in self._texts[index]:
                column = self._rule.schema.columns[index].name
                raise _bad_row(self._rule, f"the key column {column!r} is NULL (or a zero date, read as NULL)")
        texts = [self._texts[index] for index in columns]
        return [join_key(row) for row in zip(*texts, strict=True)]

    def _targets(self, rows: int) -> list[str]:
        rule = self._rule
        template, name = rule.rule.placement.target, rule.schema.name
        columns = template.columns
        if not columns:
            return [_target(rule, template.render(name.database, name.table, "", {}))] * rows
        rendered: dict[tuple[str | None, ...], str] = {}
        targets: list[str] = []
        for position in range(rows):
            key = tuple(self._texts[rule.template_columns[column]][position] for column in columns)
            if key not in rendered:
                text = template.render(name.database, name.table, "", self._row_texts(columns, position))
                rendered[key] = _target(rule, text)
            targets.append(rendered[key])
        return targets

    def _row_texts(self, columns: Sequence[str], position: int) -> dict[str, str]:
        texts: dict[str, str] = {}
        for column in columns:
            text = self._texts[self._rule.template_columns[column]][position]
            if text is None:
                raise _bad_row(self._rule, f"the column {column!r}, which a template uses, is NULL")
            texts[column] = text
        return texts


def _target(rule: CompiledRule, text: str) -> str:
    if not rule.rule.placement.index_name:
        return text
    name = text.lower()
    if not is_index_name(name):
        raise _bad_row(rule, f"{name!r} can't be the name of an index")
    return name


def _bad_row(rule: CompiledRule, what: str) -> DataProblem:
    return DataProblem(BAD_ROW, what, {"table": rule.schema.name, "rule": rule.rule.index})


def _documents(rule: CompiledRule, image: pa.RecordBatch, steps: Sequence[_Step]) -> pa.RecordBatch:
    """The documents: one row per step, all null for a delete."""
    written = [step.row for step in steps if not step.delete]
    chosen = image if len(written) == image.num_rows else image.take(pa.array(written, pa.int64()))
    batch = _batch(rule, chosen)
    spread = None
    if len(written) < len(steps):
        numbers = iter(range(len(written)))
        spread = pa.array([None if step.delete else next(numbers) for step in steps], pa.int64())
    arrays, fields = [], []
    for field in rule.fields:
        if field.value.column is not None:
            array = batch.raw(field.value.column)
            described = image.schema.field(rule.columns.index(field.value.column)).with_name(field.name)
        else:
            array = _evaluated(rule, field.value, chosen, written)
            if pa.types.is_boolean(array.type):
                array = array.cast(pa.int64())
            described = _described(field, array)
        arrays.append(array if spread is None else array.take(spread))
        fields.append(described)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


_DESCRIBED = {ValueKind.DATE: "date", ValueKind.DATETIME: "datetime", ValueKind.TIME: "time", ValueKind.JSON: "json"}


def _described(field: OutputField, array: pa.Array) -> pa.Field:
    """A computed field, with the MySQL type that says how its value is printed."""
    kind = field.value.type
    metadata: dict[bytes, bytes] = {}
    if kind.kind in _DESCRIBED:
        metadata[TYPE_KEY] = _DESCRIBED[kind.kind].encode()
    if kind.kind in (ValueKind.DATETIME, ValueKind.TIME):
        metadata[FSP_KEY] = str(kind.fsp).encode()
    return pa.field(field.name, array.type, metadata=metadata)


def _batch(rule: CompiledRule, image: pa.RecordBatch) -> Batch:
    columns = {index: image.column(position) for position, index in enumerate(rule.columns)}
    return Batch(columns, rule.types, image.num_rows)
