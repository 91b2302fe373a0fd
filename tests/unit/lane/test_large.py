"""ingest.lane.large: what is large, what is dropped whole, and what mustn't be."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.codec import ReaderCodec
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.large import Exemption, Judgement, LargePolicy, LargeTransactions, TracedTransactions, policy_of
from ingest.lane.resume import ResumePoint, SourceFacts, resume_point
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane, RuleRoute
from ingest.lane.tail import TailCoalescer
from ingest.schema import TableName, TableSchema
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec
from tests.kit.codecs import CODECS
from tests.kit.self_describing import NoHistory

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
SOURCE = SourceFacts(UUID, f"{UUID}:1-100", "")
DROP = LargePolicy("drop", rows=5)
RECORD = CheckpointRecord("lane", 7, Frontier(f"{UUID}:1-50", f"{UUID}:51", 3), 10, UUID, "rules")

sizes = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 200)), max_size=6)
limits = st.one_of(st.none(), st.integers(1, 20)), st.one_of(st.none(), st.integers(1, 500))


def run(large: LargeTransactions, number: int, events: Sequence[tuple[int, int]], *, in_tail: bool = False) -> set[str]:
    """A transaction; what became of its events."""
    large.begin(f"{UUID}:{number}", in_tail=in_tail)
    found = {large.judge("a.t", *event).value for event in events}
    dropped = large.end()
    return found if dropped is None else {"dropped"}


@given(sizes, *limits)
def test_a_transaction_is_dropped_whole_or_not_at_all(
    events: list[tuple[int, int]], rows: int | None, size_bytes: int | None
) -> None:
    """By the sums of its rows and bytes; nothing of it is applied before that is decided, and what is dropped is counted."""
    policy = LargePolicy("drop", rows, size_bytes)
    large = LargeTransactions(policy, deque())
    total = (sum(one[0] for one in events), sum(one[1] for one in events))
    is_large = policy.is_passed_by(*total)
    assert run(large, 1, events) == ({"dropped"} if is_large else {"hold"} if events else set())
    assert (large.dropped_transactions, large.dropped_rows) == ((1, total[0]) if is_large else (0, 0))
    assert policy_of(policy.drops) == (policy if policy.drops else None)


def test_a_slow_lane_leaves_once() -> None:
    """At the event that passes the limit; whoever can't leave goes on."""
    large = LargeTransactions(LargePolicy("slow-lane", rows=5), deque())
    large.begin(f"{UUID}:1", in_tail=False)
    found = [large.judge("a.t", 2, 1) for _ in range(5)]
    assert found == [Judgement.APPLY, Judgement.APPLY, Judgement.LEAVE, Judgement.APPLY, Judgement.APPLY]
    assert large.end() is None
    assert (large.policy.drops, large.exempt) == ("", "")


def test_what_may_have_been_applied_is_not_dropped() -> None:
    """Invariant 2: what a record exempts, what the frontier holds a part of, and, where the policy changed, what begins in
    the tail; but not what the policy before dropped as well. Later epochs know."""
    exemption = Exemption(f"{UUID}:1-3", tail=True)
    large = LargeTransactions(DROP, deque(), exemption, f"{UUID}:5")
    ten = [(5, 9), (5, 9)]
    assert run(large, 3, ten) == run(large, 5, ten) == run(large, 6, ten, in_tail=True) == {"apply"}
    assert run(large, 7, ten) == {"dropped"}
    assert large.exempt == f"{UUID}:1-3:6"
    both = LargeTransactions(DROP, deque(), replace(exemption, unless=LargePolicy("drop", rows=8)))
    assert run(both, 6, ten, in_tail=True) == {"dropped"}
    assert run(both, 7, [(6, 9)], in_tail=True) == {"hold"}
    assert run(both, 8, [(6, 9)]) == {"dropped"}
    assert both.exempt == f"{UUID}:1-3:7"


@pytest.mark.parametrize(
    ("record", "drops", "exemption", "tail_rows"),
    [
        (replace(RECORD, drops="rows=5", exempt=f"{UUID}:1-9"), DROP.drops, Exemption(f"{UUID}:1-9"), 10),
        (RECORD, "", Exemption(), 10),
        (replace(RECORD, drops="rows=5", exempt=f"{UUID}:1-9"), "", Exemption(), None),
        (RECORD, DROP.drops, Exemption(f"{UUID}:1-51", tail=True), 10),
        (
            replace(RECORD, drops="bytes=9", exempt=f"{UUID}:90"),
            DROP.drops,
            Exemption(f"{UUID}:1-51:90", tail=True, unless=LargePolicy("drop", size_bytes=9)),
            None,
        ),
        (replace(RECORD, drops="rows=5", fingerprint="old"), DROP.drops, Exemption(f"{UUID}:1-51", tail=True), None),
    ],
    ids=["the same", "never", "no more", "from now on", "others", "other rules"],
)
def test_a_policy_that_changes(
    record: CheckpointRecord, drops: str, exemption: Exemption, tail_rows: int | None
) -> None:
    """Invariant 2: the tail is as long as what may have been applied, counted as it was: where transactions were dropped that
    may now be counted, it goes to the source's end."""
    found = resume_point(record, Frontier(""), "rules", SOURCE, "lane", drops=drops)
    assert (found.exemption, found.tail_rows) == (exemption, tail_rows)


def test_a_trace_sees_what_was_dropped() -> None:
    """All rows are looked at, and the end says that a lane dropped them."""
    traced = TracedTransactions(DROP, deque())
    traced.begin(f"{UUID}:1", in_tail=False)
    assert {traced.judge("a.t", 4, 1) for _ in range(2)} == {Judgement.APPLY}
    dropped = traced.end()
    assert dropped is not None
    assert (dropped.rows, dropped.tables) == (8, {"a.t": 8})


TABLE = TableSpec("a", "t", (ColumnSpec("id"), ColumnSpec("note", "varchar", nullable=True)))


class Rules:
    def __init__(self, key: tuple[int, ...] = (0,)) -> None:
        self._key = key

    def captures(self, name: TableName) -> bool:
        return name.table == "t"

    def routes(self, schema: TableSchema) -> Sequence[RuleRoute]:
        return [RuleRoute(0, self._key)]


class Anything:
    def judge(self, *_: object) -> None:
        return None


def lane(codec: ReaderCodec, policy: LargePolicy, buffer_bytes: int) -> RoutedLane:
    plan = LanePlan("lane", 1, 1, 10, 10_000, buffer_bytes, 2, 5, 1_000, 1, UUID, "rules")
    large = LargeTransactions(policy, deque())
    dispatcher = LaneDispatcher(plan, ResumePoint(Frontier(""), 0, ""), TailCoalescer({}), codec.flow, large)
    return RoutedLane(dispatcher, Rules(), Anything(), large=large)


@pytest.mark.parametrize("codec", CODECS)
def test_what_was_held_back_goes_on_as_there_is_room(codec: ReaderCodec) -> None:
    """Invariants 1 and 6: a transaction that turns out small enough is handed on within the buffer's bound, and the frontier
    passes it with its last row, not before."""
    routed = lane(codec, LargePolicy("drop", rows=200), 2_000)
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), {"lane": routed}, GtidSet(), decoder.short_way)
    writer = BinlogWriter(UUID)
    writer.fake_rotate()
    writer.format_description()
    writer.gtid(1)
    writer.query("", "BEGIN")
    for number in range(100):
        writer.table_map(TABLE)
        writer.rows([Change(TABLE, None, (number, "x" * 70))])
    writer.xid(1)
    decoder.push(writer.events())
    while (event := decoder.next_event()) is not None:
        assert routed.dispatcher.buffered_bytes == 0
        router.take(event)
    taken = 0
    while not router.release():
        assert router.is_within
        assert 2_000 <= routed.dispatcher.buffered_bytes < 2_200
        assert routed.dispatcher.flow.advance(routed.dispatcher.flow.ordinal).executed == ""
        taken += routed.dispatcher.flow.take(0).rows
    assert taken
    assert routed.dispatcher.buffered_bytes < 2_200
    while routed.dispatcher.flow.rows:
        taken += routed.dispatcher.flow.take(0).rows
    assert (taken, router.is_within) == (100, False)
    assert routed.dispatcher.flow.advance(100).executed == f"{UUID}:1"


@pytest.mark.parametrize("codec", CODECS)
def test_a_row_that_fails_when_it_is_handed_on_keeps_the_frontier_back(codec: ReaderCodec) -> None:
    """Invariant 1: the last row held back has no key; the lane stops, and the frontier doesn't pass the transaction."""
    routed = lane(codec, LargePolicy("drop", rows=200), 1_000_000)
    routed.routes = Rules((1,))
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), {"lane": routed}, GtidSet(), decoder.short_way)
    writer = BinlogWriter(UUID)
    writer.format_description()
    writer.transaction(
        1, [Change(TABLE, None, (1, "x")), Change(TABLE, (1, "x"), None), Change(TABLE, None, (2, None))]
    )
    decoder.push(writer.events())  # type: ignore[arg-type]
    while (event := decoder.next_event()) is not None:
        router.take(event)
    assert routed.failed is not None
    assert routed.dispatcher.flow.advance(routed.dispatcher.flow.ordinal).executed == ""
