"""A gap on real servers: the binlogs that lanes need are purged, and the tables' present state takes their place."""

from __future__ import annotations

import pytest

from actors.control import launch
from tests.kit.lab import Lab, lane_of, rows, until

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50) CHARACTER SET latin1)"


def test_a_purged_gap_is_filled(own_lab: Lab) -> None:
    """Invariants 1 and 5: rows were inserted, changed, moved and deleted while nobody read, and their binlog is gone. Lanes
    that may take the tables' present state end equal to MySQL, without the documents of deleted rows, and stream on."""
    own_lab.sql(TABLE)
    config = own_lab.config(tables="t", lane='on_gap = "resnapshot"', rule='where = "n < 100000"')
    with launch(config) as pipeline:
        rows(own_lab, "t", 0, 300)
        own_lab.settle(pipeline)
    frontier = own_lab.executed()
    own_lab.sql(
        "DELETE FROM t WHERE id % 7 = 0",
        "UPDATE t SET n = n + 1, note = 'schön' WHERE id % 3 = 0",
        "UPDATE t SET id = id + 5000 WHERE id % 10 = 1",
        "UPDATE t SET n = 100000 WHERE id % 10 = 2",
    )
    rows(own_lab, "t", 1000, 100)
    own_lab.sql("FLUSH BINARY LOGS")
    newest = own_lab.sql("SHOW BINARY LOGS")[-1][0]
    own_lab.sql(f"PURGE BINARY LOGS TO '{newest}'")
    assert own_lab.sql(f"SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, '{frontier}')") == ((0,),)
    with launch(config) as pipeline:
        rows(own_lab, "t", 2000, 200)
        own_lab.sql("DELETE FROM t WHERE id % 7 = 1")
        own_lab.settle(pipeline)
        for lane in config.lanes:
            until(pipeline, lambda seen, name=lane: not lane_of(seen, name).problem, f"{lane} has no problem any more")
        assert own_lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
        rows(own_lab, "t", 3000, 50)
        own_lab.sql("DELETE FROM t WHERE id % 7 = 2")
        own_lab.settle(pipeline)
        assert own_lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
