"""The native reader against the pure one: whatever the stream, the same rows reach the same shards in the same order with
the same ordinals and stamps, the same frontier follows, and what is wrong has the same name."""

from __future__ import annotations

import struct
import zlib
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.codec import Progress, ReaderCodec, RowsEvent, Statement
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.large import DroppedTransaction, LargePolicy, LargeTransactions
from ingest.lane.resume import ResumePoint
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane, RuleRoute
from ingest.lane.tail import TailCoalescer
from ingest.problems import DataProblem
from ingest.schema import TableName, TableSchema
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec, row_image
from tests.kit.codecs import CODECS, needs_native
from tests.kit.self_describing import NoHistory

pytestmark = needs_native

UUID = BinlogWriter().server_uuid
A = TableSpec("shop", "a", (ColumnSpec("id"), ColumnSpec("name", "varchar", nullable=True)))
B = TableSpec(
    "shop",
    "b",
    (ColumnSpec("x", "bigint", unsigned=True), ColumnSpec("y", "varchar", length=300), ColumnSpec("n", nullable=True)),
    primary_key=(1, 0),
    table_id=101,
)
OTHER = TableSpec("other", "c", (ColumnSpec("id"),), table_id=102)


@dataclass
class Rules:
    """Tables of ``shop``: by primary key; in the second rule, with the last column as a place. ``parts``: by the last column,
    which is NULL for rows that have no document."""

    places: bool
    nullable_key: bool = False
    parts: bool = False

    def captures(self, name: TableName) -> bool:
        return name.database == "shop"

    def routes(self, schema: TableSchema) -> Sequence[RuleRoute]:
        last = len(schema.columns) - 1
        if self.parts:
            return [RuleRoute(0, (last,), schema.primary_key, "", may_be_nowhere=True)]
        first = RuleRoute(0, (last,) if self.nullable_key else schema.primary_key)
        return [first, RuleRoute(1, schema.primary_key, (last,), "p")] if self.places else [first]


class Anything:
    """No statement stops a lane."""

    def judge(self, statement: Statement, captures: object) -> DataProblem | None:
        return None


@dataclass
class Outcome:
    """What became of a stream. ``rows``: by lane and shard."""

    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    frontiers: dict[str, Frontier] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    problem: tuple[str, dict[str, str]] | None = None
    place: tuple[str, int] = ("", 0)
    counts: tuple[int, int] = (0, 0)
    read: str = ""
    dropped: list[tuple[str, DroppedTransaction]] = field(default_factory=list)


def outcome(codec: ReaderCodec, payloads: Sequence[bytes], lanes: dict[str, RoutedLane], *, chunk: int = 3) -> Outcome:
    """Run a stream to its end or its problem."""
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), lanes, GtidSet(), decoder.short_way)
    found = Outcome()
    try:
        for start in range(0, len(payloads), chunk):
            decoder.push(payloads[start : start + chunk])
            while (event := decoder.next_event()) is not None:
                router.take(event)
                for lane in lanes.values():
                    lane.dispatcher.pump_tail()
                while not router.release():
                    for lane in lanes.values():
                        lane.dispatcher.pump_tail()
                for name in [name for name, lane in router.lanes.items() if lane.failed is not None]:
                    found.failed[name] = str(lanes[name].failed)
                    router.remove(name)
    except DataProblem as problem:
        found.problem = (problem.code.name, problem.where)
    found.place = (router.file, router.position)
    found.counts = (router.transactions, router.row_changes)
    found.read = str(router.read_gtids())
    found.dropped = router.dropped
    for name, lane in lanes.items():
        take_all(lane.dispatcher, name, found)
    return found


def take_all(lane: LaneDispatcher, name: str, found: Outcome) -> None:
    """Every row that waits, and the frontier once all of it is applied."""
    for shard in range(lane.plan.shards):
        rows: list[tuple[object, ...]] = []
        while lane.flow.next_last_ordinal(shard, partial=True) is not None:
            batch = lane.flow.take(shard)
            for part in batch.slices:
                starts = (0, *struct.unpack(f"<{2 * part.rows}I", part.ends))
                ordinals = struct.unpack(f"<{part.rows}Q", part.ordinals)
                stamp_of = struct.unpack(f"<{part.rows}I", part.stamp_of)
                shape = (part.rule, part.table_map[8:], part.before_present, part.after_present, part.tail)
                for row in range(part.rows):
                    before = part.images[starts[2 * row] : starts[2 * row + 1]]
                    after = part.images[starts[2 * row + 1] : starts[2 * row + 2]]
                    stamp = part.stamps[stamp_of[row]]
                    rows.append((ordinals[row], shape, part.kinds[row], before, after, stamp))
        found.rows[f"{name}/{shard}"] = sorted(rows, key=repr)
    found.frontiers[name] = lane.flow.advance(lane.flow.ordinal)


def lanes_of(
    codec: ReaderCodec, held: str = "", partial: tuple[str, int] | None = None, tail: int = 0
) -> dict[str, RoutedLane]:
    """Two lanes: one of three shards and two rules, one of one shard whose frontier holds something."""
    return {
        "many": lane(codec, "many", 3, Frontier(""), Rules(places=True)),
        "one": lane(codec, "one", 1, Frontier(held, *(partial or ())), Rules(places=False), tail),
    }


def lane(codec: ReaderCodec, name: str, shards: int, frontier: Frontier, rules: Rules, tail: int = 0) -> RoutedLane:
    plan = LanePlan(
        lane=name, epoch=1, shards=shards, batch_rows=7, batch_bytes=1_000_000, buffer_bytes=1 << 40, window=2,
        flush_ms=200, reserve_rows=10, checkpoint_ms=100, source_uuid=UUID, fingerprint="f",
    )  # fmt: skip
    end = f"{UUID}:1-1000" if tail else ""
    point = ResumePoint(frontier, tail, end)
    return RoutedLane(LaneDispatcher(plan, point, TailCoalescer({}), codec.flow), rules, Anything())


names = st.one_of(st.none(), st.text(max_size=12))
rows_of_a = st.tuples(st.integers(-3, 3), names)
rows_of_b = st.tuples(st.integers(0, 2**64 - 1), st.text("a|\\é", max_size=3), st.one_of(st.none(), st.integers(-9, 9)))
changes = st.one_of(
    st.builds(lambda row: Change(A, None, row), rows_of_a),
    st.builds(lambda was, row: Change(A, was, row), rows_of_a, rows_of_a),
    st.builds(lambda row: Change(A, row, None), rows_of_a),
    st.builds(lambda row: Change(B, None, row), rows_of_b),
    st.builds(lambda was, row: Change(B, was, row), rows_of_b, rows_of_b),
    st.builds(lambda number: Change(OTHER, None, (number,)), st.integers(0, 9)),
)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["plain", "compressed", "tagged", "old"]), st.lists(changes, min_size=1, max_size=12)
        ),
        st.tuples(st.sampled_from(["ddl", "savepoint", "heartbeat", "rotate"]), st.just([])),
    ),
    min_size=1,
    max_size=8,
)


def written(plan: Sequence[tuple[str, list[Change]]]) -> list[bytes]:
    """The packets of a dump."""
    writer = BinlogWriter()
    packets = [writer.fake_rotate(), writer.format_description(), writer.previous_gtids(GtidSet().encode())]
    for number, (kind, rows) in enumerate(plan, start=1):
        known = len(writer.events())
        if kind == "plain":
            writer.transaction(number, rows)
        elif kind == "tagged":
            writer.transaction(number, rows, tag="blue")
        elif kind == "old":
            writer.transaction(number, rows, states_length=False)
        elif kind == "compressed":
            writer.compressed(number, rows)
        elif kind == "rotate":
            writer.rotate("binlog.000002")
        elif kind == "heartbeat":
            packets.append(writer.heartbeat())
        else:
            writer.gtid(number)
            if kind == "savepoint":
                writer.query("", "BEGIN")
                writer.query("", "SAVEPOINT `x`")
                writer.query("", "COMMIT")
            else:
                writer.query("shop", "ALTER TABLE a ADD KEY k (name)")
        packets += writer.events()[known:]
    return packets


@given(steps, st.integers(1, 9))
@settings(max_examples=settings.default.max_examples * 200 // 100)
def test_both_readers_agree(plan: list[tuple[str, list[Change]]], chunk: int) -> None:
    """The same stream, in packets of any grouping: rows, ordinals, stamps, shards, positions, counts and frontier."""
    packets = written(plan)
    pure, native = (outcome(codec, packets, lanes_of(codec), chunk=chunk) for codec in CODECS)
    assert pure == native


@given(steps, st.integers(1, 9))
def test_both_readers_agree_on_rows_of_no_document(plan: list[tuple[str, list[Change]]], chunk: int) -> None:
    """Rows of parts whose key is NULL: none fails the lane, each is somewhere to be counted."""
    packets = written(plan)
    pure, native = (
        outcome(codec, packets, {"parts": lane(codec, "parts", 3, Frontier(""), Rules(False, parts=True))}, chunk=chunk)
        for codec in CODECS
    )
    assert pure == native
    assert not pure.failed
    wanted = sum(change.table is not OTHER for kind, changes in plan for change in changes)
    assert len({row[0] for rows in pure.rows.values() for row in rows}) == wanted


@given(steps, st.integers(1, 6), st.integers(0, 4), st.integers(0, 5))
def test_both_readers_agree_on_what_a_frontier_holds(
    plan: list[tuple[str, list[Change]]], held: int, partial: int, tail: int
) -> None:
    """A lane that has some transactions, a part of the next one, and a tail to coalesce."""
    packets = written(plan)
    pure, native = (
        outcome(codec, packets, lanes_of(codec, f"{UUID}:1-{held}", (f"{UUID}:{held + 1}", partial), tail))
        for codec in CODECS
    )
    assert pure == native


limits = st.one_of(
    st.builds(LargePolicy, st.just("drop"), st.integers(1, 15)),
    st.builds(LargePolicy, st.just("drop"), st.none(), st.integers(1, 400)),
    st.builds(LargePolicy, st.just("slow-lane"), st.integers(1, 15)),
)


@given(steps, st.integers(1, 9), limits, st.booleans())
@settings(max_examples=settings.default.max_examples * 200 // 100)
def test_both_readers_agree_on_large_transactions(
    plan: list[tuple[str, list[Change]]], chunk: int, policy: LargePolicy, is_alone: bool
) -> None:
    """A lane that drops or leaves does it at the same transaction with both, whatever is compressed; what it drops is what
    is larger than its limit, whole; the other lane has all (7)."""
    packets = written(plan)

    def lanes(codec: ReaderCodec) -> dict[str, RoutedLane]:
        found = {} if is_alone else {"all": lane(codec, "all", 2, Frontier(""), Rules(places=True))}
        return {**found, "some": judging(lane(codec, "some", 2, Frontier(""), Rules(places=False)), policy)}

    pure, native = (outcome(codec, packets, lanes(codec), chunk=chunk) for codec in CODECS)
    assert pure == native
    if policy.action == "drop":
        assert [one.gtid.rsplit(":", 1)[1] for _, one in pure.dropped] == [
            str(number)
            for number, (kind, rows) in enumerate(plan, start=1)
            if policy.is_passed_by(*size_of(kind, rows))
        ]
        sizes = [size_of(kind, rows) for kind, rows in plan]
        applied = sum(rows for rows, size_bytes in sizes if not policy.is_passed_by(rows, size_bytes))
        assert len({row[0] for name in ("some/0", "some/1") for row in pure.rows[name]}) == applied
        assert pure.frontiers["some"] == Frontier(pure.read)
        assert not pure.failed


def judging(lane: RoutedLane, policy: LargePolicy) -> RoutedLane:
    lane.large = lane.dispatcher.large = LargeTransactions(policy, deque())
    return lane


def size_of(kind: str, rows: Sequence[Change]) -> tuple[int, int]:
    """Of the rows that a lane takes: how many, and the bytes of their images."""
    mine = [change for change in rows if change.table is not OTHER]
    images = [row_image(change.table, row) for change in mine for row in (change.before, change.after) if row]
    return len(mine), sum(map(len, images))


def test_what_can_not_be_large_takes_the_short_way() -> None:
    """A lane's policy costs small transactions nothing: their rows don't come out; those of one that may be large do. So
    with a stated length, without (before MySQL 8.0.2), and compressed."""
    codec = CODECS[1]
    lanes = {"one": judging(lane(codec, "one", 1, Frontier(""), Rules(places=False)), LargePolicy("drop", 2_000))}
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), lanes, GtidSet(), decoder.short_way)
    small, large = [Change(A, None, (1, "x"))], [Change(A, None, (number, "x")) for number in range(3_000)]
    plan = [("plain", small), *[(kind, small) for kind in ("plain", "old", "compressed", "tagged") for _ in range(9)]]
    seen: Counter[str] = Counter()
    for packet in written([*plan, ("old", large), ("plain", small), ("plain", small), ("compressed", large)]):
        decoder.push([packet])
        while (event := decoder.next_event()) is not None:
            seen[f"{type(event).__name__} {router.gtid.rsplit(':', 1)[-1]}"] += 1
            router.take(event)
            router.release()
    assert {name for name in seen if name.startswith("Rows")} == {f"RowsEvent {number}" for number in (1, 2, 38, 41)}
    assert [one.rows for _, one in router.dropped] == [3_000, 3_000]
    assert lanes["one"].dispatcher.flow.ordinal == 39


@given(steps, st.data())
@settings(max_examples=settings.default.max_examples * 300 // 100)
def test_both_readers_name_damage_alike(plan: list[tuple[str, list[Change]]], data: st.DataObject) -> None:
    """One packet is damaged, with its checksum made right again: the same code, and the same rows before it."""
    packets = written(plan)
    index = data.draw(st.integers(3, len(packets) - 1)) if len(packets) > 3 else 0
    packet = bytearray(packets[index])
    place = data.draw(st.integers(0, len(packet) - 5))
    packet[place] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        packet[-4:] = struct.pack("<I", zlib.crc32(bytes(packet[:-4])))
    packets[index] = bytes(packet)
    policy = data.draw(st.one_of(st.none(), limits))

    def lanes(codec: ReaderCodec) -> dict[str, RoutedLane]:
        found = lanes_of(codec)
        return found if policy is None else {**found, "one": judging(found["one"], policy)}

    pure, native = (outcome(codec, packets, lanes(codec)) for codec in CODECS)
    assert (pure.problem is None) == (native.problem is None), (pure.problem, native.problem)
    if pure.problem is not None and native.problem is not None:
        assert pure.problem[0] == native.problem[0]
    if policy is None:  # else rows of the transaction that was cut off are held back still, or went the short way
        assert pure.rows == native.rows
        assert pure.frontiers == native.frontiers
    assert pure.dropped == native.dropped
    assert {name: text.splitlines()[0] for name, text in pure.failed.items()} == {
        name: text.splitlines()[0] for name, text in native.failed.items()
    }


def test_rows_of_learned_tables_do_not_come_out() -> None:
    """The short way is taken: after the first transaction no rows event and no table map is seen any more."""
    codec = CODECS[1]
    lanes = lanes_of(codec)
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), lanes, GtidSet(), decoder.short_way)
    changes_of_all = [Change(A, None, (1, "x")), Change(B, None, (1, "y", None)), Change(OTHER, None, (1,))]
    packets = written([("plain", changes_of_all)] * 50)
    seen: list[object] = []
    for packet in packets:
        decoder.push([packet])
        while (event := decoder.next_event()) is not None:
            seen.append(event)
            router.take(event)
    assert sum(isinstance(event, RowsEvent) for event in seen) <= 6
    assert sum(event.row_changes for event in seen if isinstance(event, Progress)) >= 90
    assert all(one.dispatcher.phase is Phase.LIVE for one in lanes.values())
    assert lanes["one"].dispatcher.flow.ordinal == 100


def test_a_full_buffer_pauses_the_stream() -> None:
    """Invariant 6: the short way stops at the event that fills a buffer, whatever was pushed."""
    codec = CODECS[1]
    small = lane(codec, "small", 1, Frontier(""), Rules(places=False))
    plan = replace(small.dispatcher.plan, buffer_bytes=2_000)
    small.dispatcher = LaneDispatcher(plan, ResumePoint(Frontier(""), 0, ""), TailCoalescer({}), codec.flow)
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), {"small": small}, GtidSet(), decoder.short_way)
    decoder.push(written([("plain", [Change(A, None, (1, "x" * 10))])] * 100))
    while small.dispatcher.accepts_changes:
        event = decoder.next_event()
        assert event is not None
        router.take(event)
    assert small.dispatcher.buffered_bytes < 2_200
    assert decoder.next_event() is None or small.dispatcher.buffered_bytes < 2_400


@pytest.mark.parametrize("codec", CODECS)
def test_a_null_key_fails_its_lane_only(codec: ReaderCodec) -> None:
    """A NULL in a lane's key stops that lane by name; the other lane goes on with the same rows."""
    lanes = lanes_of(codec)
    lanes["nulls"] = lane(codec, "nulls", 1, Frontier(""), Rules(places=False, nullable_key=True))
    plan = [("plain", [Change(A, None, (number, "x"))]) for number in range(5)]
    found = outcome(codec, written([*plan, ("plain", [Change(A, None, (9, None))]), *plan]), lanes)
    assert list(found.failed) == ["nulls"]
    assert "row.key_null" in found.failed["nulls"]
    assert len(found.rows["one/0"]) == 11
