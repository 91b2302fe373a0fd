"""One lane's changes between the stream and its shards: ordinals, buffers, and the ledger of transactions.

The dispatcher decides (phases, credits, records); a flow does what is done for every transaction and row. There are two:
``PureFlow`` here, and the native core's (``ingest.native.flow``), into which a stream can put rows by itself.

Invariants: a row's bytes are held once; ``size_bytes`` counts them (invariant 6); the ledger never passes an ordinal that
isn't acknowledged (invariant 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.lane.buffers import ShardBuffer, SliceShape
from ingest.lane.frontier import Frontier, Ledger
from ingest.slices import Kind, Slice, TransactionStamp
from ingest.version import ORDINAL_MAX


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """``frontier``: where the epoch begins. A batch is cut at ``batch_rows`` or ``batch_bytes``; the stream pauses when
    ``buffer_bytes`` wait."""

    frontier: Frontier
    shards: int
    batch_rows: int
    batch_bytes: int
    buffer_bytes: int


@dataclass(frozen=True, slots=True)
class FlowBatch:
    """A parcel's content before it gets its sequence number."""

    rows: int
    size_bytes: int
    first_ordinal: int
    last_ordinal: int
    slices: Sequence[Slice]


class LaneFlow(Protocol):
    """See the module. Transactions come one after the other: begin, its changes, end."""

    @property
    def ordinal(self) -> int:
        """The last row change's ordinal."""

    @property
    def size_bytes(self) -> int:
        """Bytes of rows that wait for a shard."""

    @property
    def rows(self) -> int:
        """Rows that wait for a shard."""

    @property
    def wants(self) -> bool:
        """Are the current transaction's changes wanted? (No: the frontier holds it, or there is none.)"""

    @property
    def open_gtid(self) -> str | None:
        """The current transaction whose changes are wanted, or None."""

    def begin(self, stamp: TransactionStamp) -> bool:
        """A transaction begins. False when the frontier holds it: its changes aren't wanted then."""

    def next_ordinal(self) -> int | None:
        """The ordinal of the transaction's next change; None for one that the frontier's partial transaction holds.
        OverflowError when the epoch's ordinals are used up."""

    def add(
        self,
        shard: int,
        shape: SliceShape,
        kind: Kind,
        ordinal: int,
        before: bytes,
        after: bytes,
        stamp: bytes | None = None,
    ) -> None:
        """A row for a shard; an absent image is b"". ``stamp``: its own, packed (a tail's), else the current one's."""

    def end(self, gtid: str) -> None:
        """The current transaction is complete."""

    def shard_rows(self, shard: int) -> int:
        """Rows that wait for a shard."""

    def first_ordinal(self, shard: int) -> int | None:
        """The lowest ordinal that waits for a shard, or None."""

    def next_last_ordinal(self, shard: int, *, partial: bool) -> int | None:
        """The highest ordinal of the batch that ``take`` would give, or None when there is none (a batch that isn't full
        counts only when ``partial``)."""

    def take(self, shard: int) -> FlowBatch:
        """The shard's next batch: a full one, else the growing one."""

    def cut(self) -> None:
        """What comes from now on goes into other batches than what waits."""

    def advance(self, watermark: int) -> Frontier:
        """All row changes up to ``watermark`` are applied: the frontier that follows."""

    def holds(self, gtid: str) -> bool:
        """Does the frontier hold the transaction?"""


class PureFlow:
    """See ``LaneFlow``."""

    def __init__(self, plan: FlowPlan) -> None:
        self._ledger = Ledger(plan.frontier)
        self._shards = [ShardBuffer(plan.batch_rows, plan.batch_bytes) for _ in range(plan.shards)]
        self._skip = 0
        self._stamp: bytes | None = None
        self.ordinal = 0

    @property
    def size_bytes(self) -> int:
        """See ``LaneFlow``."""
        return sum(shard.size_bytes for shard in self._shards)

    @property
    def rows(self) -> int:
        """See ``LaneFlow``."""
        return sum(shard.rows for shard in self._shards)

    @property
    def wants(self) -> bool:
        """See ``LaneFlow``."""
        return self._stamp is not None

    @property
    def open_gtid(self) -> str | None:
        """See ``LaneFlow``."""
        return self._ledger.newest if self._stamp is not None else None

    def begin(self, stamp: TransactionStamp) -> bool:
        """See ``LaneFlow``."""
        self._stamp = None
        if self._ledger.holds(stamp.gtid):
            return False
        self._skip = self._ledger.begin(stamp.gtid, self.ordinal)
        self._stamp = stamp.pack()
        return True

    def next_ordinal(self) -> int | None:
        """See ``LaneFlow``."""
        if self._skip:
            self._skip -= 1
            return None
        if self.ordinal >= ORDINAL_MAX:
            raise OverflowError("the epoch's ordinals are used up; a new epoch is needed")
        self.ordinal += 1
        return self.ordinal

    def add(
        self,
        shard: int,
        shape: SliceShape,
        kind: Kind,
        ordinal: int,
        before: bytes,
        after: bytes,
        stamp: bytes | None = None,
    ) -> None:
        """See ``LaneFlow``."""
        stamp = self._stamp if stamp is None else stamp
        assert stamp is not None, "a row outside a transaction"
        self._shards[shard].add(shape, kind, ordinal, before, after, stamp)

    def end(self, gtid: str) -> None:
        """See ``LaneFlow``."""
        if self._stamp is not None:
            self._ledger.end(gtid, self.ordinal)
            self._stamp = None

    def shard_rows(self, shard: int) -> int:
        """See ``LaneFlow``."""
        return self._shards[shard].rows

    def first_ordinal(self, shard: int) -> int | None:
        """See ``LaneFlow``."""
        return self._shards[shard].first_ordinal()

    def next_last_ordinal(self, shard: int, *, partial: bool) -> int | None:
        """See ``LaneFlow``."""
        return self._shards[shard].next_last_ordinal(partial=partial)

    def take(self, shard: int) -> FlowBatch:
        """See ``LaneFlow``."""
        batch = self._shards[shard].take()
        return FlowBatch(batch.rows, batch.size_bytes, batch.first_ordinal, batch.last_ordinal, batch.slices())

    def cut(self) -> None:
        """See ``LaneFlow``."""
        for shard in self._shards:
            shard.cut()

    def advance(self, watermark: int) -> Frontier:
        """See ``LaneFlow``."""
        return self._ledger.advance(watermark)

    def holds(self, gtid: str) -> bool:
        """See ``LaneFlow``."""
        return self._ledger.holds(gtid)
