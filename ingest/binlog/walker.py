"""PureRowWalker: a rows event's run of images cut into row images, and the document key of each. Values stay bytes.

A row image is a null bitmap over the columns present, then the value of each present column that isn't null. Which
bytes to skip depends on the nulls alone, so the plan is made once per null bitmap seen: runs of fixed-size columns
melt into one step. Keys are read the same way: skip to the key columns, render those.

Source: MySQL's doc page "Rows_event". DataProblem for images that don't end where the event ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ingest.binlog.cursor import Damage, Damaged
from ingest.binlog.framing import MALFORMED
from ingest.binlog.key_text import key_renderer
from ingest.binlog.row_layout import StoredSize, stored_size
from ingest.codec import RowBlock, RowsEvent
from ingest.keys import join_key
from ingest.problems import DataProblem, declare
from ingest.schema import TableSchema
from ingest.slices import Kind

KEY_NULL = declare(
    "row.key_null",
    "A column of the document key is NULL in a row.",
    "Choose an id whose columns are never NULL (declare them NOT NULL), or drop such rows by a filter on the source.",
)
KEY_ABSENT = declare(
    "row.key_absent",
    "A row image doesn't hold a column of the document key.",
    "Set binlog_row_image=FULL on the source and in every session that writes.",
)
NO_COLUMNS = declare(
    "row.no_columns",
    "A rows event holds rows without any column, so they can't be told apart.",
    "Set binlog_row_image=FULL on the source and in every session that writes.",
)

#: Steps to take before a value: (bytes to skip, then the size in bytes of the length to read and skip).
_Steps = tuple[tuple[int, int], ...]
_MAX_PLANS = 4096


class _Images:
    """One kind of images (before or after): which columns are in them and how their bytes lie."""

    def __init__(self, schema: TableSchema, present: bytes) -> None:
        columns = range(len(schema.columns))
        self.present = [index for index in columns if present and present[index // 8] >> (index % 8) & 1]
        self.null_bytes = (len(self.present) + 7) // 8
        self._sizes = [stored_size(schema.columns[index]) for index in self.present]
        self._plans: dict[bytes, tuple[_Steps, int]] = {}

    def cut(self, data: bytes, at: int) -> int:
        """Where the image that starts at ``at`` ends (behind the data's end for a truncated one)."""
        nulls = data[at : at + self.null_bytes]
        steps, tail = self._plans.get(nulls) or self._plan(nulls)
        for skip, width in steps:
            at += skip
            if width == 1:
                at += data[at] + 1
            elif width == 2:
                at += (data[at] | data[at + 1] << 8) + 2
            else:
                at += int.from_bytes(data[at : at + width], "little") + width
        return at + tail

    def cut_all(self, data: bytes) -> list[bytes]:
        """All images of a run of this kind alone: ``cut`` over and over, in one loop. Damage at a truncated one."""
        plans, null_bytes, end = self._plans, self.null_bytes, len(data)
        images = []
        at = 0
        while at < end:
            start = at
            nulls = data[at : at + null_bytes]
            steps, tail = plans.get(nulls) or self._plan(nulls)
            for skip, width in steps:
                at += skip
                if width == 1:
                    at += data[at] + 1
                elif width == 2:
                    at += (data[at] | data[at + 1] << 8) + 2
                else:
                    at += int.from_bytes(data[at : at + width], "little") + width
            at += tail
            images.append(data[start:at])
        if at != end:
            raise Damage(f"the last row image ends {at - end} bytes behind the event")
        return images

    def values(self, nulls: bytes) -> list[StoredSize | None]:
        """The stored size of each present column, None for a null one."""
        return [None if nulls[place // 8] >> (place % 8) & 1 else size for place, size in enumerate(self._sizes)]

    def _plan(self, nulls: bytes) -> tuple[_Steps, int]:
        if len(nulls) < self.null_bytes:
            raise Damage("a row image ends within its null bitmap")
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = self._plans[nulls] = steps_over(self.values(nulls), self.null_bytes)
        return plan


def steps_over(sizes: Sequence[StoredSize | None], start: int) -> tuple[_Steps, int]:
    """The steps over values of these sizes, from ``start`` bytes before them; and what to skip at the end."""
    steps = []
    skip = start
    for size in sizes:
        if size is None:
            continue
        skip += size.fixed
        if size.length_bytes:
            steps.append((skip, size.length_bytes))
            skip = 0
    return tuple(steps), skip


#: How to get at one key column: steps, bytes to skip, and the rendering of the value that is there.
_KeyStep = tuple[_Steps, int, Callable[[bytes, int], str]]


class _Keys:
    """The key of one kind of images over one choice of columns."""

    def __init__(self, schema: TableSchema, images: _Images, columns: Sequence[int], null_text: str | None) -> None:
        self._schema = schema
        self._images = images
        self._null_text = null_text
        for column in columns:
            if column not in images.present:
                what = f"the row image doesn't hold column {schema.columns[column].name!r}"
                raise DataProblem(KEY_ABSENT, what, {"table": schema.name})
        places = {images.present.index(column) for column in columns}
        self._places = sorted(places)
        order = [self._places.index(images.present.index(column)) for column in columns]
        #: None: the columns come in binlog order, once each.
        self._order = None if order == list(range(len(self._places))) else order
        self._renderers = [key_renderer(schema.columns[images.present[place]]) for place in self._places]
        self._plans: dict[bytes, tuple[_KeyStep, ...]] = {}

    def read(self, images: Sequence[bytes]) -> list[str]:
        """The key text of each image."""
        null_bytes = self._images.null_bytes
        plans, order = self._plans, self._order
        keys = []
        for image in images:
            nulls = image[:null_bytes]
            plan = plans.get(nulls)
            if plan is None:
                plan = self._plan(nulls)
            at = 0
            texts = []
            for steps, skip, render in plan:
                for step, width in steps:
                    at += step
                    at += int.from_bytes(image[at : at + width], "little") + width
                at += skip
                texts.append(render(image, at))
            if order is not None:
                texts = [texts[place] for place in order]
            keys.append(texts[0] if len(texts) == 1 else join_key(texts))
        return keys

    def _plan(self, nulls: bytes) -> tuple[_KeyStep, ...]:
        if len(nulls) < self._images.null_bytes:
            raise Damage("a row image ends within its null bitmap")
        sizes = self._images.values(nulls)
        plan: list[_KeyStep] = []
        before, start = 0, self._images.null_bytes
        for place, renderer in zip(self._places, self._renderers, strict=True):
            render = renderer
            if sizes[place] is None and self._null_text is not None:
                render = partial(_constant, self._null_text)
            elif sizes[place] is None:
                column = self._schema.columns[self._images.present[place]]
                what = f"key column {column.name!r} is NULL"
                raise DataProblem(KEY_NULL, what, {"table": self._schema.name, "column": column.name})
            steps, skip = steps_over(sizes[before:place], start)
            plan.append((steps, skip, render))
            before, start = place, 0
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        self._plans[nulls] = tuple(plan)
        return self._plans[nulls]


def _constant(text: str, _image: bytes, _at: int) -> str:
    return text


class PureRowWalker:
    """See ``ingest.codec.RowWalker``. One per (table map, columns-present bitmaps); an absent image's bitmap is b""."""

    def __init__(self, schema: TableSchema, before_present: bytes, after_present: bytes) -> None:
        self._schema = schema
        width = (len(schema.columns) + 7) // 8
        for present in (before_present, after_present):
            if present and len(present) != width:
                raise self._damaged(f"a columns-present bitmap of {len(present)} bytes")
        self._before_present, self._after_present = before_present, after_present
        self._before = _Images(schema, before_present)
        self._after = _Images(schema, after_present)
        self._keys: dict[tuple[bool, tuple[int, ...], str | None], _Keys] = {}

    def walk(self, event: RowsEvent) -> RowBlock:
        """Cut the event's run of images. DataProblem when it doesn't end where the event ends."""
        if event.column_count != len(self._schema.columns):
            raise self._damaged(
                f"a rows event of {event.column_count} columns, the table has {len(self._schema.columns)}"
            )
        try:
            return self._walk(event)
        except Damaged as error:
            raise self._damaged(str(error)) from error

    def keys(
        self,
        images: Sequence[bytes],
        columns: Sequence[int],
        after: bool | None = None,
        null_text: str | None = None,
    ) -> list[str]:
        """The key text of each image; the columns by index into the schema.

        ``after``: the images are after images (else before images). None will do where both kinds hold the same
        columns (always with binlog_row_image=FULL). ``null_text`` stands for NULL; without one a NULL is a
        DataProblem, as is a column that isn't in the image.
        """
        side = self._side(after)
        reader = self._keys.get((side, tuple(columns), null_text))
        if reader is None:
            reader = _Keys(self._schema, self._after if side else self._before, columns, null_text)
            self._keys[side, tuple(columns), null_text] = reader
        try:
            return reader.read(images)
        except Damaged as error:
            raise self._damaged(str(error)) from error

    def _walk(self, event: RowsEvent) -> RowBlock:
        images = [self._before] * (event.kind != Kind.INSERT) + [self._after] * (event.kind != Kind.DELETE)
        if not any(side.present for side in images):
            raise DataProblem(NO_COLUMNS, f"{event.kind.name} rows without columns", {"table": self._schema.name})
        if len(images) == 2:
            return RowBlock(event.kind, *self._pairs(event.images))
        rows = images[0].cut_all(event.images)
        absent = [b""] * len(rows)
        return RowBlock(event.kind, *((absent, rows) if event.kind == Kind.INSERT else (rows, absent)))

    def _pairs(self, data: bytes) -> tuple[list[bytes], list[bytes]]:
        """Before and after image in turn."""
        before: list[bytes] = []
        after: list[bytes] = []
        cut_before, cut_after = self._before.cut, self._after.cut
        at, end = 0, len(data)
        while at < end:
            middle = cut_before(data, at)
            before.append(data[at:middle])
            at = cut_after(data, middle)
            after.append(data[middle:at])
        if at != end:
            raise Damage(f"the last row image ends {at - end} bytes behind the event")
        return before, after

    def _side(self, after: bool | None) -> bool:
        if after is not None:
            return after
        if self._before_present and self._after_present and self._before.present != self._after.present:
            raise DataProblem(
                KEY_ABSENT, "before and after images hold different columns", {"table": self._schema.name}
            )
        return bool(self._after_present)

    def _damaged(self, what: str) -> DataProblem:
        return DataProblem(MALFORMED, what, {"table": self._schema.name})
