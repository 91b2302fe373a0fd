"""PureSliceDecoder: a slice's row images to Arrow record batches, in pure Python and pyarrow.

    slice -> spans of its images -> columns of raw bytes (image_splitter.py) -> Arrow arrays (values/)

What is known before the first row (which columns, how to read each) is prepared once per table map, columns-present
bitmap and choice of columns. Invariants: only DataProblem comes out, naming table, column and row; an image that
should be there is, and has every column asked for; a date that became null is counted.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import pyarrow as pa

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.image_splitter import ImageSplitter, Raw, Span
from ingest.binlog.table_map import table_schema
from ingest.binlog.values.malformed import malformed
from ingest.binlog.values.reader import ColumnReader, column_reader
from ingest.codec import DecodedSlice
from ingest.problems import DataProblem, Problem, declare
from ingest.schema import TableSchema
from ingest.slices import Kind, Slice

ROW_IMAGE_MINIMAL = declare(
    "row_image.minimal",
    "A row image in the binlog doesn't hold a column that a rule needs.",
    "Set binlog_row_image=FULL on the source and in every session that writes, then take a snapshot of the table.",
)
SLICE_MALFORMED = declare(
    "slice.malformed",
    "A slice's parts don't fit together.",
    "Report it: the reader and the shard disagree about the form of a slice.",
)

_DECODERS_MAX = 256
_KINDS = (None, Kind.INSERT, Kind.UPDATE, Kind.DELETE)
_BEFORE, _AFTER = 1, 2
#: Which images a row of each kind has, by the kind's number.
_IMAGES_OF_KIND = bytes.maketrans(bytes((Kind.INSERT, Kind.UPDATE, Kind.DELETE)), bytes((_AFTER, 3, _BEFORE)))


class PureSliceDecoder:
    """See ``ingest.codec.SliceDecoder``. ``zero_dates``: what becomes of dates that no calendar has."""

    def __init__(self, zero_dates: ZeroDates = "null") -> None:
        self._zero_dates: ZeroDates = zero_dates
        self._decoders: dict[tuple[bytes, bytes, bytes | None, tuple[int, ...]], _ImageDecoder] = {}
        self._nulled: dict[tuple[str, str], int] = {}

    @property
    def nulled(self) -> Mapping[tuple[str, str], int]:
        """How many dates became null so far, in all that was read, by (table, column)."""
        return dict(self._nulled)

    def schema_of(self, part: Slice) -> TableSchema:
        """The table of a slice (cached by its bytes)."""
        return table_schema(part.table_map, part.supplement)

    def decode(self, part: Slice, columns: Sequence[int], before: Sequence[int] | None = None) -> DecodedSlice:
        """See ``SliceDecoder.decode``."""
        schema = self.schema_of(part)
        wanted = columns if before is None else before
        spans_before, spans_after = _spans(part)
        before_present = None if part.kinds.count(Kind.INSERT) == part.rows else part.before_present
        after_present = None if part.kinds.count(Kind.DELETE) == part.rows else part.after_present
        images_before = self._batch(part, schema, before_present, spans_before, tuple(wanted))
        images_after = self._batch(part, schema, after_present, spans_after, tuple(columns))
        return DecodedSlice(
            schema,
            before=with_columns(images_before, wanted, columns, images_after.schema),
            after=images_after,
            kinds=[_KINDS[kind] or Kind(kind) for kind in part.kinds],
            ordinals=struct.unpack(f"<{part.rows}Q", part.ordinals),
        )

    def _batch(
        self, part: Slice, schema: TableSchema, present: bytes | None, spans: Sequence[Span], columns: tuple[int, ...]
    ) -> pa.RecordBatch:
        """``present`` is None where no row has the image."""
        key = (part.table_map[8:], part.supplement, present, columns)
        decoder = self._decoders.get(key)
        if decoder is None:
            if len(self._decoders) >= _DECODERS_MAX:
                self._decoders.clear()
            decoder = self._decoders[key] = _ImageDecoder(schema, present, columns, self._zero_dates)
        return decoder.batch(part, spans, self._nulled)


class _ImageDecoder:
    """Decodes images of one table with one columns-present bitmap (None: there is no image)."""

    def __init__(
        self, schema: TableSchema, present: bytes | None, columns: tuple[int, ...], zero_dates: ZeroDates
    ) -> None:
        self._table = str(schema.name)
        self._readers = [_named_reader(schema, index, zero_dates) for index in columns]
        self._arrow_schema = pa.schema([reader.field for reader in self._readers])
        self._splitter = None if present is None else _splitter(schema, present, columns)

    def batch(self, part: Slice, spans: Sequence[Span], nulled: dict[tuple[str, str], int]) -> pa.RecordBatch:
        """One row per span. Adds to ``nulled`` the dates that became null."""
        if self._splitter is None:
            empty = [pa.nulls(len(spans), field.type) for field in self._arrow_schema]
            return pa.RecordBatch.from_arrays(empty, schema=self._arrow_schema)
        try:
            columns = self._splitter.split(part.images, spans)
        except DataProblem as problem:
            raise problem.with_where(table=self._table) from None
        arrays = []
        for reader, raws in zip(self._readers, columns, strict=True):
            array, count = self._read(part, reader, raws)
            arrays.append(array)
            if count:
                place = (self._table, reader.field.name)
                nulled[place] = nulled.get(place, 0) + count
        return pa.RecordBatch.from_arrays(arrays, schema=self._arrow_schema)

    def _read(self, part: Slice, reader: ColumnReader, raws: Sequence[Raw]) -> tuple[pa.Array, int]:
        """One column, and how many of its dates became null."""
        values = [raw for raw in raws if raw is not None]
        try:
            array = reader.read(values)
        except DataProblem as problem:
            raise self._where(problem, part, reader, raws) from None
        count = array.null_count
        return (array if len(values) == len(raws) else _with_nulls(array, raws)), count

    def _where(self, problem: Problem, part: Slice, reader: ColumnReader, raws: Sequence[Raw]) -> Problem:
        """The problem of the first row that has one, with its place."""
        for row, raw in enumerate(raws):
            try:
                reader.read([] if raw is None else [raw])
            except DataProblem as found:
                problem = found.with_where(**_row_place(part, row))
                break
        return problem.with_where(table=self._table, column=reader.field.name)


def with_columns(
    images: pa.RecordBatch, read: Sequence[int], columns: Sequence[int], schema: pa.Schema
) -> pa.RecordBatch:
    """Images of which some columns were read, with all columns: null where they weren't."""
    if tuple(read) == tuple(columns):
        return images
    arrays = dict(zip(read, images.columns, strict=True))
    found = [
        arrays[index] if index in arrays else pa.nulls(images.num_rows, field.type)
        for index, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(found, schema=schema)


def _spans(part: Slice) -> tuple[Sequence[Span], Sequence[Span]]:
    """Where each row's image before and after lies. DataProblem ``slice.malformed`` unless they follow each other to
    the end and are there as the row's kind says.
    """
    rows = part.rows
    if len(part.ends) != 8 * rows or len(part.ordinals) != 8 * rows:
        raise _slice_problem(f"{rows} rows, but {len(part.ends)} bytes of ends, {len(part.ordinals)} of ordinals")
    ends = struct.unpack(f"<{2 * rows}I", part.ends)
    starts = (0, *ends[:-1])
    last = ends[-1] if ends else 0
    if list(ends) != sorted(ends) or last != len(part.images):
        raise _slice_problem(f"its images end at {last} of {len(part.images)} bytes, or not in order")
    before = list(zip(starts[::2], ends[::2], strict=True))
    after = list(zip(starts[1::2], ends[1::2], strict=True))
    there = bytes([(b[0] != b[1]) | (a[0] != a[1]) << 1 for b, a in zip(before, after, strict=True)])
    if there != part.kinds.translate(_IMAGES_OF_KIND):
        raise _slice_problem("a row has other images than its kind says")
    return before, after


def _slice_problem(what: str) -> DataProblem:
    return DataProblem(SLICE_MALFORMED, f"a slice is malformed: {what}")


def _named_reader(schema: TableSchema, index: int, zero_dates: ZeroDates) -> ColumnReader:
    column = schema.columns[index]
    try:
        return column_reader(column, zero_dates)
    except DataProblem as problem:
        raise problem.with_where(table=schema.name, column=column.name) from None


def _splitter(schema: TableSchema, present: bytes, columns: Sequence[int]) -> ImageSplitter:
    """DataProblem ``row_image.minimal`` when a wanted column isn't present."""
    if len(present) != (len(schema.columns) + 7) // 8:
        raise malformed(f"{len(schema.columns)} columns, but a columns-present bitmap of {len(present)} bytes")
    absent = [schema.columns[index].name for index in columns if not present[index // 8] >> (index % 8) & 1]
    if absent:
        names = ", ".join(absent)
        what = f"the row image of {schema.name} doesn't hold {names}"
        raise DataProblem(ROW_IMAGE_MINIMAL, what, {"table": schema.name, "columns": names})
    return ImageSplitter(schema, present, columns)


def _with_nulls(array: pa.Array, raws: Sequence[Raw]) -> pa.Array:
    """An array of the values that are there, spread out with nulls where a raw value is None."""
    places: list[int | None] = []
    place = 0
    for raw in raws:
        if raw is None:
            places.append(None)
        else:
            places.append(place)
            place += 1
    return array.take(pa.array(places, pa.int32()))


def _row_place(part: Slice, row: int) -> dict[str, object]:
    """What names a row: its ordinal in the epoch and its transaction."""
    (ordinal,) = struct.unpack_from("<Q", part.ordinals, 8 * row)
    place: dict[str, object] = {"ordinal": ordinal}
    if len(part.stamp_of) == 4 * part.rows:
        (stamp,) = struct.unpack_from("<I", part.stamp_of, 4 * row)
        if stamp < len(part.stamps):
            place["gtid"] = part.stamps[stamp].gtid
    return place
