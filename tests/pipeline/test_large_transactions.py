"""Large transactions on real servers: one lane drops them, another takes them aside."""

from __future__ import annotations

import pytest

from actors.control import launch
from ingest.config.load import load
from tests.kit.lab import Lab, lane_of, rows, until

pytestmark = pytest.mark.integration


def test_one_lane_drops_what_another_takes_aside(lab: Lab) -> None:
    """Invariants 1, 5 and 7: the frontier of the lane that drops passes the transaction, nothing of it is applied, its rows
    are counted and differ by choice, and it stays in its epoch; the other lane leaves, has every row, and comes back."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    text = lab.text()
    for lane, policy in (("elasticsearch", "drop"), ("hbase", "slow-lane")):
        options = f'[lanes.{lane}.large_transactions]\npolicy = "{policy}"\nrows = 500\n'
        text = text.replace(f"[[lanes.{lane}.rules]]", f"{options}[[lanes.{lane}.rules]]")
    config = load(text, syntax="toml", origin=lab.name)
    with launch(config) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        (before,) = pipeline.status()
        with lab.connection.cursor() as cursor:
            cursor.execute("BEGIN")
            rows(lab, "t", 1_000, 2_000)
            cursor.execute("COMMIT")
        rows(lab, "t", 100, 50)
        lab.settle(pipeline)
        (after,) = pipeline.status()
        dropping, aside = lane_of(after, "elasticsearch"), lane_of(after, "hbase")
        assert (dropping.dropped_transactions, dropping.dropped_rows) == (1, 2_000)
        assert dropping.epoch == lane_of(before, "elasticsearch").epoch
        assert aside.epoch > lane_of(before, "hbase").epoch
        assert lab.differences(config) == {"elasticsearch": 2_000, "hbase": 0}
        lab.sql("UPDATE t SET n = n + 1 WHERE id = 1000")
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 1_999, "hbase": 0}
        until(pipeline, lambda seen: lane_of(seen, "hbase").reader == "shared", "the lane comes back")
