"""What rows would become, and why some become nothing."""

import json
from collections.abc import Sequence

from ingest.binlog.field_types import FieldType as F
from ingest.config.load import load
from ingest.plan.explain import conjuncts
from ingest.plan.rows import PlannedRow, plan_table
from ingest.rules.parse import parse_rule
from ingest.rules.sql import parse_condition
from ingest.schema import Column, TableName, TableSchema
from ingest.sinks.registry import sink_kind
from ingest.verify.documents import table_plan

ORDERS = TableSchema(
    TableName("shop", "orders"),
    (
        Column("id", F.LONG, 0, nullable=False),
        Column("type", F.TINY, 0, nullable=True),
        Column("status", F.ENUM, 1 << 8, nullable=True, collation=255, members=("draft", "placed")),
    ),
    (0,),
)
SEARCH = {"type": "elasticsearch", "urls": ["http://h:9200"]}


def _rows(sink: dict[str, object], rule: dict[str, object], *rows: Sequence[bytes | None]) -> Sequence[PlannedRow]:
    config = load(
        json.dumps(
            {
                "clusters": {"c": {"hosts": ["h"], "user": "u"}},
                "sinks": {"s": sink},
                "lanes": {"l": {"cluster": "c", "sink": "s", "rules": [rule]}},
            }
        ),
        syntax="json",
        origin="test",
    )
    lane, options = config.lanes["l"], config.sinks["s"]
    targets = [one.to for one in lane.rules]
    table = table_plan(ORDERS, [parse_rule(0, lane.rules[0])], targets, "null")
    assert table is not None
    encoder = sink_kind(options.type).encoder(options, targets)
    columns = list(zip(*rows, strict=True))
    [planned] = plan_table(table, [columns[index] for index in table.queries.columns], encoder)
    assert planned.rule == 0
    return planned.rows


def test_request_is_what_the_sink_would_be_sent() -> None:
    """The bulk lines, with id, routing and every field."""
    rule = {"sql": "SELECT id, status AS state FROM shop.orders", "to": {"index": "orders", "routing": "type"}}
    [row] = _rows(SEARCH, rule, (b"7", b"1", b"placed"))
    assert row.document is not None
    assert (row.outcome, row.document.target, row.document.key, row.document.routing) == ("written", "orders", "7", "1")
    head, body = (json.loads(line) for line in (row.document.request or "").splitlines())
    assert (head["index"]["_index"], head["index"]["_id"], head["index"]["routing"]) == ("orders", "7", "1")
    assert body == {"id": 7, "state": "placed"}


def test_cells_are_shown_for_hbase() -> None:
    """Row key and cells as they would be stored."""
    rule = {"tables": ["shop.*"], "to": {"table": "t", "row_key": "x-{key}"}}
    [row] = _rows({"type": "hbase"}, rule, (b"7", None, b"placed"))
    assert row.document is not None
    assert row.document.request is None
    assert (row.document.key, row.document.fields) == ("x-7", {"d:id": b"7", "d:status": b"placed"})


def test_every_unmet_condition_is_named_with_its_values() -> None:
    """Each part of the AND that is false or NULL, and no part that is true."""
    rule = {
        "sql": "SELECT id FROM shop.orders WHERE id > 0 AND type = 1 AND (status <> 'draft' OR status IS NULL)",
        "to": {"index": "orders"},
    }
    passes, false, null = _rows(SEARCH, rule, (b"1", b"1", b"placed"), (b"2", b"2", b"draft"), (b"3", None, None))
    assert passes.outcome == "written"
    assert (false.outcome, false.reasons) == ("left out", ("filtered",))
    assert [(unmet.result, dict(unmet.values)) for unmet in false.unmet] == [
        ("false", {"type": "2"}),
        ("false", {"status": "draft"}),
    ]
    assert [(unmet.condition, unmet.result, dict(unmet.values)) for unmet in null.unmet] == [
        ("type = 1", "NULL", {"type": "NULL"})
    ]
    assert str(null.unmet[0]) == "type = 1 is NULL (type = NULL)"


def test_a_row_that_would_stop_the_lane_hides_no_other() -> None:
    """A NULL in the key is told for its row alone."""
    rule = {"tables": ["shop.*"], "id": ["type"], "to": {"index": "orders"}}
    bad, good = _rows(SEARCH, rule, (b"1", None, None), (b"2", b"5", None))
    assert (bad.outcome, good.outcome) == ("refused", "written")
    assert "'type' is NULL" in bad.problem


def test_conjuncts() -> None:
    """Only the outermost ANDs are taken apart."""
    parts = list(conjuncts(parse_condition("a = 1 AND (b = 2 AND c = 3) AND (d = 4 OR e = 5)")))
    assert [part.text for part in parts] == ["a = 1", "b = 2", "c = 3", "d = 4 OR e = 5"]
