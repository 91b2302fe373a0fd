"""actors.drivers.spill_events: what comes back is what went in, in order, wherever it was meanwhile."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from actors.drivers.spill_events import SpillingEvents
from ingest.codec import RowsEvent
from ingest.slices import Kind

TABLES = [object(), object()]


def event(number: int) -> RowsEvent:
    return RowsEvent(1, Kind.INSERT, 1, b"", b"\1", number.to_bytes(4, "little") * 50)


@given(st.lists(st.sampled_from(["append", "popleft", "clear"]), max_size=40), st.sampled_from([0, 1_500, 1 << 20]))
def test_it_is_a_queue(steps: list[str], memory_bytes: int) -> None:
    """Like a deque, with memory for none, some and all; tables are the very objects (invariant 6: the rest is on disk)."""
    spilling, plain = SpillingEvents(memory_bytes), deque[tuple[object, RowsEvent]]()
    for number, step in enumerate(steps):
        if step == "append":
            spilling.append((TABLES[number % 2], event(number)))
            plain.append((TABLES[number % 2], event(number)))
        elif step == "clear":
            spilling.clear()
            plain.clear()
        elif plain:
            (table, found), (wanted_table, wanted) = spilling.popleft(), plain.popleft()
            assert table is wanted_table
            assert found == wanted
        assert len(spilling) == len(plain)
    spilling.clear()
