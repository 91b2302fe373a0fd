"""One lane's epoch: row changes in, parcels out; acks in, checkpoint records out.

    begin/change/end --> ordinals --> tail (coalesced) or shard buffers --> next_parcel --> (shard)
    acked --> watermark --> ledger --> frontier --> checkpoint_due --> (store) --> durable --> reserve

A lane whose sink keeps state (``ingest.sinks.state``) has no tail and no reserve; its records are of a cut (``cuts.py``) and
hold every shard's state as of it.

Phases: TAIL while reading what an earlier epoch may have applied; APPLYING_TAIL while what was kept goes out; LIVE.

Invariants: the frontier passes only acked changes, and none of a tail before all of it is acked (1); no parcel goes
out past the durable reserve (2: it bounds the next tail); at most ``window`` parcels of a shard are in flight and
about ``buffer_bytes`` wait (6).
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.keys import shard_of
from ingest.lane.buffers import SliceShape
from ingest.lane.cuts import Cuts, DurableState
from ingest.lane.flow import FlowBatch, FlowPlan, LaneFlow
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.large import LargeTransactions
from ingest.lane.resume import ResumePoint
from ingest.lane.tail import TailCoalescer, TailRow
from ingest.slices import Kind, Parcel, TransactionStamp
from ingest.version import ORDINAL_MAX

DocumentChange = tuple[str, str, SliceShape, Kind, bytes, bytes]
"""What a row change means for one document: (document key, identity, shape, kind, before image, after image). The
identity is the key and the columns that decide the document's place (index, table, routing) or a part of it."""


class Phase(enum.Enum):
    """How far a lane's epoch has come."""

    TAIL = "tail"
    APPLYING_TAIL = "applying_tail"
    LIVE = "live"


@dataclass(slots=True)
class _Flight:
    """A parcel on its way."""

    sequence: int
    first_ordinal: int
    rows: int
    size_bytes: int


@dataclass(slots=True)
class _Shard:
    """One shard's credits."""

    flights: deque[_Flight]
    sequence: int = 0
    waiting_since_ms: float | None = None


class LaneDispatcher:
    """See the module. Not thread-safe: one reader drives it. Times are monotonic milliseconds, handed in. ``large``: what
    judges transactions before their changes come here; records say by which policy. ``records``: how many it has given; the
    number of the newest."""

    def __init__(
        self,
        plan: LanePlan,
        resume: ResumePoint,
        tail: TailCoalescer,
        flow: Callable[[FlowPlan], LaneFlow],
        large: LargeTransactions | None = None,
    ) -> None:
        self.plan = plan
        self.large = large
        self.flow = flow(FlowPlan(resume.frontier, plan.shards, plan.batch_rows, plan.batch_bytes, plan.buffer_bytes))
        self.phase = Phase.LIVE if resume.tail_rows == 0 else Phase.TAIL
        self._tail_rows = resume.tail_rows
        self._tail = tail
        self._draining: Iterator[TailRow] | None = None
        self._tail_last_ordinal = 0
        self._held: list[TailRow] = []
        self._missing = GtidSet.parse(resume.end).subtract(GtidSet.parse(resume.frontier.executed))
        self._missing_count = self._missing.count()
        self._shards = [_Shard(deque()) for _ in range(plan.shards)]
        self._stamp = b""
        self._cuts = Cuts(plan.shards) if plan.state else None
        self._durable_reserve = ORDINAL_MAX if plan.state else 0
        self._committing: tuple[int, Frontier, int] | None = None
        self._durable_frontier: Frontier | None = None
        self.records = 0
        self._committed_at_ms = float("-inf")
        self._applied_before = resume.applied_rows
        self._partial_rows = resume.frontier.partial_rows
        self._begun_before = resume.frontier.partial_gtid
        self._reach = resume.reach
        self._stands = resume.stands
        self.lost = resume.lost
        self._schema_history = resume.schema_history
        self._later_histories: deque[tuple[str, str]] = deque()
        if self.phase is Phase.TAIL and not self._missing:
            self._end_tail()

    # --- the stream ---------------------------------------------------------------------------------------------

    def begin(self, stamp: TransactionStamp) -> bool:
        """A transaction begins. False when the frontier holds it: its changes aren't wanted then."""
        if not self.is_flowing:
            self._stamp = stamp.pack()
        return self.flow.begin(stamp)

    @property
    def wants(self) -> bool:
        """Are the current transaction's changes wanted?"""
        return self.flow.wants

    @property
    def is_flowing(self) -> bool:
        """Do changes go to the shards' buffers at once? (Not while a tail is read or goes out.)"""
        return self.phase is Phase.LIVE or (self._draining is None and self.phase is Phase.APPLYING_TAIL)

    def change(self, documents: Sequence[DocumentChange]) -> None:
        """One row change of the current transaction, as what it means for each document it touches. Changes that the
        frontier's partial transaction holds are skipped."""
        flow = self.flow
        if not flow.wants:
            return
        ordinal = flow.next_ordinal()
        if ordinal is None:
            return
        shards = self.plan.shards
        if self.is_flowing:
            for key, _, shape, kind, before, after in documents:
                flow.add(shard_of(key, shards), shape, kind, ordinal, before, after)
            return
        for key, identity, shape, kind, before, after in documents:
            row = TailRow(shard_of(key, shards), shape, kind, ordinal, before, after, self._stamp)
            if self.phase is Phase.TAIL:
                self._tail.add(identity, row)
            else:
                self._held.append(row)
        if self.phase is Phase.TAIL and ordinal == self._tail_rows:
            self._end_tail()

    def end(self, gtid: str) -> None:
        """The current transaction is complete."""
        if not self.flow.wants:
            return
        self.flow.end(gtid)
        if self.phase is Phase.TAIL:
            self._missing_count -= gtid in self._missing
            if not self._missing_count:
                self._end_tail()

    def _end_tail(self) -> None:
        self.phase = Phase.APPLYING_TAIL
        self._tail_last_ordinal = self.flow.ordinal
        self._draining = self._tail.drain()

    def pump_tail(self) -> None:
        """Move what the tail kept towards the shards while there is room; live changes wait until it's through
        (``accepts_changes``).
        """
        if self._draining is None:
            return
        while self.buffered_bytes < self.plan.buffer_bytes:
            row = next(self._draining, None)
            if row is None:
                self._draining = None
                break
            self._enqueue(row)
        if self._draining is None:
            for row in self._held:
                self._enqueue(row)
            self._held.clear()

    def _enqueue(self, row: TailRow) -> None:
        self.flow.add(row.shard, row.shape, row.kind, row.ordinal, row.before, row.after, row.stamp)

    @property
    def accepts_changes(self) -> bool:
        """May the stream go on? Not while a tail is going out, nor past the buffer's bound."""
        return self._draining is None and self.buffered_bytes < self.plan.buffer_bytes

    @property
    def buffered_bytes(self) -> int:
        """Bytes of row images that wait for a shard."""
        return self.flow.size_bytes

    # --- to the shards and back ---------------------------------------------------------------------------------

    def next_parcel(self, now_ms: float, *, dry: bool) -> Parcel | None:
        """A parcel that may go out now, or None. ``dry``: the socket has nothing more for the moment.

        An idle shard gets what there is when the stream is dry or ``flush_ms`` have passed; a busy one only full
        batches, so that batches grow by themselves.
        """
        for number, shard in enumerate(self._shards):
            if len(shard.flights) >= self.plan.window:
                continue
            if self._cuts is not None and self._cuts.is_due(number, self.flow.first_ordinal(number)):
                return self._depart(number, shard, FlowBatch(0, 0, self._cuts.ordinal + 1, self._cuts.ordinal, ()))
            if shard.waiting_since_ms is None and self.flow.shard_rows(number):
                shard.waiting_since_ms = now_ms
            waited = shard.waiting_since_ms is not None and now_ms - shard.waiting_since_ms >= self.plan.flush_ms
            last = self.flow.next_last_ordinal(number, partial=not shard.flights and (dry or waited))
            if last is not None and last <= self._durable_reserve:
                batch = self.flow.take(number)
                shard.waiting_since_ms = now_ms if self.flow.shard_rows(number) else None
                return self._depart(number, shard, batch)
        return None

    def _depart(self, number: int, shard: _Shard, batch: FlowBatch) -> Parcel:
        shard.sequence += 1
        shard.flights.append(_Flight(shard.sequence, batch.first_ordinal, batch.rows, batch.size_bytes))
        barrier = self._cuts.departs(number, self.flow.first_ordinal(number)) if self._cuts is not None else None
        slices, last = tuple(batch.slices), batch.last_ordinal
        return Parcel(self.plan.lane, number, self.plan.epoch, shard.sequence, slices, last, barrier)

    def acked(self, shard: int, sequence: int, state: bytes | None = None) -> None:
        """A shard has made a parcel durable, and so every earlier one: it takes them in order. Answers may come in any
        order (each on a thread of its own). ``state``: the shard's, when the parcel carried a barrier."""
        if self._cuts is not None and state is not None:
            self._cuts.arrived(shard, state)
        if sequence > self._shards[shard].sequence:
            raise AssertionError(f"shard {shard} acknowledged parcel {sequence}, which wasn't sent")
        flights = self._shards[shard].flights
        while flights and flights[0].sequence <= sequence:
            flights.popleft()

    def watermark(self) -> int:
        """Every ordinal up to this one is applied; 0 until a whole tail is."""
        lowest = self.flow.ordinal + 1
        for number, shard in enumerate(self._shards):
            for flight in shard.flights:
                lowest = min(lowest, flight.first_ordinal)
            waiting = self.flow.first_ordinal(number)
            if waiting is not None:
                lowest = min(lowest, waiting)
        if self.phase is Phase.LIVE:
            return lowest - 1
        if self.phase is Phase.APPLYING_TAIL and self._draining is None and lowest > self._tail_last_ordinal:
            self.phase = Phase.LIVE
            return lowest - 1
        return 0

    # --- the checkpoint -----------------------------------------------------------------------------------------

    def checkpoint_due(self, now_ms: float) -> CheckpointRecord | None:
        """The record to make durable now, or None. One at a time: ``durable`` or the epoch's end follows.

        The reserve is written with the rows of the first partial transaction on top: another source may send other
        transactions before that one, and its rows are then counted again.
        """
        if self._committing is not None or self.phase is Phase.TAIL:
            return None
        watermark = self.watermark()
        reserve_short = self._durable_reserve - self.flow.ordinal < self.plan.reserve_rows // 2
        waited_ms = now_ms - self._committed_at_ms
        if self._cuts is not None:
            if not self._is_cut(self._cuts, watermark, waited_ms):
                return None
            watermark = self._cuts.ordinal
        elif not reserve_short and waited_ms < self.plan.checkpoint_ms:
            return None
        frontier = self._frontier_at(watermark)
        if self._stands is not None and self.phase is not Phase.LIVE:
            frontier = self._stands
        if not reserve_short and frontier == self._durable_frontier:
            return None
        reserve = max(self._durable_reserve, self.flow.ordinal + self.plan.reserve_rows)
        state = KeptState(self.plan.state, self._cuts.recorded()) if self._cuts is not None else None
        self._committing = (reserve, frontier, watermark)
        self._committed_at_ms = now_ms
        self.records += 1
        return CheckpointRecord(
            self.plan.lane,
            self.plan.epoch,
            frontier,
            reserve - watermark + self._partial_rows if state is None else 0,
            self.plan.source_uuid,
            self.plan.fingerprint,
            self._history_at_frontier(),
            self._applied_before + watermark,
            self._reach_beyond(frontier),
            self.lost,
            state,
            self.large.policy.drops if self.large is not None else "",
            self.large.exempt if self.large is not None else "",
        )

    def _is_cut(self, cuts: Cuts, watermark: int, waited_ms: float) -> bool:
        """Are all states there, and a record due? Else a cut begins when it is time: where a transaction ends, or, of one
        that doesn't end for long, in its middle (the frontier can name it)."""
        if not cuts.is_recorded:
            assert not cuts.is_complete or watermark >= cuts.ordinal, "a shard gave its state before its acks"
            return cuts.is_complete
        if cuts.ordinal == self.flow.ordinal:  # perhaps transactions without rows for this lane came
            return waited_ms >= self.plan.checkpoint_ms
        within = self.flow.open_gtid
        if within not in (None, self._begun_before) and self._owes_begun():
            return False  # a frontier can name the rows of one transaction only
        if waited_ms >= self.plan.checkpoint_ms * (1 if within is None else 2):
            self.flow.cut()
            cuts.begin(self.flow.ordinal)
        return False

    def _owes_begun(self) -> bool:
        """Isn't the transaction wholly applied yet, of which an earlier epoch applied the first rows?"""
        return self._begun_before is not None and not self.flow.holds(self._begun_before)

    def _frontier_at(self, watermark: int) -> Frontier:
        """The frontier that follows. State holds the rows of a transaction that an earlier epoch had begun, also while
        another source sends others before it; of documents they are as well applied once more."""
        frontier = self.flow.advance(watermark)
        if self._cuts is None or frontier.partial_gtid == self._begun_before or not self._owes_begun():
            return frontier
        assert frontier.partial_gtid is None, "cut within a second transaction"
        return Frontier(frontier.executed, self._begun_before, self._partial_rows)

    def _reach_beyond(self, frontier: Frontier) -> str:
        """What earlier epochs may have applied of, until a frontier holds it all."""
        if self._reach and GtidSet.parse(self._reach).issubset(GtidSet.parse(frontier.executed)):
            self._reach = ""
        return self._reach

    def schema_changed(self, gtid: str, history: str) -> None:
        """The transaction ``gtid`` changed the schema history; records whose frontier holds it carry the new one."""
        self._later_histories.append((gtid, history))

    def _history_at_frontier(self) -> str:
        while self._later_histories and self.flow.holds(self._later_histories[0][0]):
            self._schema_history = self._later_histories.popleft()[1]
        return self._schema_history

    def durable(self) -> DurableState | None:
        """The record given last is durable. What of the lane's state may be shown now, None when it keeps none."""
        if self._committing is None:
            raise AssertionError("no record is being committed")
        reserve, self._durable_frontier, watermark = self._committing
        self._committing = None
        if self._cuts is not None:
            return DurableState(self.plan.epoch, watermark, self._cuts.states)
        self._durable_reserve = reserve
        return None

    # --- for people ---------------------------------------------------------------------------------------------

    @property
    def durable_frontier(self) -> Frontier | None:
        """The frontier of the last durable record of this epoch."""
        return self._durable_frontier

    @property
    def last_ordinal(self) -> int:
        """Row changes read in this epoch."""
        return self.flow.ordinal

    @property
    def in_flight(self) -> int:
        """Parcels out and not acknowledged."""
        return sum(len(shard.flights) for shard in self._shards)

    @property
    def is_busy(self) -> bool:
        """Has every shard a parcel to answer for? What comes now waits until one does (or a batch is full)."""
        return all(shard.flights for shard in self._shards)

    @property
    def buffered_rows(self) -> int:
        """Rows that wait for a shard or in the tail."""
        return self.flow.rows + len(self._tail)

    @property
    def idle(self) -> bool:
        """Is everything read also applied, and its frontier durable? (drained)"""
        if self.phase is Phase.TAIL or self.watermark() < self.flow.ordinal or self._committing is not None:
            return False
        if self._cuts is not None and self._cuts.ordinal < self.flow.ordinal:
            return False  # the ledger goes with the cuts: none of its transactions may pass one
        return self._durable_frontier is not None and self._frontier_at(self.flow.ordinal) == self._durable_frontier
