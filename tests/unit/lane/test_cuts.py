"""Consistent cuts: each record of a lane with state holds the state exactly as of its frontier, whatever the timing, and
the pure and the native flow cut alike."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.codec import ReaderCodec
from ingest.keys import shard_of
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.resume import ResumePoint
from ingest.lane.tail import TailCoalescer
from ingest.slices import Kind, Parcel, TransactionStamp
from tests.kit.codecs import CODECS, codec_id

UUID = "11111111-1111-1111-1111-111111111111"
SHAPE = SliceShape(0, b"map", b"", b"\x01", b"\x01")
PLAN = LanePlan(
    lane="lane", epoch=1, shards=2, batch_rows=3, batch_bytes=1_000_000, buffer_bytes=1_000_000, window=2,
    flush_ms=200, reserve_rows=10, checkpoint_ms=100, source_uuid=UUID, fingerprint="f", state="sum/1",
)  # fmt: skip
KEYS = "abcdefgh"
BEGUN = f"{UUID}:99"


def dispatcher(codec: ReaderCodec, plan: LanePlan = PLAN, frontier: Frontier | None = None) -> LaneDispatcher:
    return LaneDispatcher(plan, ResumePoint(frontier or Frontier(""), 0, ""), TailCoalescer({}), codec.flow)


@dataclass
class Run:
    """A lane with state in hand: what the application wrote, what is under way to its shards, and what they have summed.
    ``begun``: a transaction whose first rows an earlier epoch applied, while it is still to come."""

    lane: LaneDispatcher
    now_ms: float = 0.0
    number: int = 0
    gtid: str = ""
    begun: str = ""
    written: dict[str, list[str]] = field(default_factory=dict)
    waiting: list[deque[Parcel]] = field(default_factory=lambda: [deque() for _ in range(PLAN.shards)])
    sums: list[list[str]] = field(default_factory=lambda: [[] for _ in range(PLAN.shards)])
    committing: CheckpointRecord | None = None
    trace: list[object] = field(default_factory=list)

    @classmethod
    def midway(cls, codec: ReaderCodec) -> Run:
        """An epoch that begins within a transaction: the record's state has its first rows."""
        run = cls(dispatcher(codec, frontier=Frontier("", BEGUN, 2)), begun=BEGUN, written={BEGUN: ["a", "b"]})
        run.sums[1] += ["a", "b"]
        return run

    def rows(self, keys: str) -> None:
        """Rows of the transaction that is open, or of a new one."""
        if not self.gtid:
            self.number += 1
            self._begin(f"{UUID}:{self.number}")
        for key in keys:
            self.written.setdefault(self.gtid, []).append(key)
            self.lane.change([(key, key, SHAPE, Kind.INSERT, b"", key.encode())])

    def come(self) -> None:
        """The transaction that was begun before, from its first row, once; it stays open."""
        if self.begun and not self.gtid:
            self._begin(self.begun)
            self.begun = ""
            for key in "ab":
                self.lane.change([(key, key, SHAPE, Kind.INSERT, b"", key.encode())])

    def _begin(self, gtid: str) -> None:
        self.gtid = gtid
        self.lane.begin(TransactionStamp(gtid, 0, "f", 4))

    def end(self) -> None:
        self.rows("")
        self.lane.end(self.gtid)
        self.gtid = ""

    def send(self, *, dry: bool) -> None:
        while (parcel := self.lane.next_parcel(self.now_ms, dry=dry)) is not None:
            ordinals = [number for part in parcel.slices for number in struct.unpack(f"<{part.rows}Q", part.ordinals)]
            self.trace.append((parcel.shard, parcel.sequence, ordinals, parcel.barrier))
            self.waiting[parcel.shard].append(parcel)

    def answer(self, shard: int) -> None:
        """A shard applies its next parcel, and gives its state if it carries a barrier."""
        if not self.waiting[shard]:
            return
        parcel = self.waiting[shard].popleft()
        self.sums[shard] += [chr(image) for part in parcel.slices for image in part.images]
        state = "".join(sorted(self.sums[shard])).encode() if parcel.barrier is not None else None
        self.lane.acked(shard, parcel.sequence, state)

    def checkpoint(self) -> None:
        if self.committing is None:
            self.committing = self.lane.checkpoint_due(self.now_ms)
            if self.committing is not None:
                self.trace.append(self.committing)
                self.check(self.committing)

    def durable(self) -> None:
        if self.committing is not None:
            shown = self.lane.durable()
            assert shown is not None and self.committing.state is not None
            assert shown.shards == self.committing.state.shards
            self.committing = None

    def check(self, record: CheckpointRecord) -> None:
        """The states of all shards together are what the frontier holds, to the row."""
        held, partial = GtidSet.parse(record.frontier.executed), record.frontier
        exact = [key for gtid, keys in self.written.items() if gtid in held for key in keys]
        if partial.partial_gtid is not None:
            exact += self.written[partial.partial_gtid][: partial.partial_rows]
        assert record.state is not None and record.state.name == "sum/1"
        assert sorted(b"".join(record.state.shards).decode()) == sorted(exact)
        assert record.reserve_rows == 0

    def recorded(self) -> list[Frontier]:
        """The frontiers of what is recorded at this moment, if all shards are quick."""
        self.trace.clear()
        for _ in range(2):
            self.checkpoint()
            self.send(dry=True)
            for shard in range(PLAN.shards):
                while self.waiting[shard]:
                    self.answer(shard)
            self.durable()
        return [one.frontier for one in self.trace if isinstance(one, CheckpointRecord)]

    def settle(self) -> None:
        """Everything is sent, answered and recorded."""
        trace = self.trace
        for _ in range(10):
            self.now_ms += 1_000
            self.trace = []
            self.recorded()
            trace += self.trace
        self.trace = trace


ACTS = st.one_of(
    st.tuples(st.just("rows"), st.text(KEYS, min_size=1, max_size=9)),
    st.tuples(st.just("end")),
    st.tuples(st.just("send"), st.booleans()),
    st.tuples(st.just("answer"), st.integers(0, PLAN.shards - 1)),
    st.tuples(st.just("checkpoint")),
    st.tuples(st.just("come")),
    st.tuples(st.just("durable")),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 60.0, 250.0])),
)


def played(run: Run, acts: list[tuple[object, ...]]) -> list[object]:
    """What went out and what was recorded."""
    gtids = {run.begun} - {""}
    for name, *values in acts:
        if name == "wait":
            run.now_ms += values[0]  # type: ignore[operator]
        elif name == "send":
            run.send(dry=bool(values[0]))
        else:
            getattr(run, str(name))(*values)
        assert run.lane.idle is False or run.lane.durable_frontier is not None
    if run.gtid:
        run.end()
    if run.begun:
        run.come()
        run.end()
    run.settle()
    assert run.lane.idle
    frontier = run.lane.durable_frontier
    assert frontier is not None
    gtids |= {f"{UUID}:{n + 1}" for n in range(run.number)}
    assert GtidSet.parse(frontier.executed) == GtidSet.parse(",".join(gtids))
    return run.trace


@given(st.lists(ACTS, max_size=60), st.booleans())
def test_every_record_holds_the_state_of_its_frontier(acts: list[tuple[object, ...]], midway: bool) -> None:
    """Exactly once, to the row: whenever it is read, sent, answered, recorded, and wherever another source has the
    transaction in which the epoch begins; and both flows cut alike."""
    traces = [played(Run.midway(codec) if midway else Run(dispatcher(codec)), acts) for codec in CODECS]
    assert all(trace == traces[0] for trace in traces)


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_a_transaction_begun_before_is_not_forgotten(codec: ReaderCodec) -> None:
    """Another source sends other transactions first: the frontier goes on naming the rows that the state holds, and is cut
    within no other transaction meanwhile (found by the simulation, seed 1334)."""
    run = Run.midway(codec)
    assert run.recorded() == [Frontier("", BEGUN, 2)]
    run.rows("cd")
    run.now_ms += 10_000
    assert run.recorded() == []
    run.end()
    assert run.recorded() == [Frontier(f"{UUID}:1", BEGUN, 2)]
    run.come()
    run.rows("e")
    run.now_ms += 10_000
    assert run.recorded() == [Frontier(f"{UUID}:1", BEGUN, 3)]


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_no_parcel_straddles_a_cut(codec: ReaderCodec) -> None:
    """What waits when it is cut goes out in batches of its own, and the last of each shard carries the barrier; a shard in
    which nothing waits gets an empty parcel with it. The stream goes on meanwhile."""
    run = Run(dispatcher(codec))
    run.checkpoint()
    run.settle()
    run.trace.clear()
    one = next(key for key in KEYS if shard_of(key, 2) == 0)
    run.rows(one * 4)
    run.end()
    run.now_ms += 100
    run.checkpoint()
    run.rows(one * 4)
    run.send(dry=True)
    assert run.trace == [(0, 2, [1, 2, 3], None), (0, 3, [4], 4), (1, 2, [], 4)]
    run.answer(0)
    run.answer(0)
    run.send(dry=True)
    assert run.trace[3:] == [(0, 4, [5, 6, 7], None)]
    run.answer(1)
    run.checkpoint()
    assert isinstance(run.trace[-1], CheckpointRecord)
    assert run.trace[-1].frontier == Frontier(f"{UUID}:1")


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_a_cut_waits_a_little_for_the_end_of_a_transaction(codec: ReaderCodec) -> None:
    """Whole transactions are recorded where they are short, and rows of one that is long all the same."""
    run = Run(dispatcher(codec))
    assert run.recorded() == [Frontier("")]
    run.rows("ab")
    run.now_ms = 150
    assert run.recorded() == []
    run.now_ms = 200
    assert run.recorded() == [Frontier("", f"{UUID}:1", 2)]


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_the_frontier_of_a_cut_is_not_what_was_applied_since(codec: ReaderCodec) -> None:
    """All that was read is applied when the states are there: the record is of the cut all the same, whoever asked
    meanwhile whether the lane is through."""
    run = Run(dispatcher(codec))
    run.recorded()
    run.rows("ab")
    run.end()
    run.now_ms += 100
    run.checkpoint()
    run.rows("cd")
    run.end()
    for _ in range(5):
        run.send(dry=True)
        run.answer(0)
        run.answer(1)
    assert run.lane.watermark() == 4
    assert not run.lane.idle
    assert run.recorded()[0] == Frontier(f"{UUID}:1")


def test_transactions_without_rows_need_no_cut() -> None:
    """The state as of a cut is that of a later frontier too, when no row came between: no barrier goes out."""
    run = Run(dispatcher(CODECS[0]))
    run.settle()
    run.trace.clear()
    run.end()
    run.settle()
    assert [one.frontier for one in run.trace if isinstance(one, CheckpointRecord)] == [Frontier(f"{UUID}:1")]
    assert len(run.trace) == 1


def test_a_lane_without_state_is_never_cut() -> None:
    """What it costs, it costs only lanes that keep state."""
    run = Run(dispatcher(CODECS[0], replace(PLAN, state="")))
    record = run.lane.checkpoint_due(0.0)
    assert record is not None and record.state is None and record.reserve_rows == PLAN.reserve_rows
    assert run.lane.durable() is None
    run.rows("abcdefgh")
    run.end()
    run.now_ms += 1_000
    run.send(dry=True)
    assert {barrier for _, _, _, barrier in run.trace} == {None}  # type: ignore[attr-defined]


def test_a_lane_with_state_reads_no_tail() -> None:
    """Replay is change by change, whatever the source: what was dispatched before is forgotten with its state."""
    assert dispatcher(CODECS[0]).phase is Phase.LIVE
