"""What rules have against the fields and timestamps of the documents that they write."""

from __future__ import annotations

import pytest

from ingest.config.load import load
from ingest.problems import ProblemGroup

HEAD = """
[clusters.shop]
hosts = ["db"]
user = "repl"
[sinks.archive]
type = "hbase"
[lanes.orders]
cluster = "shop"
sink = "archive"
"""
FIRST = '[[lanes.orders.rules]]\ntables = ["shop.orders"]\nto = { table = "t", TO }\n'
SECOND = '[[lanes.orders.rules]]\ntables = ["shop.addresses"]\nto = { table = "t", MORE }\n'
COLUMNS = 'delete = "columns", source_field = "from"'


def loaded(to: str, more: str, lane: str = "", first: str = FIRST) -> dict[str, str]:
    """What is wrong with two rules of one table, by path."""
    text = HEAD + lane + first.replace("TO", to) + SECOND.replace("MORE", more)
    try:
        load(text, syntax="toml", origin="x")
    except ProblemGroup as group:
        return {str(problem.where["path"]): problem.what for problem in group.problems}
    return {}


@pytest.mark.parametrize(
    ("to", "more", "said"),
    [
        (COLUMNS, COLUMNS, "writes the source 'from' into the same rows"),
        (COLUMNS, 'delete = "columns", source_field = "from_addresses"', None),
        ('delete = "columns"', 'delete = "columns"', None),
        ('timestamps = "commit_time"', 'family = "a"', 'with timestamps = "commit_time", this rule with "version"'),
        ('timestamps = "commit_time"', 'timestamps = "commit_time"', None),
    ],
)
def test_two_rules_of_a_table(to: str, more: str, said: str | None) -> None:
    """A cell has one writer, and a table one kind of timestamps."""
    found = loaded(to, more)
    assert (said is None and not found) or (said is not None and said in found["lanes.orders.rules[1]"])


def test_commit_times_need_the_quarantine() -> None:
    """Without it a dead letter that is retried may be older than what was written since, and nothing would tell."""
    times = 'timestamps = "commit_time"'
    assert "isn't told to be old" in loaded(times, times, "quarantine = false\n")["lanes.orders.quarantine"]


def test_a_field_named_as_the_source() -> None:
    """Two fields of one name are refused before anything runs."""
    named = FIRST.replace("to =", 'fields = ["id", "n AS ingest_source"]\nto =')
    assert (
        "has a field named 'ingest_source'"
        in loaded('family = "a"', 'family = "b"', first=named)["lanes.orders.rules[0]"]
    )


def test_a_source_has_one_cell() -> None:
    """Two cells for it are a mistake of the rule's own."""
    found = loaded('columns = { "d:a" = "ingest_source", "d:b" = "ingest_source" }', 'family = "b"')
    assert any("has one cell" in what for what in found.values())
