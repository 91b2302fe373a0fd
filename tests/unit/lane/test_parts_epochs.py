"""Parts of documents through a lane's epochs, without servers: rows that move between documents, crashes in between, tails,
requests of dead epochs that arrive late. In the end every document is the join of the tables.

The production classes from binlog bytes to what is written; the sink is the merge on documents in memory.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.config.model import ElasticsearchTableRule
from ingest.lane.applier import ParcelApplier
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.resume import ResumePoint
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane
from ingest.lane.tail import TailCoalescer
from ingest.rules.parse import parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.sinks.contract import RequestItem
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchOptions, ElasticsearchTarget, PartOptions
from ingest.sinks.elasticsearch.parts.encode import PartEncoder
from ingest.sinks.elasticsearch.parts.merge import merged, sources_of
from ingest.sinks.elasticsearch.parts.payload import parsed
from ingest.sinks.elasticsearch.raw_json import Members, object_members
from ingest.slices import Parcel
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec
from tests.kit.codecs import CODECS, EverySliceDecoder, codec_id
from tests.kit.self_describing import NoHistory
from tests.unit.native.test_reader import Anything

UUID = BinlogWriter().server_uuid
ORDERS = TableSpec("shop", "orders", (ColumnSpec("id"), ColumnSpec("total")))
LINES = TableSpec(
    "shop", "lines", (ColumnSpec("id"), ColumnSpec("order_id", nullable=True), ColumnSpec("qty")), table_id=101
)
RULES = (
    ElasticsearchTableRule(
        tables=("shop.orders",), fields=("total",), to=ElasticsearchTarget(index="t", write=PartOptions(part="order"))
    ),
    ElasticsearchTableRule(
        tables=("shop.lines",),
        fields=("id", "qty"),
        where="qty < 80",
        id=("order_id",),
        to=ElasticsearchTarget(index="t", write=PartOptions(part="lines", into="lines", key=("id",))),
    ),
)
SHARDS = 2


class Tables:
    """Two tables and random changes of them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.rows: dict[TableSpec, dict[int, tuple[Any, ...]]] = {ORDERS: {}, LINES: {}}

    def transaction(self) -> list[Change]:
        return [self._change() for _ in range(self._rng.randint(1, 5))]

    def _change(self) -> Change:
        rng, table = self._rng, self._rng.choice([ORDERS, LINES, LINES])
        rows = self.rows[table]
        key = rng.randrange(1, 5 if table is ORDERS else 9)
        was = rows.pop(key, None)
        if was is not None and rng.random() < 0.25:
            return Change(table, was, None)
        free = [one for one in range(1, 9) if one not in rows]
        new_key = rng.choice(free) if was is not None and rng.random() < 0.2 else key
        more = () if table is ORDERS else (rng.choice([None, 1, 2, 3, 4]),)
        rows[new_key] = (new_key, *more, rng.randrange(100))
        return Change(table, was, rows[new_key])

    def join(self) -> dict[str, dict[str, Any]]:
        documents: dict[str, dict[str, Any]] = {str(key): {"total": total} for key, total in self.rows[ORDERS].values()}
        for key, order, qty in sorted(self.rows[LINES].values()):
            if order is not None and qty < 80:
                documents.setdefault(str(order), {}).setdefault("lines", []).append({"id": key, "qty": qty})
        return documents


@dataclass
class Documents:
    """The sink; it notices when a part goes back (invariant 2)."""

    stored: dict[str, Members] = field(default_factory=dict)
    seen: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def take(self, item: RequestItem[bytes]) -> None:
        result = merged(self.stored.get(item.key), parsed(item.payload))
        if result.document is not None:
            self.stored[item.key] = object_members(result.document)
        for part, source in sources_of(self.stored.get(item.key, {})).items():
            for key, version in (source.live | source.gone).items():
                assert version >= self.seen.get((item.key, part, key), 0)
                self.seen[item.key, part, key] = version

    def shown(self) -> dict[str, dict[str, Any]]:
        documents = {key: {name: json.loads(text) for name, text in one.items()} for key, one in self.stored.items()}
        live = {key: one for key, one in documents.items() if one[PARTS_FIELD]["live"]}
        return {key: {name: value for name, value in one.items() if name != PARTS_FIELD} for key, one in live.items()}


class Epoch:
    """An epoch of the lane that has read some transactions: what each shard is to send, in order."""

    def __init__(self, codec: Any, number: int, point: ResumePoint, packets: list[bytes]) -> None:
        plan = LanePlan(
            lane="l", epoch=number, shards=SHARDS, batch_rows=4, batch_bytes=1_000_000, buffer_bytes=1 << 40, window=2,
            flush_ms=200, reserve_rows=10, checkpoint_ms=100, source_uuid=UUID, fingerprint="f",
        )  # fmt: skip
        rules = [parse_rule(index, rule) for index, rule in enumerate(RULES)]
        self.lane = LaneDispatcher(plan, point, TailCoalescer({}), codec.flow)
        routed = RoutedLane(self.lane, RuleRoutes(rules), Anything())
        decoder = codec.stream(checksum=True)
        router = StreamRouter(codec, NoHistory(), {"l": routed}, GtidSet(), decoder.short_way)
        decoder.push(packets)
        while (event := decoder.next_event()) is not None:
            router.take(event)
            self.lane.pump_tail()
        assert routed.failed is None
        options = ElasticsearchOptions(type="elasticsearch", urls=("http://h:9200",), parts="optimistic")
        encoder = PartEncoder(options, [rule.to for rule in RULES])
        self._applier = ParcelApplier(rules, EverySliceDecoder(), encoder)
        self.parcels = [list(self._parcels(number, shard)) for shard in range(SHARDS)]

    def _parcels(self, number: int, shard: int) -> Any:
        sequence, flow = 0, self.lane.flow
        while flow.next_last_ordinal(shard, partial=True) is not None:
            batch, sequence = flow.take(shard), sequence + 1
            yield batch.first_ordinal, Parcel("l", shard, number, sequence, tuple(batch.slices), batch.last_ordinal)

    def items(self, parcel: Parcel) -> list[RequestItem[bytes]]:
        return [item for request in self._applier.prepare(parcel).requests for item in request.items]


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
@pytest.mark.parametrize("seed", range(40))
def test_documents_are_the_join_whatever_breaks(codec: Any, seed: int) -> None:
    """Invariants 1 to 4 for parts: epochs that die anywhere, each leaving requests that arrive later."""
    rng = random.Random(seed)
    tables, sink, writer = Tables(rng), Documents(), BinlogWriter()
    head = [writer.fake_rotate(), writer.format_description(), writer.previous_gtids(GtidSet().encode())]
    transactions: list[list[bytes]] = []
    for number in range(1, rng.randint(5, 30)):
        known = len(writer.events())
        writer.transaction(number, tables.transaction())
        transactions.append(writer.events()[known:])
    late: list[RequestItem[bytes]] = []
    point, read = ResumePoint(Frontier(""), 0, ""), 0
    for number in range(1, rng.randint(1, 4)):
        read = rng.randint(max(read, 1), len(transactions))
        epoch = Epoch(codec, number, point, head + [event for events in transactions[:read] for event in events])
        frontier = _die(epoch, sink, late, rng, point)
        point = ResumePoint(frontier, None, f"{UUID}:1-{read}")
    last = Epoch(codec, 9, point, head + [event for events in transactions for event in events])
    for parcels in last.parcels:
        for _, parcel in parcels:
            for item in last.items(parcel):
                _arrive(late, sink, rng)
                sink.take(item)
    for item in late:
        sink.take(item)
    assert sink.shown() == tables.join()


def _die(
    epoch: Epoch, sink: Documents, late: list[RequestItem[bytes]], rng: random.Random, point: ResumePoint
) -> Frontier:
    """Apply some of an epoch; the next parcel of each shard is on its way, in part there. The frontier that follows."""
    lowest = epoch.lane.flow.ordinal + 1
    for parcels in epoch.parcels:
        done = rng.randint(0, len(parcels))
        for _, parcel in parcels[:done]:
            for item in epoch.items(parcel):
                _arrive(late, sink, rng)
                sink.take(item)
        for first, parcel in parcels[done : done + 1]:
            lowest = min(lowest, first)
            for item in epoch.items(parcel):
                late.append(item)
                if rng.random() < 0.5:
                    sink.take(item)
        for first, _ in parcels[done + 1 :]:
            lowest = min(lowest, first)
    return epoch.lane.flow.advance(lowest - 1) if point.tail_rows == 0 else point.frontier


def _arrive(late: list[RequestItem[bytes]], sink: Documents, rng: random.Random) -> None:
    """A request of a dead epoch may arrive, once or again and again."""
    if late and rng.random() < 0.2:
        sink.take(rng.choice(late))
