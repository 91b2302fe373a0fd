"""ingest.lane.tail, in memory and spilled to disk: each document's last change, in binlog order."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.drivers.spill import SpillingMap
from ingest.lane.buffers import SliceShape
from ingest.lane.tail import TailCoalescer, TailKey, TailRow
from ingest.slices import Kind, TransactionStamp

STAMP = TransactionStamp("gtid", 0, "binlog.000001", 4)
SHAPES = [SliceShape(rule, b"map", b"", b"\x01", b"\x01", place) for rule in (0, 1) for place in ("t", "u")]
MAPS: dict[str, Callable[[], MutableMapping[TailKey, TailRow]]] = {
    "in memory": dict,
    "on disk": lambda: SpillingMap(0),
    "spilled on the way": lambda: SpillingMap(3_000),
}


@pytest.mark.parametrize("kept", MAPS)
@given(changes=st.lists(st.tuples(st.sampled_from(SHAPES), st.sampled_from("abcd")), max_size=40))
def test_last_change_of_each_document_in_order(kept: str, changes: list[tuple[SliceShape, str]]) -> None:
    """Invariant 3: a document is its rule, its table's place and its key; the last change of each is left, ordinals
    rising, marked as of the tail."""
    tail = TailCoalescer(MAPS[kept]())
    newest: dict[tuple[int, str, str], int] = {}
    for ordinal, (shape, identity) in enumerate(changes, 1):
        tail.add(identity, TailRow(0, shape, Kind.UPDATE, ordinal, b"", b"image", STAMP))
        newest[shape.rule, shape.place, identity] = ordinal
    assert len(tail) == len(newest)
    assert tail.read_rows == len(changes)
    drained = list(tail.drain())
    assert [row.ordinal for row in drained] == sorted(newest.values())
    assert all(row.shape.tail for row in drained)
    assert len({id(row.shape) for row in drained}) == len({key[:2] for key in newest})  # rows of one slice share it
    assert len(tail) == 0
