"""Coalescing: what is left does the same as everything."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sinks.coalesce import coalesce
from ingest.sinks.contract import Operations

OPERATION = st.tuples(
    st.sampled_from(["k1", "k2", "k3"]),
    st.sampled_from(["t1", "t2"]),
    st.sampled_from([None, "r"]),
    st.booleans(),
    st.integers(1, 6),
)


def build(rule: int, rows: list[tuple[str, str, str | None, bool, int]], first: int) -> Operations:
    """Operations whose documents are told apart by a number of their own."""
    values = [None if row[3] else first + number for number, row in enumerate(rows)]
    return Operations(
        rule,
        [row[0] for row in rows],
        [row[4] * 2 + (not row[3]) for row in rows],
        [row[3] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        pa.record_batch({"value": pa.array(values, pa.int64())}),
        list(range(len(rows))),
    )


def applied(parcel: list[Operations]) -> dict[tuple[str, str, str | None], tuple[int, int | None]]:
    """What a sink fenced by versions holds after taking operations one by one: the newest of each document."""
    held: dict[tuple[str, str, str | None], tuple[int, int | None]] = {}
    for operations in parcel:
        values = operations.documents.column("value").to_pylist()
        names = zip(operations.targets, operations.keys, operations.routings, strict=True)
        for name, version, value in zip(names, operations.versions, values, strict=True):
            if name not in held or version >= held[name][0]:
                held[name] = (version, value)
    return held


@settings(deadline=None)
@given(st.lists(st.lists(OPERATION, max_size=8), max_size=4))
def test_coalesced_equals_everything(parts):
    """Invariants 2, 5: each document is left once, with its newest operation, and what was left out is counted."""
    parcel = [build(number, rows, 100 * number) for number, rows in enumerate(parts)]
    left, dropped = coalesce(parcel)
    assert applied(left) == applied(parcel)
    documents = [name for one in left for name in zip(one.targets, one.keys, one.routings, strict=True)]
    assert len(documents) == len(set(documents))
    assert dropped == sum(map(len, parts)) - len(documents)
    assert all(one.keys for one in left)
    for one in left:
        assert [value is None for value in one.documents.column("value").to_pylist()] == list(one.deletes)


def test_rows_of_an_operation_stay_together():
    """Source, routing, target and document of what is left are those of one and the same row."""
    parcel = [build(0, [("a", "t", None, False, 1), ("b", "t", "r", False, 2), ("a", "t", None, False, 3)], 0)]
    (left,), dropped = coalesce(parcel)
    assert dropped == 1
    assert (left.keys, left.versions, left.sources, left.routings) == (["b", "a"], [5, 7], [1, 2], ["r", None])
    assert left.documents.to_pylist() == [{"value": 1}, {"value": 2}]
