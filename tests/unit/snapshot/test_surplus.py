"""From a sink's key alone to the deletion that the row's own deletion would be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.field_types import FieldType as F
from ingest.config.load import load
from ingest.config.model import Config
from ingest.lane.applier import ParcelApplier
from ingest.lane.buffers import ShardBuffer
from ingest.lane.tail import TailCoalescer
from ingest.rules.parse import parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.schema import Column, TableName, TableSchema
from ingest.sinks.contract import RequestItem
from ingest.sinks.registry import sink_kind
from ingest.slices import Parcel, TransactionStamp
from ingest.snapshot.rows import TableRows
from ingest.snapshot.surplus import SurplusRows, owner_of
from ingest.version import version_of
from tests.kit.codecs import CODECS, EverySliceDecoder, codec_id

STAMP = TransactionStamp("snapshot", 1_700_000_000_000_000, "", 0).pack()
SHARDS, EPOCH = 3, 5
SCHEMA = TableSchema(
    TableName("shop", "orders"),
    (
        Column("id", F.LONGLONG, 0, nullable=False),
        Column("code", F.VARCHAR, 200, nullable=False, collation=8),
        Column("day", F.DATE, 0, nullable=False),
        Column("amount", F.NEWDECIMAL, 10 | 2 << 8, nullable=True),
    ),
    (0, 1, 2),
)
PLACES = {
    "index": ('type = "elasticsearch"\nurls = ["http://127.0.0.1:1"]', 'index = "{database}-{table}"'),
    "table": ('type = "hbase"', 'table = "{table}"'),
    "salted": ('type = "hbase"', 'table = "orders", row_key = "{salt:16}|{key}"'),
    "reversed": ('type = "hbase"', 'table = "orders", row_key = "o{{{reverse:key}-{table}"'),
}
CODES = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_categories=("Cs", "Cc")), max_size=20)


def config_of(place: str) -> Config:
    sink, to = PLACES[place]
    return load(
        f"""
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
{sink}
[lanes.l]
cluster = "c"
sink = "s"
on_gap = "resnapshot"
rules = [{{ tables = ["shop.orders"], where = "amount > 1", to = {{ {to} }} }}]
""",
        syntax="toml",
        origin="test",
    )


class Bench:
    """One lane's rule on the table, from tail rows to what is sent."""

    def __init__(self, place: str, codec: Any) -> None:
        config = config_of(place)
        rules = [parse_rule(0, config.lanes["l"].rules[0])]
        routes = RuleRoutes(rules)
        (route,) = routes.routes(SCHEMA)
        self.rows = TableRows(SCHEMA, [route], codec, SHARDS)
        self.owner = owner_of(SCHEMA, route, rules[0].placement)
        encoder = sink_kind(config.sinks["s"].type).encoder(config.sinks["s"], [config.lanes["l"].rules[0].to])
        self._applier = ParcelApplier(rules, EverySliceDecoder(), encoder)

    def sent(self, tail: TailCoalescer) -> list[tuple[int, RequestItem[bytes]]]:
        """Shard and item of each row of a tail."""
        items = []
        for row in tail.drain():
            buffer = ShardBuffer(10, 1_000_000)
            buffer.add(row.shape, row.kind, row.ordinal, row.before, row.after, row.stamp)
            parcel = Parcel("l", row.shard, EPOCH, 1, buffer.take().slices(), row.ordinal)
            prepared = self._applier.prepare(parcel)
            items += [(row.shard, item) for request in prepared.requests for item in request.items]
        return items


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
@pytest.mark.parametrize("place", PLACES)
@given(number=st.integers(-(2**63), 2**63 - 1), code=CODES, amount=st.sampled_from([b"7.00", b"0.50"]))
def test_a_key_is_enough(place: str, codec: Any, number: int, code: str, amount: bytes) -> None:
    """Invariant 1: what a row was written as is deleted through the same shard and at the same place, beneath whatever the
    epoch writes and above all that older ones wrote. A row that the filter leaves out deletes, too."""
    bench = Bench(place, codec)
    rows = TailCoalescer({})
    texts = [[str(number).encode()], [code.encode("latin-1")], [b"2024-02-29"], [amount]]
    for identity, row in bench.rows.of(texts, STAMP):
        rows.add(identity, row)
    surplus, kept = SurplusRows([bench.owner], SHARDS), TailCoalescer({})
    ((shard, written),) = bench.sent(rows)
    surplus.add(written.key, kept, STAMP)
    ((of, deletion),) = bench.sent(kept)
    assert written.delete == (amount == b"0.50")
    assert (of, deletion.target, deletion.key, deletion.delete) == (shard, written.target, written.key, True)
    assert version_of(EPOCH - 1, 2**40 - 1, delete=False) < deletion.version < version_of(EPOCH, 1, delete=True)
    assert deletion.version <= written.version < version_of(EPOCH, 1, delete=True)
    assert (surplus.deleted, surplus.strange) == (1, 0)


@pytest.mark.parametrize("place", PLACES)
def test_a_document_with_a_row_stays(place: str) -> None:
    """A key whose row is in the tail gets no deletion."""
    bench = Bench(place, CODECS[0])
    tail = TailCoalescer({})
    for identity, row in bench.rows.of([[b"1", b"2"], [b"a|b", b"c"], [b"2024-02-29"] * 2, [b"7.00"] * 2], STAMP):
        tail.add(identity, row)
    names = [item.key for _, item in bench.sent(tail)]
    for identity, row in bench.rows.of([[b"1"], [b"a|b"], [b"2024-02-29"], [b"7.00"]], STAMP):
        tail.add(identity, row)
    surplus = SurplusRows([bench.owner], SHARDS)
    for name in names:
        surplus.add(name, tail, STAMP)
    assert (surplus.deleted, surplus.strange, len(tail)) == (1, 0, 2)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("index", "7"),
        ("index", "1|2|3|4"),
        ("salted", "1|a|2024-02-29"),
        ("salted", "17|1|a|2024-02-29"),
        ("reversed", "o"),
        ("table", "1|\udcff|2024-02-29"),
    ],
)
def test_strange_documents_are_left(place: str, key: str) -> None:
    """Invariant 5: what no rule of the lane could have written isn't ours to delete, and is counted."""
    surplus, tail = SurplusRows([Bench(place, CODECS[0]).owner], SHARDS), TailCoalescer({})
    surplus.add(key, tail, STAMP)
    assert (surplus.deleted, surplus.strange, surplus.shown, len(tail)) == (0, 1, [key], 0)
