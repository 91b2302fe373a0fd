"""The changes of one id in real binlog bytes, and what the rules make of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest

from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.file import split_file
from ingest.binlog.gtid import GtidSet
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.config.model import ElasticsearchSqlRule, HbaseTableRule
from ingest.lane.large import LargePolicy, LargeTransactions, TracedTransactions
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane
from ingest.lineage.changes import KeyChanges
from ingest.lineage.judge import JudgedChange, Place, judge, newest_by_place
from ingest.lineage.keys import SinkKey, document_key, row_key
from ingest.mysql.framing import PureEventPackets
from ingest.rules.parse import parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.schema_history.tracker import SchemaTracker
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseTarget
from tests.kit.archived_binlogs import TABLE, UUID
from tests.kit.binlog_writer import BinlogWriter, Change
from tests.unit.rules.tables import ORDERS

SMALL = parse_rule(
    0, ElasticsearchSqlRule(sql="SELECT id, n FROM shop.orders WHERE n < 100", to=ElasticsearchTarget(index="orders"))
)
SALTED = parse_rule(
    0, HbaseTableRule(tables=("shop.*",), to=HbaseTarget(table="{table}", row_key="{salt:4}-{reverse:key}"))
)


def judged(rule: Any, key: str, *transactions: list[Change]) -> list[JudgedChange]:
    """What a search finds of an id in a binlog of these transactions."""
    return [judge(change, [rule], PureSliceDecoder()) for change in searched(rule, key, transactions).found]


def searched(
    rule: Any, key: str, transactions: Sequence[list[Change]], large: LargeTransactions | None = None
) -> KeyChanges:
    writer = BinlogWriter(UUID)
    writer.format_description()
    writer.previous_gtids(GtidSet().encode())
    for number, changes in enumerate(transactions, start=1):
        writer.transaction(number, changes)
    codec = PureReaderCodec()
    wanted = SinkKey(key, [rule], lambda shape: codec.table_schema(shape.table_map, shape.supplement))
    found = KeyChanges("lane", wanted)
    lane: Any = RoutedLane(found, RuleRoutes([rule]), found, large=large)  # type: ignore[arg-type]
    router = StreamRouter(codec, SchemaTracker(None), {"lane": lane}, GtidSet())
    stream = codec.stream(checksum=True)
    stream.push(PureEventPackets(tuple(split_file(writer.file_bytes()))))
    while (event := stream.next_event()) is not None:
        router.take(event)
    assert lane.failed is None
    found.dropped = {one.gtid: one for _, one in router.dropped}
    return found


def said(changes: list[JudgedChange]) -> list[tuple[str, str, str]]:
    return [(change.stamp.gtid.rpartition(":")[2], change.outcome, change.why) for change in changes]


def test_every_change_of_one_id() -> None:
    """Written, left out with the condition, deleted: in order, with the transaction; others' rows aren't there."""
    found = judged(
        SMALL,
        "7",
        [Change(TABLE, None, (7, 1)), Change(TABLE, None, (8, 1))],
        [Change(TABLE, (7, 1), (7, 200))],
        [Change(TABLE, (8, 1), (8, 2))],
        [Change(TABLE, (7, 200), None)],
    )
    assert said(found) == [
        ("1", "written", ""),
        ("2", "left out", "n < 100 is false (n = 200)"),
        ("4", "deleted", "the row was deleted"),
    ]
    assert newest_by_place(found) == {Place("orders"): found[-1]}
    assert {change.table for change in found} == {"shop.orders"}


def test_changes_of_a_large_transaction_are_found_and_marked() -> None:
    """What a lane's policy drops is in the binlog all the same: a trace says what became of it."""
    large = TracedTransactions(LargePolicy("drop", rows=1), deque())
    both = [Change(TABLE, (7, 1), (7, 2)), Change(TABLE, None, (8, 1))]
    found = searched(SMALL, "7", [[Change(TABLE, None, (7, 1))], both, [Change(TABLE, (7, 2), (7, 3))]], large)
    assert [change.stamp.gtid[-2:] for change in found.found] == [":1", ":2", ":3"]
    assert {gtid[-2:]: one.rows for gtid, one in found.dropped.items()} == {":2": 2}


def test_a_row_that_gets_another_key() -> None:
    """It is gone under the old id, and said where to; under the new one it is written."""
    moves = [Change(TABLE, (7, 1), (9, 1))]
    assert said(judged(SMALL, "7", moves)) == [("1", "deleted", "the row's key became '9'")]
    assert said(judged(SMALL, "9", moves)) == [("1", "written", "")]


def test_row_keys_that_are_made_of_document_keys() -> None:
    """A salted and reversed row key is found by making it anew, and taken apart where the template can be."""
    [key] = {f"{salt}-21" for salt in range(4) if document_key(SALTED, ORDERS, f"{salt}-21") is not None}
    assert document_key(SALTED, ORDERS, key) == "12"
    assert said(judged(SALTED, key, [Change(TABLE, None, (12, 1))])) == [("1", "written", "")]
    assert document_key(SALTED, ORDERS, "21") is None


@pytest.mark.parametrize("text", ["1 OR 1=1", "", "7;", "x", "1e5", "7\n", "'"])
def test_an_id_that_no_key_can_be_is_not_asked_for(text: str) -> None:
    """What isn't a number gets into no statement about a numeric key."""
    assert row_key(ORDERS, text) is None
    assert row_key(ORDERS, "-7") == (b"-7",)
