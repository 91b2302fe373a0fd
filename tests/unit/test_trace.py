"""ingest.trace: which changes are traced, and what is said of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import DataProblem
from ingest.schema import TableName
from ingest.slices import Kind, TransactionStamp
from ingest.trace import BAD_FILTER, ChangeTrace, TraceFilter
from ingest.version import version_of

ORDERS = TableName("shop", "orders")
ITEMS = TableName("shop", "order_items")


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("table=shop.orders", [(ORDERS, "1"), (ORDERS, "2")], [(ITEMS, "1")]),
        ("table=shop.order*", [(ORDERS, "1"), (ITEMS, "1")], [(TableName("other", "orders"), "1")]),
        ("key=42", [(ORDERS, "42"), (ITEMS, "42")], [(ORDERS, "4"), (ORDERS, "421")]),
        ("table=shop.orders,key=42", [(ORDERS, "42")], [(ORDERS, "43"), (ITEMS, "42")]),
        ("key=a,key=b", [(ORDERS, "a,key=b")], [(ORDERS, "a")]),
        ("table=shop.orders,key=a,b=c|d", [(ORDERS, "a,b=c|d")], [(ORDERS, "a")]),
        ("key=", [(ORDERS, "")], [(ORDERS, "0")]),
    ],
)
def test_a_filter_takes_the_changes_it_names(
    text: str, wanted: list[tuple[TableName, str]], unwanted: list[tuple[TableName, str]]
) -> None:
    """A table pattern, a key, or both; a key is compared whole and may hold any character."""
    trace = TraceFilter.parse(text)
    assert all(trace.wants(table, key) for table, key in wanted)
    assert not any(trace.wants(table, key) for table, key in unwanted)
    assert str(trace) == text


@pytest.mark.parametrize(
    "text", ["", "shop.orders", "42", "table=orders", "table=", "tables=shop.orders", "table=a.b.c"]
)
def test_what_is_no_filter_is_told(text: str) -> None:
    """Anything else is a problem of its own code, with the forms that are understood."""
    with pytest.raises(DataProblem) as caught:
        TraceFilter.parse(text)
    assert caught.value.code is BAD_FILTER
    assert "table=DATABASE.TABLE" in (caught.value.hint or "")


@given(st.text(), st.booleans())
def test_any_key_can_be_traced(key: str, with_table: bool) -> None:
    """Whatever the key, its filter takes it and no other."""
    trace = TraceFilter.parse(f"table=shop.orders,key={key}" if with_table else f"key={key}")
    assert trace.wants(ORDERS, key)
    assert not trace.wants(ORDERS, key + "x")


def test_a_filter_of_nothing_cannot_be() -> None:
    """A filter that names neither can't be built: it would trace everything."""
    with pytest.raises(ValueError, match="names a table"):
        TraceFilter(None, None)


def test_the_event_tells_the_whole_way_in_order() -> None:
    """GTID and place, row, document, answer; empty fields are left out, zeros are not."""
    stamp = TransactionStamp("u:1", 5, "binlog.1", 0)
    trace = ChangeTrace(
        "search", 0, stamp, ORDERS, Kind.UPDATE, "42", version_of(3, 9, delete=False), '{"id":42}', '{"id":42,"x":1}',
        "orders", "write", "", '{"x":1}', "done",
    )  # fmt: skip
    assert list(trace.fields().items()) == [
        ("gtid", "u:1"), ("commit_us", 5), ("file", "binlog.1"), ("position", 0), ("table", "shop.orders"),
        ("kind", "update"), ("before", '{"id":42}'), ("after", '{"id":42,"x":1}'), ("lane", "search"), ("shard", 0),
        ("epoch", 3), ("ordinal", 9), ("key", "42"), ("target", "orders"), ("operation", "write"), ("document", '{"x":1}'), ("answer", "done"),
    ]  # fmt: skip
