"""Captured binlogs of real servers: both decoders read every slice alike, and the core reads it itself."""

from __future__ import annotations

import pytest

from ingest.binlog.file import split_file
from ingest.binlog.framing import EventType
from ingest.binlog.payload import inner_events
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.codec import TransactionBegin
from ingest.lane.flow import FlowPlan
from ingest.lane.frontier import Frontier
from ingest.native import core
from ingest.native.flow import NativeFlow
from ingest.native.slice_decoder import NativeSliceDecoder
from ingest.native.stream import NativeStreamDecoder
from ingest.schema import TableName
from tests.kit.binlog_slices import slices_of
from tests.unit.binlog.test_captured import ALL_TYPES, CAPTURES, NAMES, PLAIN
from tests.unit.native.test_slice_decoder import POLICIES, same

CORE = core()
pytestmark = pytest.mark.skipif(CORE is None, reason="the native core isn't built")


def supplement_of(name: str, table: TableName) -> bytes:
    """What the server didn't send of a table's schema."""
    if name == "mysql9":
        return b""
    return (ALL_TYPES if table.table == "all_types" else PLAIN).encode()


@pytest.mark.parametrize("name", NAMES)
def test_captured_slices(name: str) -> None:
    """Every column of every row that a real server wrote."""
    assert CORE is not None
    data = (CAPTURES / f"{name}.binlog").read_bytes()
    parts = [part for _, part in slices_of(data, lambda table: supplement_of(name, table))]
    assert parts
    for part in parts:
        columns = list(range(len(PureSliceDecoder().schema_of(part).columns)))
        for policy in POLICIES:
            same(part, columns, policy)
        assert NativeSliceDecoder(CORE)._decode(part, tuple(columns), ()) is not None


GTIDS = (EventType.GTID, EventType.GTID_TAGGED)


def transactions_of(data: bytes) -> list[list[bytes]]:
    """The events of each transaction in a binlog file; a list of the format description first."""
    found: list[list[bytes]] = [[]]
    for event in split_file(data):
        if event[4] in GTIDS:
            found.append([])
        if event[4] not in (EventType.ROTATE, EventType.STOP, EventType.PREVIOUS_GTIDS):
            found[-1].append(event)
    return found


def is_told(head: list[bytes], events: list[bytes], limit_bytes: int) -> bool | None:
    """Does a transaction of which these events have come come out event by event, since it may be longer? None: not yet."""
    decoder = NativeStreamDecoder(checksum=True)
    decoder.push(head)  # type: ignore[arg-type]
    assert decoder.next_event() is None
    decoder.flow_into([NativeFlow(FlowPlan(Frontier(""), 1, 9, 9_000, 9_000))], limit_bytes)
    decoder.push(events)  # type: ignore[arg-type]
    found = decoder.next_event()
    return None if found is None else isinstance(found, TransactionBegin)


def test_a_server_states_how_long_a_transaction_is() -> None:
    """MySQL 9's GTID events do, to the byte; of a compressed one its payload says how long it is inside. It is known once the
    second event has come."""
    head, *transactions = transactions_of((CAPTURES / "mysql9.binlog").read_bytes())
    compressed = [one for one in transactions if one[1][4] == EventType.TRANSACTION_PAYLOAD]
    plain = [one for one in transactions if one[1][4] != EventType.TRANSACTION_PAYLOAD]
    assert compressed
    assert plain
    for events in plain:
        length = sum(map(len, events))
        assert is_told(head, events[:1], length) is None
        assert [is_told(head, events[:2], limit) for limit in (length, length - 1)] == [False, True]
    for events in compressed:
        inflated = sum(map(len, inner_events(events[1][19:-4])))
        assert [is_told(head, events, limit) for limit in (inflated, inflated - 1)] == [False, True]


def test_an_old_server_says_nothing_of_lengths() -> None:
    """MySQL 5.6: what is there is looked at, to the end of the transaction or past the limit."""
    head, *transactions = transactions_of((CAPTURES / "mysql56.binlog").read_bytes())
    with_rows = [one for one in transactions if one[-1][4] == EventType.XID]
    assert with_rows
    for events in with_rows:
        length = sum(map(len, events))
        assert is_told(head, events[:-1], length) is None
        assert [is_told(head, events, limit) for limit in (length, length - 1)] == [False, True]
