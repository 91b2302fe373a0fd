"""One row change as a dead letter keeps it: all that the rules need to be run on it again, and nothing of its epoch.

    slice, row number --cut_row--> StoredRow --pack--> bytes (the store) --unpack--> StoredRow --as_slice--> slice

Invariant: a slice made of a stored row decodes to what the row was, whatever became of the table since: the table map
and its supplement are kept with it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from ingest.slices import Kind, Slice, TransactionStamp

FORMAT = 1
_HEAD = struct.Struct("<BBI")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row change of one rule. The fields are those of ``Slice``; an absent image is b""."""

    rule: int
    kind: Kind
    table_map: bytes
    supplement: bytes
    before_present: bytes
    after_present: bytes
    before: bytes
    after: bytes

    def _buffers(self) -> tuple[bytes, ...]:
        return self.table_map, self.supplement, self.before_present, self.after_present, self.before, self.after

    def pack(self) -> bytes:
        """As bytes: format (u8), kind (u8), rule (u32), then the buffers, each behind its length (u32), compressed."""
        parts = [part for buffer in self._buffers() for part in (_LENGTH.pack(len(buffer)), buffer)]
        return _HEAD.pack(FORMAT, self.kind, self.rule) + zlib.compress(b"".join(parts), 1)

    def as_slice(self, ordinal: int, stamp: TransactionStamp) -> Slice:
        """The row as a slice of its own. It is a tail's: what the sink holds of the document isn't known, so that a row
        which the rules leave out by now deletes it."""
        middle = len(self.before)
        return Slice(
            rule=self.rule,
            table_map=self.table_map,
            supplement=self.supplement,
            before_present=self.before_present,
            after_present=self.after_present,
            kinds=bytes([self.kind]),
            ordinals=struct.pack("<Q", ordinal),
            images=self.before + self.after,
            ends=struct.pack("<II", middle, middle + len(self.after)),
            packed_stamps=stamp.pack(),
            stamp_of=struct.pack("<I", 0),
            tail=True,
        )


def unpack_row(packed: bytes) -> StoredRow:
    """Packed bytes to the row. ValueError when they aren't whole, or of another format."""
    try:
        version, kind, rule = _HEAD.unpack_from(packed)
        if version != FORMAT:
            raise ValueError(f"a stored row of format {version}; this program reads format {FORMAT}")
        body = zlib.decompress(packed[_HEAD.size :])
        buffers, at = [], 0
        while at < len(body):
            (size,) = _LENGTH.unpack_from(body, at)
            at += _LENGTH.size + size
            buffers.append(body[at - size : at])
        if at != len(body) or len(buffers) != len(StoredRow.__dataclass_fields__) - 2:
            raise ValueError("a stored row that isn't whole")
        return StoredRow(rule, Kind(kind), *buffers)
    except (struct.error, zlib.error) as error:
        raise ValueError(f"a stored row that isn't whole: {error}") from None


def cut_row(part: Slice, row: int) -> tuple[StoredRow, TransactionStamp]:
    """One row of a slice, and the transaction that it came from."""
    ends = memoryview(part.ends).cast("I")
    start = ends[2 * row - 1] if row else 0
    middle, end = ends[2 * row], ends[2 * row + 1]
    kept = StoredRow(
        part.rule,
        Kind(part.kinds[row]),
        part.table_map,
        part.supplement,
        part.before_present,
        part.after_present,
        bytes(part.images[start:middle]),
        bytes(part.images[middle:end]),
    )
    return kept, part.stamps[memoryview(part.stamp_of).cast("I")[row]]
