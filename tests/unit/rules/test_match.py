"""Table patterns."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem
from ingest.rules.match import parse_pattern
from ingest.schema import TableName


@pytest.mark.parametrize(
    ("pattern", "database", "table", "expected"),
    [
        ("shop.orders", "shop", "orders", True),
        ("shop.orders", "shop", "Orders", False),
        ("shop.order_*", "shop", "order_2026", True),
        ("shop.order_*", "shop", "orders", False),
        ("shop.order_?", "shop", "order_1", True),
        ("shop.order_?", "shop", "order_12", False),
        ("*.*", "a", "b", True),
        ("shop?.x", "shop1", "x", True),
        ("`odd.name`.`t*`", "odd.name", "tea", True),
        ("a+.b", "aa", "b", False),
        ("[a].b", "a", "b", False),
    ],
)
def test_patterns(pattern, database, table, expected):
    """`*` is any run, `?` one character, all else itself, with case."""
    assert parse_pattern(pattern).matches(TableName(database, table)) is expected


@pytest.mark.parametrize("pattern", ["orders", "a.b.c", "", ".", "a.", "`a.b", "a b.c"])
def test_bad_patterns(pattern):
    """A pattern has a database and a table."""
    with pytest.raises(DataProblem) as caught:
        parse_pattern(pattern)
    assert caught.value.code.name == "config.bad_value"
