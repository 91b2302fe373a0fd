"""NativeSliceDecoder: a slice's row images to Arrow record batches, cut and read by the native core.

    slice -> Arrow buffers (core, without the GIL) -> record batches; columns of other types by the pure readers

Invariants: what comes out equals what ``PureSliceDecoder`` gives. Whatever the core doesn't understand goes to that
decoder, slice by slice, so that it is read after all or the right problem is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import pyarrow as pa

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.row_layout import StoredSize, stored_size
from ingest.binlog.slice_decoder import PureSliceDecoder, with_columns
from ingest.binlog.values.reader import ColumnReader, column_reader
from ingest.codec import DecodedSlice
from ingest.native import core
from ingest.native.column_forms import form_of
from ingest.problems import DataProblem
from ingest.row_kinds import RowKinds
from ingest.schema import TableSchema
from ingest.slices import Kind, Slice

_DECODERS_MAX = 256

Nulled = Counter[tuple[str, str]]
"""How many dates became null, by (table, column)."""


class NativeSliceDecoder:
    """See ``ingest.codec.SliceDecoder``. ``zero_dates``: what becomes of dates that no calendar has."""

    def __init__(self, native: ModuleType, zero_dates: ZeroDates = "null") -> None:
        self._core = native
        self._zero_dates: ZeroDates = zero_dates
        self._pure = PureSliceDecoder(zero_dates)
        self._decoders: dict[tuple[bytes, bytes, bytes | None, tuple[int, ...]], _ImageDecoder] = {}
        self._nulled: Nulled = Counter()

    @property
    def nulled(self) -> Mapping[tuple[str, str], int]:
        """How many dates became null so far, in all that was read, by (table, column)."""
        return dict(self._nulled + Counter(self._pure.nulled))

    def schema_of(self, part: Slice) -> TableSchema:
        """The table of a slice (cached by its bytes)."""
        return self._pure.schema_of(part)

    def decode(self, part: Slice, columns: Sequence[int], before: Sequence[int] | None = None) -> DecodedSlice:
        """See ``SliceDecoder.decode``."""
        wanted = columns if before is None else before
        return self._decode(part, tuple(columns), tuple(wanted)) or self._pure.decode(part, columns, before)

    def _decode(self, part: Slice, columns: tuple[int, ...], wanted: tuple[int, ...]) -> DecodedSlice | None:
        """None: this is for the pure decoder."""
        if not part.rows or len(part.ordinals) != 8 * part.rows or len(part.ends) != 8 * part.rows:
            return None
        schema = self.schema_of(part)
        nulled: Nulled = Counter()
        before_present = None if part.kinds.count(Kind.INSERT) == part.rows else part.before_present
        after_present = None if part.kinds.count(Kind.DELETE) == part.rows else part.after_present
        try:
            after = self._of_image(part, schema, after_present, columns).batch(part, True, nulled)
            images = self._of_image(part, schema, before_present, wanted).batch(part, False, nulled)
            before = with_columns(images, wanted, columns, after.schema)
        except (DataProblem, _NotUnderstood):
            return None
        self._nulled += nulled
        return DecodedSlice(schema, before, after, RowKinds(part.kinds), memoryview(part.ordinals).cast("Q"))

    def _of_image(
        self, part: Slice, schema: TableSchema, present: bytes | None, columns: tuple[int, ...]
    ) -> _ImageDecoder:
        """``present`` is None where no row has the image."""
        key = (part.table_map[8:], part.supplement, present, columns)
        decoder = self._decoders.get(key)
        if decoder is None:
            if len(self._decoders) >= _DECODERS_MAX:
                self._decoders.clear()
            decoder = self._decoders[key] = _ImageDecoder(self._core, schema, present, columns, self._zero_dates)
        return decoder


_Buffers = tuple[int, int, bool, bytes | None, bytes | None, bytes]
"""What the core gives of a column: nulls, dates that became null, whether it is raw, validity, offsets, data."""


class _NotUnderstood(Exception):
    """The core doesn't read this slice."""


class _ImageDecoder:
    """Reads images of one table with one columns-present bitmap (None: there is no image)."""

    def __init__(
        self,
        native: ModuleType,
        schema: TableSchema,
        present: bytes | None,
        columns: tuple[int, ...],
        zero_dates: ZeroDates,
    ) -> None:
        self._table = str(schema.name)
        self._stops = zero_dates == "stop"
        self._readers = [column_reader(schema.columns[index], zero_dates) for index in columns]
        self._arrow_schema = pa.schema([reader.field for reader in self._readers])
        self._images = None if present is None else _images(native, schema, present, columns, zero_dates)

    def batch(self, part: Slice, after: bool, nulled: Nulled) -> pa.RecordBatch:
        """One row per row of the slice. Adds to ``nulled`` the dates that became null."""
        if self._images is None:
            empty = [pa.nulls(part.rows, field.type) for field in self._arrow_schema]
            return pa.RecordBatch.from_arrays(empty, schema=self._arrow_schema)
        columns = self._images.decode(part.images, part.ends, part.kinds, after)
        if columns is None:
            raise _NotUnderstood
        arrays = []
        for reader, column in zip(self._readers, columns, strict=True):
            array, dates = _array(reader, part.rows, column)
            if dates and self._stops:
                raise _NotUnderstood
            if dates:
                nulled[self._table, reader.field.name] += dates
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=self._arrow_schema)


def _images(
    native: ModuleType, schema: TableSchema, present: bytes, columns: tuple[int, ...], zero_dates: ZeroDates
) -> Any:
    """The core's reader. DataProblem, or _NotUnderstood when a column isn't present or comes twice."""
    sizes = []
    for index, column in enumerate(schema.columns):
        is_there = index // 8 < len(present) and present[index // 8] >> (index % 8) & 1
        size = stored_size(column) if is_there else StoredSize(0)
        sizes.append((size.fixed, size.length_bytes))
    try:
        return native.ImageColumns(
            sizes, present, [(index, form_of(schema.columns[index], zero_dates)) for index in columns]
        )
    except ValueError:
        raise _NotUnderstood from None


def _array(reader: ColumnReader, rows: int, column: _Buffers) -> tuple[pa.Array, int]:
    """A column, and how many of its dates became null."""
    nulls, dates, is_raw, *buffers = column
    validity, offsets, data = [None if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    parts = [validity, data] if offsets is None else [validity, offsets, data]
    if is_raw:
        return _read_raw(reader, pa.Array.from_buffers(pa.binary(), rows, parts, null_count=nulls))
    return pa.Array.from_buffers(reader.field.type, rows, parts, null_count=nulls), dates


def _read_raw(reader: ColumnReader, raws: pa.Array) -> tuple[pa.Array, int]:
    """A column by its pure reader, and how many of its dates became null."""
    values = reader.read(raws.drop_null().to_pylist())
    nulled = values.null_count
    if not raws.null_count:
        return values, nulled
    places = iter(range(len(values)))
    return values.take(
        pa.array([next(places) if there else None for there in raws.is_valid().to_pylist()], pa.int32())
    ), nulled


CountingDecoder = NativeSliceDecoder | PureSliceDecoder
"""A decoder that counts the dates that became null."""


def new_slice_decoder(zero_dates: ZeroDates = "null") -> CountingDecoder:
    """The native decoder where the core was built, else the pure one."""
    found = core()
    return PureSliceDecoder(zero_dates) if found is None else NativeSliceDecoder(found, zero_dates)
