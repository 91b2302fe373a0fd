"""Selected rows to expected documents, through the lane's own rules."""

import json

import pytest

from ingest.binlog.field_types import FieldType as F
from ingest.config.load import load
from ingest.config.model import Lane
from ingest.rules.parse import parse_rule
from ingest.schema import Column, TableName, TableSchema
from ingest.sinks.stored import StoredDocument
from ingest.verify.documents import TablePlan, table_plan

ORDERS = TableSchema(
    TableName("shop", "orders"),
    (
        Column("id", F.LONG, 0, nullable=False),
        Column("type", F.TINY, 0, nullable=True),
        Column("amount", F.NEWDECIMAL, 10 | 2 << 8, nullable=True),
        Column("extra", F.JSON, 4, nullable=True),
    ),
    (0,),
)
ROWS = [[b"1", b"2", b"3"], [b"1", b"2", None], [b"1.50", None, b"0.00"], [b'{"a": 1}', None, b"null"]]


def _lane(sink: dict[str, object], *rules: dict[str, object]) -> Lane:
    config = {
        "clusters": {"c": {"hosts": ["h"], "user": "u"}},
        "sinks": {"s": sink},
        "lanes": {"l": {"cluster": "c", "sink": "s", "rules": rules}},
    }
    return load(json.dumps(config), syntax="json", origin="test").lanes["l"]


def _plan(lane: Lane) -> TablePlan | None:
    rules = [parse_rule(index, options) for index, options in enumerate(lane.rules)]
    return table_plan(ORDERS, rules, [rule.to for rule in lane.rules], "null")


def _search(*rules: dict[str, object]) -> TablePlan:
    plan = _plan(_lane({"type": "elasticsearch", "urls": ["http://h:9200"]}, *rules))
    assert plan is not None
    return plan


def _archive(target: dict[str, object]) -> TablePlan:
    plan = _plan(_lane({"type": "hbase"}, {"tables": ["shop.*"], "to": {"table": "orders", **target}}))
    assert plan is not None
    return plan


def test_documents_of_two_rules() -> None:
    """Each rule gives its own documents; a row that one leaves out is counted."""
    plan = _search(
        {"sql": "SELECT id, amount AS total FROM shop.orders WHERE type = 1", "to": {"index": "One"}},
        {"tables": ["shop.*"], "fields": ["type"], "to": {"index": "{table}", "routing": "type"}},
    )
    expectation = plan.expect(ROWS[:3])
    one, every = expectation.groups
    assert (one.target, [document.key for document in one.documents]) == ("one", ["1"])
    assert one.documents[0].fields == {"id": b"1", "total": b"1.50"}
    assert [document.routing for document in every.documents] == ["1", "2", None]
    assert dict(expectation.dropped) == {"filtered": 2}
    assert expectation.documents == 4


def test_only_the_rules_columns_are_selected() -> None:
    """A column that no rule uses isn't read."""
    plan = _search({"sql": "SELECT id, amount FROM shop.orders WHERE type = 1", "to": {"index": "x"}})
    assert plan.queries.columns == (0, 1, 2)


def test_no_rule_no_plan() -> None:
    """A table that no rule takes isn't read at all."""
    lane = _lane({"type": "elasticsearch", "urls": ["http://h:9200"]}, {"tables": ["other.*"], "to": {"index": "x"}})
    assert _plan(lane) is None


def test_cells_of_a_row_with_nulls() -> None:
    """A NULL has no cell, and the row key is the rendered one."""
    [group] = _archive({"row_key": "{reverse:id}-{key}"}).expect(ROWS).groups
    assert [document.key for document in group.documents] == ["1-1", "2-2", "3-3"]
    assert group.documents[1].fields == {"d:id": b"2", "d:type": b"2"}
    assert group.reading.json_fields == {"d:extra"}
    assert group.reading.empty_is_absent
    assert group.reading.own is None


def test_rows_that_are_shared_compare_only_their_own_columns() -> None:
    """With ``delete = "columns"`` others may write into the row; with ``upsert`` into the document."""
    [cells] = _archive({"delete": "columns", "columns": {"m:total": "amount"}}).expect(ROWS).groups
    assert sorted(cells.reading.own or ()) == ["d:extra", "d:id", "d:type", "m:total"]
    [merged] = _search({"tables": ["shop.*"], "to": {"index": "x", "write": "upsert"}}).expect(ROWS).groups
    assert merged.reading.own is not None
    assert "amount" in merged.reading.json_fields


def test_differences_name_the_row() -> None:
    """A difference knows which of the selected rows it came from."""
    [group] = _archive({}).expect(ROWS).groups
    stored = [StoredDocument(document.key, 1, document.fields) for document in group.documents]
    assert list(group.compare(stored)) == []
    stored[2] = StoredDocument("3", 1, {**stored[2].fields, "d:amount": b"0.01"})
    [(row, [difference])] = group.compare(stored)
    assert (row, difference.field, difference.expected, difference.found) == (2, "d:amount", "0.00", "0.01")


@pytest.mark.parametrize(("template", "target"), [("A-{table}", "a-orders"), ("a-{type}", None)])
def test_fixed_target(template: str, target: str | None) -> None:
    """An index whose name hangs on no column can be looked at without a row."""
    [on] = _search({"tables": ["shop.*"], "to": {"index": template}}).rules
    assert on.fixed_target == target
