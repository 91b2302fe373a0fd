"""Rows waiting for a shard, cut into slices and parcels.

Within a parcel rows are grouped by what decodes them alike: (rule, table map, bitmaps). Their order across groups
needn't be kept: the shard coalesces a parcel per document key, highest version wins.

Invariant: a row's bytes are held once; ``size_bytes`` counts them (the lane's memory bound rests on it).
"""

from __future__ import annotations

import array
import sys
from collections import deque
from dataclasses import dataclass, field

from ingest.slices import Kind, Slice

ROW_OVERHEAD_BYTES = 64
"""What a buffered row costs beside its images (measured: kinds, ordinals, offsets and two bytes objects)."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceShape:
    """What all rows of a slice share. Compared by identity: the router makes one per distinct shape. ``place``: what the
    table decides of its documents' place."""

    rule: int
    table_map: bytes
    supplement: bytes
    before_present: bytes
    after_present: bytes
    place: str = ""
    tail: bool = False


@dataclass(slots=True)
class _SliceBuilder:
    """Collects rows of one shape."""

    kinds: bytearray = field(default_factory=bytearray)
    ordinals: array.array[int] = field(default_factory=lambda: array.array("Q"))
    images: list[bytes] = field(default_factory=list)
    ends: array.array[int] = field(default_factory=lambda: array.array("I"))
    stamps: list[bytes] = field(default_factory=list)
    stamp_of: array.array[int] = field(default_factory=lambda: array.array("I"))
    end: int = 0

    def add(self, kind: Kind, ordinal: int, before: bytes, after: bytes, stamp: bytes) -> None:
        """Append one row."""
        self.kinds.append(kind)
        self.ordinals.append(ordinal)
        self.images.append(before)
        self.images.append(after)
        middle = self.end + len(before)
        self.end = middle + len(after)
        self.ends.append(middle)
        self.ends.append(self.end)
        if not self.stamps or self.stamps[-1] != stamp:
            self.stamps.append(stamp)
        self.stamp_of.append(len(self.stamps) - 1)

    def build(self, shape: SliceShape) -> Slice:
        """The finished slice."""
        return Slice(
            shape.rule,
            shape.table_map,
            shape.supplement,
            shape.before_present,
            shape.after_present,
            bytes(self.kinds),
            _little_endian(self.ordinals),
            b"".join(self.images),
            _little_endian(self.ends),
            b"".join(self.stamps),
            _little_endian(self.stamp_of),
            shape.tail,
        )


def _little_endian(numbers: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


@dataclass(slots=True)
class Batch:
    """A parcel's content before it gets its sequence number."""

    rows: int = 0
    size_bytes: int = 0
    first_ordinal: int = 0
    last_ordinal: int = 0
    _builders: dict[SliceShape, _SliceBuilder] = field(default_factory=dict)

    def add(self, shape: SliceShape, kind: Kind, ordinal: int, before: bytes, after: bytes, stamp: bytes) -> int:
        """Append one row (ordinals may come in any order in a tail). Returns its size in bytes."""
        builder = self._builders.get(shape)
        if builder is None:
            builder = self._builders[shape] = _SliceBuilder()
        builder.add(kind, ordinal, before, after, stamp)
        if not self.rows or ordinal < self.first_ordinal:
            self.first_ordinal = ordinal
        self.last_ordinal = max(self.last_ordinal, ordinal)
        size = len(before) + len(after) + ROW_OVERHEAD_BYTES
        self.rows += 1
        self.size_bytes += size
        return size

    def slices(self) -> tuple[Slice, ...]:
        """The rows as slices."""
        return tuple(builder.build(shape) for shape, builder in self._builders.items())


class ShardBuffer:
    """The rows waiting for one shard, as full batches and one that still grows."""

    def __init__(self, batch_rows: int, batch_bytes: int) -> None:
        self._batch_rows = batch_rows
        self._batch_bytes = batch_bytes
        self._full: deque[Batch] = deque()
        self._growing = Batch()
        self.size_bytes = 0
        self.rows = 0

    def add(self, shape: SliceShape, kind: Kind, ordinal: int, before: bytes, after: bytes, stamp: bytes) -> None:
        """Append one row change; an absent image is b""."""
        growing = self._growing
        self.size_bytes += growing.add(shape, kind, ordinal, before, after, stamp)
        self.rows += 1
        if growing.rows >= self._batch_rows or growing.size_bytes >= self._batch_bytes:
            self._full.append(growing)
            self._growing = Batch()

    def cut(self) -> None:
        """What comes from now on goes into another batch than what waits."""
        if self._growing.rows:
            self._full.append(self._growing)
            self._growing = Batch()

    def first_ordinal(self) -> int | None:
        """The lowest ordinal that waits, or None."""
        if self._full:
            return self._full[0].first_ordinal
        return self._growing.first_ordinal if self._growing.rows else None

    def next_last_ordinal(self, *, partial: bool) -> int | None:
        """The highest ordinal of the batch that ``take`` would give, or None when there is none."""
        if self._full:
            return self._full[0].last_ordinal
        return self._growing.last_ordinal if partial and self._growing.rows else None

    def take(self) -> Batch:
        """The next batch: a full one, else the growing one."""
        if self._full:
            batch = self._full.popleft()
        else:
            batch, self._growing = self._growing, Batch()
        self.rows -= batch.rows
        self.size_bytes -= batch.size_bytes
        return batch
