"""A decoded slice through a compiled rule: filter both images, decide, key, place, project.

Every row ends as an upsert, a delete, or a counted drop; the truth table is in ``ingest.rules``. Fields are computed
for the rows that are written only, so that a value that can't be computed hurts no row that the filter leaves out.
The reader has already split an update that moves its document (another key, index or routing) into a delete of the
old and an insert of the new, so an update here stays at its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.arrow_types import FSP_KEY, TYPE_KEY
from ingest.codec import DecodedSlice
from ingest.problems import DataProblem
from ingest.rules.bound import Batch, Bound, as_array
from ingest.rules.codes import BAD_ROW, OUT_OF_RANGE
from ingest.rules.names import is_index_name
from ingest.rules.texts import join_keys, text_column
from ingest.rules.value_types import Kind as ValueKind
from ingest.sinks.contract import Operations, Parts
from ingest.sinks.operation_columns import Flags, Same, TextColumn, packed
from ingest.slices import Kind

if TYPE_CHECKING:
    from ingest.rules.compile import CompiledRule, OutputField

FILTERED = "filtered"
NO_DOCUMENT = "no_document"
"""The reason of rows of a part that name no document: a column of the document's id is NULL."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The operations to be, in order: how many, their rows in the slice (None: every row), which of them delete (None:
    none), which take their key and place from the image after (None: all). ``filtered``: rows that give none, and
    ``nowhere``: those that belong to no document.
    """

    count: int
    rows: pa.Array | None = None
    deletes: pa.Array | None = None
    by_after: pa.Array | None = None
    filtered: int = 0
    nowhere: int = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Rows that give none, by reason."""
        counts = {FILTERED: self.filtered, NO_DOCUMENT: self.nowhere}
        return {reason: count for reason, count in counts.items() if count}


def apply_rule(rule: CompiledRule, decoded: DecodedSlice, versions: Sequence[int], tail: bool) -> Operations:
    """See the module; ``versions``: ``ingest.version.version_base`` of each row of the slice."""
    choice = _decide(rule, decoded, tail)
    image = _Image(rule, _placing(decoded, choice), choice.count)
    return Operations(
        rule.rule.index,
        image.keys,
        _versions(versions, choice),
        Same(False, choice.count) if choice.deletes is None else Flags.of(choice.deletes),
        image.targets,
        image.routings,
        _documents(rule, decoded.after, choice),
        range(choice.count) if choice.rows is None else packed(choice.rows),
        choice.dropped,
        image.parts,
    )


def _decide(rule: CompiledRule, decoded: DecodedSlice, tail: bool) -> _Choice:
    before, after = _passes(rule, decoded.before), _passes(rule, decoded.after)
    kinds = bytes(decoded.kinds)
    count = len(kinds)
    somewhere = _somewhere(rule, decoded, kinds)
    if after is None and somewhere is None and Kind.DELETE not in kinds:
        return _Choice(count)
    numbers = pa.Array.from_buffers(pa.uint8(), count, [None, pa.py_buffer(kinds)])
    inserts = pc.equal(numbers, pa.scalar(Kind.INSERT.value, pa.uint8()))
    writes = pc.not_equal(numbers, pa.scalar(Kind.DELETE.value, pa.uint8()))
    if after is not None:
        writes = pc.and_(writes, after)
    deletes = pc.invert(writes)
    if not tail:
        deletes = pc.and_(deletes, pc.invert(inserts))
        if before is not None:
            deletes = pc.and_(deletes, before)
    chosen = pc.or_(writes, deletes)
    nowhere = 0
    if somewhere is not None:
        nowhere = count - pc.sum(somewhere).as_py()
        chosen = pc.and_(chosen, somewhere)
    rows = pc.cast(pc.indices_nonzero(chosen), pa.int64())
    left = len(rows)
    return _Choice(
        left,
        rows=None if left == count else rows,
        deletes=None if not left or pc.any(deletes).as_py() is False else deletes.filter(chosen),
        by_after=pc.or_(writes, inserts).filter(chosen),
        filtered=count - left - nowhere,
        nowhere=nowhere,
    )


def _somewhere(rule: CompiledRule, decoded: DecodedSlice, kinds: bytes) -> pa.Array | None:
    """Per row of a part: does it name its document? None: all do. (A date may be null for being zero: that is no NULL, and
    a problem.) A row that moves has come as a deletion and an insertion, so one image is enough."""
    if rule.rule.placement.part is None:
        return None
    named = []
    for index in rule.key_columns:
        arrays = [image.column(rule.columns.index(index)) for image in (decoded.before, decoded.after)]
        if not pa.types.is_temporal(arrays[0].type) and any(array.null_count for array in arrays):
            deleted = pa.array([kind == Kind.DELETE for kind in kinds])
            named.append(pc.if_else(deleted, *(pc.is_valid(array) for array in arrays)))
    somewhere = reduce(pc.and_, named) if named else None
    return None if somewhere is None or pc.all(somewhere).as_py() else somewhere


def _placing(decoded: DecodedSlice, choice: _Choice) -> Callable[[int], pa.Array]:
    """The columns that place the operations, by position among the decoded ones."""

    def column(position: int) -> pa.Array:
        found = [
            batch.column(position) if choice.rows is None else batch.column(position).take(choice.rows)
            for batch in (decoded.before, decoded.after)
        ]
        return found[1] if choice.by_after is None else pc.if_else(choice.by_after, found[1], found[0])

    return column


def _versions(bases: Sequence[int], choice: _Choice) -> Sequence[int]:
    """A write's version is one above the base."""
    if isinstance(bases, memoryview):
        numbers = pa.Array.from_buffers(pa.uint64(), len(bases), [None, pa.py_buffer(bases)])
    else:
        numbers = pa.array(bases, pa.uint64())
    if choice.rows is not None:
        numbers = numbers.take(choice.rows)
    one = pa.scalar(1, pa.uint64())
    numbers = pc.add(numbers, one if choice.deletes is None else pc.cast(pc.invert(choice.deletes), pa.uint64()))
    return packed(numbers)


def _passes(rule: CompiledRule, image: pa.RecordBatch) -> pa.Array | None:
    """Per row: does it pass the filter? NULL doesn't. None: there is no filter."""
    if rule.where is None:
        return None
    result = _evaluated(rule, rule.where, image, range(image.num_rows))
    return pc.fill_null(result, False)


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
                key = _Image(rule, one.column, 1).keys[0]
                raise found.with_where(table=rule.schema.name, rule=rule.rule.index, key=key, row=row) from None
        raise


class _Image:
    """Key, target, routing and part of chosen rows; ``column``: their values, by position among the rule's columns."""

    def __init__(self, rule: CompiledRule, column: Callable[[int], pa.Array], count: int) -> None:
        self._rule = rule
        self._arrays: dict[int, pa.Array] = {}
        place = rule.rule.placement
        wanted = {*rule.key_columns, *rule.part_columns, *rule.template_columns.values()}
        if rule.routing is not None:
            wanted.add(rule.routing)
        for index in sorted(wanted):
            self._arrays[index] = text_column(rule.schema.columns[index], column(rule.columns.index(index)))
        named = {rule.template_columns[column] for column in place.target.columns}
        self._texts = {index: self._arrays[index].to_pylist() for index in named}
        name = rule.schema.name
        self.keys = self._keys(rule.key_columns, "key")
        if place.row_key is not None:
            texts = {column: self._template_texts(column) for column in place.row_key.columns}
            self.keys = TextColumn(place.row_key.render_rows(name.database, name.table, self.keys.array, texts))
        self.targets = self._targets(count)
        self.parts = None if place.part is None else Parts(place.part, self._part_keys(count))
        self.routings: Sequence[str | None] = (
            Same(None, count) if rule.routing is None else self._arrays[rule.routing].to_pylist()
        )

    def _keys(self, columns: Sequence[int], what: str) -> TextColumn:
        for index in columns:
            if self._arrays[index].null_count:
                column = self._rule.schema.columns[index].name
                raise _bad_row(self._rule, f"the {what} column {column!r} is NULL (or a zero date, read as NULL)")
        return TextColumn(join_keys([self._arrays[index] for index in columns]))

    def _part_keys(self, count: int) -> Sequence[str]:
        columns = self._rule.part_columns
        return self._keys(columns, "part's key") if columns else Same("", count)

    def _template_texts(self, column: str) -> pa.Array:
        texts = self._arrays[self._rule.template_columns[column]]
        if texts.null_count:
            raise _bad_row(self._rule, f"the column {column!r}, which a template uses, is NULL")
        return texts

    def _targets(self, rows: int) -> Sequence[str]:
        rule = self._rule
        template, name = rule.rule.placement.target, rule.schema.name
        columns = template.columns
        if not columns:
            return Same(_target(rule, template.render(name.database, name.table, "", {})), rows)
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


def _documents(rule: CompiledRule, image: pa.RecordBatch, choice: _Choice) -> pa.RecordBatch:
    """The documents: one row per operation, all null for a delete."""
    written, spread = _written(rule, choice)
    chosen = image if written is None else image.take(written)
    rows: Sequence[int] = range(image.num_rows) if written is None else packed(written)
    batch = _batch(rule, chosen)
    arrays, fields = [], []
    for field in rule.fields:
        if field.value.column is not None:
            array = batch.raw(field.value.column)
            described = image.schema.field(rule.columns.index(field.value.column)).with_name(field.name)
        else:
            array = _evaluated(rule, field.value, chosen, rows)
            if pa.types.is_boolean(array.type):
                array = array.cast(pa.int64())
            described = _described(field, array)
        arrays.append(array if spread is None else array.take(spread))
        fields.append(described)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _written(rule: CompiledRule, choice: _Choice) -> tuple[pa.Array | None, pa.Array | None]:
    """The rows that are written (None: every row), and where each operation finds its own among them, null for a
    delete (None: in order, since deleted rows have no image after and nothing is computed)."""
    if choice.deletes is None or (rule.where is None and not rule.computes):
        return choice.rows, None
    writes = pc.invert(choice.deletes)
    numbers = pc.cast(pc.indices_nonzero(writes), pa.int64())
    rows = numbers if choice.rows is None else choice.rows.take(numbers)
    places = pc.subtract(pc.cumulative_sum(pc.cast(writes, pa.int64())), pa.scalar(1, pa.int64()))
    return rows, pc.if_else(writes, places, pa.scalar(None, pa.int64()))


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
