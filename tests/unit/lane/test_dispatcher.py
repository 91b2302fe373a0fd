"""The dispatcher: credits, reserve, tail and checkpoints of one epoch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.codec import ReaderCodec
from ingest.keys import shard_of
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.flow import PureFlow
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.resume import ResumePoint, snapshot_point
from ingest.lane.tail import TailCoalescer, TailRow
from ingest.slices import Kind, Parcel, TransactionStamp
from tests.kit.codecs import CODECS, codec_id

UUID = "11111111-1111-1111-1111-111111111111"
SHAPE = SliceShape(0, b"map", b"", b"\x01", b"\x01")
PLAN = LanePlan(
    lane="lane", epoch=1, shards=1, batch_rows=3, batch_bytes=1_000_000, buffer_bytes=1_000_000, window=2,
    flush_ms=200, reserve_rows=10, checkpoint_ms=100, source_uuid=UUID, fingerprint="f",
)  # fmt: skip


def dispatcher(plan: LanePlan = PLAN, *, tail_rows: int | None = 0, end: str = "") -> LaneDispatcher:
    return LaneDispatcher(plan, ResumePoint(Frontier(""), tail_rows, end), TailCoalescer({}), PureFlow)


def transaction(lane: LaneDispatcher, number: int, *keys: str) -> None:
    gtid = f"{UUID}:{number}"
    lane.begin(TransactionStamp(gtid, 0, "f", 4))
    for key in keys:
        lane.change([(key, key, SHAPE, Kind.INSERT, b"", key.encode())])
    lane.end(gtid)


def make_durable(lane: LaneDispatcher, now_ms: float = 0.0) -> Frontier:
    record = lane.checkpoint_due(now_ms)
    assert record is not None
    lane.durable()
    return record.frontier


def drain(lane: LaneDispatcher, *, dry: bool = True) -> list[Parcel]:
    parcels = []
    while (parcel := lane.next_parcel(0.0, dry=dry)) is not None:
        parcels.append(parcel)
    return parcels


def images(parcel: Parcel) -> bytes:
    return b"".join(part.images for part in parcel.slices)


def test_nothing_leaves_before_a_reserve_is_durable() -> None:
    """Invariant 2: what may have been written is always known from the record."""
    lane = dispatcher()
    transaction(lane, 1, "a")
    assert lane.next_parcel(0.0, dry=True) is None
    make_durable(lane)
    assert lane.next_parcel(0.0, dry=True) is not None


def test_nothing_leaves_past_the_reserve() -> None:
    """Row changes beyond the durable reserve wait for the next record."""
    lane = dispatcher(replace(PLAN, window=100))
    make_durable(lane)
    transaction(lane, 1, *"abcdefghijklmno")
    assert max(parcel.last_ordinal for parcel in drain(lane)) <= 10
    make_durable(lane)
    assert max(parcel.last_ordinal for parcel in drain(lane)) == 15


def test_an_idle_shard_gets_what_there_is_and_a_busy_one_full_batches() -> None:
    """Latency is low when it is quiet, batches are large when it is busy."""
    lane = dispatcher()
    make_durable(lane)
    transaction(lane, 1, "a")
    assert [parcel.rows for parcel in drain(lane)] == [1]
    transaction(lane, 2, "b", "c")
    assert drain(lane) == []
    transaction(lane, 3, "d")
    assert [parcel.rows for parcel in drain(lane)] == [3]


def test_busy_is_a_lane_of_which_every_shard_has_something_to_answer() -> None:
    """Else a change for the idle shard would wait for another shard's answer."""
    lane = dispatcher(replace(PLAN, shards=2))
    make_durable(lane)
    keys = {shard_of(key, 2): key for key in "abcdef"}
    transaction(lane, 1, keys[0])
    assert not lane.is_busy
    drain(lane)
    assert not lane.is_busy
    transaction(lane, 2, keys[1])
    drain(lane)
    assert lane.is_busy
    lane.acked(0, 1)
    assert not lane.is_busy


def test_no_more_than_the_window_is_in_flight() -> None:
    """Invariant 6: credits bound what is out."""
    lane = dispatcher()
    make_durable(lane)
    transaction(lane, 1, *"abcdefghi")
    assert len(drain(lane)) == 2
    lane.acked(0, 1)
    assert len(drain(lane)) == 1


def test_a_full_buffer_accepts_no_changes() -> None:
    """Invariant 6: bytes that wait are bounded."""
    lane = dispatcher(replace(PLAN, buffer_bytes=200))
    transaction(lane, 1, "a", "b", "c", "d")
    assert not lane.accepts_changes


def test_the_frontier_waits_for_the_slowest_shard() -> None:
    """Invariant 1: a later ack of another shard doesn't move the frontier past an earlier change."""
    keys = sorted("abcdefgh", key=lambda key: shard_of(key, 2))
    slow = next(key for key in keys if shard_of(key, 2) == 0)
    fast = next(key for key in keys if shard_of(key, 2) == 1)
    lane = dispatcher(replace(PLAN, shards=2))
    make_durable(lane)
    transaction(lane, 1, slow)
    transaction(lane, 2, fast)
    for parcel in drain(lane):
        if parcel.shard == 1:
            lane.acked(1, parcel.sequence)
    assert lane.watermark() == 0
    lane.acked(0, 1)
    assert make_durable(lane, 1_000.0) == Frontier(f"{UUID}:1-2")


def test_the_tail_keeps_the_last_change_of_each_key_and_is_marked() -> None:
    """The tail is applied as one: no intermediate state is sent."""
    lane = dispatcher(tail_rows=None, end=f"{UUID}:1-2")
    transaction(lane, 1, "a", "b")
    assert lane.phase is Phase.TAIL
    assert drain(lane) == []
    transaction(lane, 2, "a")
    assert lane.phase is Phase.APPLYING_TAIL
    lane.pump_tail()
    make_durable(lane)
    (parcel,) = drain(lane)
    assert images(parcel) == b"ba"
    assert all(part.tail for part in parcel.slices)


def test_the_frontier_passes_nothing_of_a_tail_before_all_of_it_is_applied() -> None:
    """A kept change stands for earlier ones of its key, too."""
    lane = dispatcher(replace(PLAN, batch_rows=1), tail_rows=None, end=f"{UUID}:1-3")
    for number, key in enumerate("aba", 1):
        transaction(lane, number, key)
    lane.pump_tail()
    make_durable(lane)
    first, second = drain(lane)
    lane.acked(0, first.sequence)
    assert lane.watermark() == 0
    lane.acked(0, second.sequence)
    assert make_durable(lane, 1_000.0) == Frontier(f"{UUID}:1-3")


def test_live_changes_come_after_the_whole_tail() -> None:
    """A change read while the tail goes out waits behind it, however small the buffer."""
    lane = dispatcher(replace(PLAN, buffer_bytes=100, batch_rows=1, window=10), tail_rows=3, end=f"{UUID}:1-9")
    transaction(lane, 1, "a", "b", "c", "d")
    seen = []
    make_durable(lane)
    for _ in range(10):
        lane.pump_tail()
        for parcel in drain(lane):
            seen.append((images(parcel), parcel.slices[0].tail))
            lane.acked(0, parcel.sequence)
    assert seen == [(b"a", True), (b"b", True), (b"c", True), (b"d", False)]


def test_a_record_reserves_what_may_go_out_before_the_next() -> None:
    """The next epoch's tail covers every row that this one may dispatch."""
    lane = dispatcher()
    make_durable(lane)
    transaction(lane, 1, "a", "b", "c", "d", "e", "f")
    record = lane.checkpoint_due(0.0)
    assert record is not None
    assert record.reserve_rows == 6 + PLAN.reserve_rows


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_a_snapshot_stands_for_its_gap_only_when_it_is_applied(codec: ReaderCodec) -> None:
    """Invariant 1: records name the old frontier, and how far anything may be applied, until the whole tail, which begins
    with a snapshot's rows at ordinal 0, is acknowledged."""
    record = CheckpointRecord("l", 1, Frontier(f"{UUID}:1-3"), 5, "u", "rules", applied_rows=7)
    before, after = GtidSet.parse(f"{UUID}:1-10"), GtidSet.parse(f"{UUID}:1-11")
    point = snapshot_point(record, Frontier(""), before, after)
    kept = {(0, "", "x"): TailRow(0, SHAPE, Kind.INSERT, 0, b"", b"x", TransactionStamp("snapshot", 1, "", 0).pack())}
    lane = LaneDispatcher(PLAN, point, TailCoalescer(kept), codec.flow)
    assert lane.checkpoint_due(0.0) is None
    transaction(lane, 11, "b")
    due = lane.checkpoint_due(0.0)
    assert due is not None
    assert (due.frontier, due.reach) == (record.frontier, str(after))
    lane.durable()
    lane.pump_tail()
    parcels = drain(lane)
    assert lane.checkpoint_due(1_000.0) is None
    for parcel in parcels:
        lane.acked(parcel.shard, parcel.sequence)
    due = lane.checkpoint_due(2_000.0)
    assert due is not None
    assert (due.frontier, due.reach) == (Frontier(str(after)), "")


def test_idle_means_applied_and_durable() -> None:
    """A drained lane has nothing to read again."""
    lane = dispatcher()
    make_durable(lane)
    transaction(lane, 1, "a")
    (parcel,) = drain(lane)
    lane.acked(0, parcel.sequence)
    assert not lane.idle
    make_durable(lane, 1_000.0)
    assert lane.idle


def test_a_reach_is_carried_until_the_frontier_holds_it() -> None:
    """Invariant 2: a crash while the tail goes out leaves a record that still knows how far the sink may be."""
    reach = f"{UUID}:1-2"
    point = ResumePoint(Frontier(""), None, reach, reach=reach)
    lane = LaneDispatcher(PLAN, point, TailCoalescer({}), PureFlow)
    transaction(lane, 1, "a")
    assert lane.checkpoint_due(0.0) is None
    transaction(lane, 2, "b")
    record = lane.checkpoint_due(0.0)
    assert record is not None
    assert (record.frontier, record.reach) == (Frontier(""), reach)
    lane.durable()
    lane.pump_tail()
    (parcel,) = drain(lane)
    lane.acked(parcel.shard, parcel.sequence)
    record = lane.checkpoint_due(1_000.0)
    assert record is not None
    assert (record.frontier, record.reach) == (Frontier(reach), "")
