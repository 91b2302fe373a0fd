"""A gap on real servers: the binlogs that lanes need are purged, and the tables' present state takes their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.control import launch
from actors.runtime import LocalRay
from actors.stack import Elasticsearch, Hbase, Mysql
from tests.kit.lab import Lab, lane_of, rows, until

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50) CHARACTER SET latin1)"


@pytest.fixture
def lab(local_ray: LocalRay, elasticsearch: Elasticsearch, hbase: Hbase, tmp_path: Path) -> Iterator[Lab]:
    """A corner of a MySQL of its own: its binlogs are purged."""
    assert local_ray.address is not None
    with Mysql("9") as server:
        corner = Lab(server, tmp_path, elasticsearch, hbase)
        yield corner
        corner.close()


def test_a_purged_gap_is_filled(lab: Lab) -> None:
    """Invariants 1 and 5: rows were inserted, changed, moved and deleted while nobody read, and their binlog is gone. Lanes
    that may take the tables' present state end equal to MySQL, without the documents of deleted rows, and stream on."""
    lab.sql(TABLE)
    config = lab.config(tables="t", lane='on_gap = "resnapshot"', rule='where = "n < 100000"')
    with launch(config) as pipeline:
        rows(lab, "t", 0, 300)
        lab.settle(pipeline)
    frontier = lab.executed()
    lab.sql(
        "DELETE FROM t WHERE id % 7 = 0",
        "UPDATE t SET n = n + 1, note = 'schön' WHERE id % 3 = 0",
        "UPDATE t SET id = id + 5000 WHERE id % 10 = 1",
        "UPDATE t SET n = 100000 WHERE id % 10 = 2",
    )
    rows(lab, "t", 1000, 100)
    lab.sql("FLUSH BINARY LOGS")
    newest = lab.sql("SHOW BINARY LOGS")[-1][0]
    lab.sql(f"PURGE BINARY LOGS TO '{newest}'")
    assert lab.sql(f"SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, '{frontier}')") == ((0,),)
    with launch(config) as pipeline:
        rows(lab, "t", 2000, 200)
        lab.sql("DELETE FROM t WHERE id % 7 = 1")
        lab.settle(pipeline)
        for lane in config.lanes:
            until(pipeline, lambda seen, name=lane: not lane_of(seen, name).problem, f"{lane} has no problem any more")
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
        rows(lab, "t", 3000, 50)
        lab.sql("DELETE FROM t WHERE id % 7 = 2")
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
