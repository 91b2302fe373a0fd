"""What the reader hands a shard: raw row images with their versions, as a few buffers.

Rows cross Ray as bytes and become columns where they are used (design: "Rows cross Ray as bytes"). A ``Slice`` holds
row images of one table map for one rule; a ``Parcel`` is one call's worth of slices for one shard, in order.

Invariants: ordinals rise within a slice; every image of a slice was written under its
``table_map``; a parcel is self-contained (a shard needs nothing but its rules to apply it). The slices of a parcel are
grouped by shape, not ordered: the shard coalesces a parcel per document, highest version wins.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass


class Kind(enum.IntEnum):
    """What happened to the row, seen from one document key.

    An update that changes the document key arrives as a DELETE at the old key's shard (before image only) and an
    INSERT at the new key's (after image only), with one ordinal.
    """

    INSERT = 1
    UPDATE = 2
    DELETE = 3


SNAPSHOT_GTID = "snapshot"
"""Stands for the transaction of rows that a snapshot read; their commit time is that of the reading."""


@dataclass(frozen=True, slots=True)
class TransactionStamp:
    """Where changes came from: GTID text, commit time on the source in microseconds since 1970, binlog position."""

    gtid: str
    commit_us: int
    file: str
    position: int

    @property
    def is_snapshot(self) -> bool:
        """Is it that of rows of a snapshot?"""
        return self.gtid == SNAPSHOT_GTID

    def pack(self) -> bytes:
        """As bytes: commit time and position (u64), then GTID and file, each behind its length (u16); little-endian."""
        gtid, file = self.gtid.encode(), self.file.encode()
        head = struct.pack("<QQH", self.commit_us, self.position, len(gtid))
        return b"".join((head, gtid, struct.pack("<H", len(file)), file))


def unpack_stamps(packed: bytes) -> tuple[TransactionStamp, ...]:
    """Packed stamps, one behind the other. ValueError when they end within one."""
    stamps = []
    at = 0
    while at < len(packed):
        try:
            commit_us, position, size = struct.unpack_from("<QQH", packed, at)
            middle = at + 18 + size
            (file_size,) = struct.unpack_from("<H", packed, middle)
        except struct.error:
            raise ValueError("packed stamps end within one") from None
        end = middle + 2 + file_size
        if end > len(packed):
            raise ValueError("packed stamps end within one")
        gtid, file = packed[at + 18 : middle].decode(), packed[middle + 2 : end].decode()
        stamps.append(TransactionStamp(gtid, commit_us, file, position))
        at = end
    return tuple(stamps)


@dataclass(frozen=True, slots=True)
class Slice:
    """Row images of one table map for one rule.

    ``rule``: index into the lane's rules. ``table_map``: the TABLE_MAP event's body (no header, no checksum);
    ``supplement``: what the server didn't send of the schema (b"" when it sent all), see ``binlog/supplement.py``.
    ``kinds``: one Kind per row. ``ordinals``: little-endian u64 per row. ``images``: before image then after image of
    each row, concatenated; ``ends``: little-endian u32, two per row: where its before image and its after image end in
    ``images`` (an absent image has zero length). ``before_present`` / ``after_present``: the columns-present bitmaps.
    ``packed_stamps`` (``TransactionStamp.pack``) and ``stamp_of`` (little-endian u32 per row): the transaction of each
    row.
    ``tail``: earlier history of these keys may be unknown to the sink (a coalesced tail): a row that doesn't pass the
    filter must then delete its document, even if its before image didn't pass either.
    """

    rule: int
    table_map: bytes
    supplement: bytes
    before_present: bytes
    after_present: bytes
    kinds: bytes
    ordinals: bytes
    images: bytes
    ends: bytes
    packed_stamps: bytes
    stamp_of: bytes
    tail: bool = False

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.kinds)

    @property
    def stamps(self) -> tuple[TransactionStamp, ...]:
        """The transactions of the rows."""
        return unpack_stamps(self.packed_stamps)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One call's worth for one shard: ``sequence`` rises by one per parcel within (lane, shard, epoch). ``barrier``: the
    ordinal of a cut (``ingest.lane.cuts``), all of which up to there this parcel ends for the shard."""

    lane: str
    shard: int
    epoch: int
    sequence: int
    slices: tuple[Slice, ...]
    last_ordinal: int
    barrier: int | None = None

    @property
    def rows(self) -> int:
        """How many rows in all slices."""
        return sum(part.rows for part in self.slices)
