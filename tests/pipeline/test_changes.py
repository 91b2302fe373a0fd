"""Whole pipelines on real servers: what each kind of change becomes in both sinks."""

from __future__ import annotations

import pytest

from actors.control import launch
from ingest.status import LaneState
from tests.kit.lab import Lab, lane_of, rows, until

pytestmark = pytest.mark.integration

EQUAL = {"elasticsearch": 0, "hbase": 0}


def test_every_kind_of_change_arrives(lab: Lab) -> None:
    """Inserts, updates, deletes, key changes, several tables in one transaction, DDL in between: sinks equal MySQL."""
    config = lab.config()
    with launch(config) as pipeline:
        lab.sql("CREATE TABLE one (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
        lab.sql("CREATE TABLE two (a INT, b VARCHAR(20), n DECIMAL(30,10), PRIMARY KEY (a, b))")
        rows(lab, "one", 0, 500)
        lab.sql("UPDATE one SET n = n + 1000000 WHERE id % 3 = 0", "DELETE FROM one WHERE id % 7 = 0")
        lab.sql("UPDATE one SET id = id + 100000 WHERE id % 5 = 0")
        lab.sql("BEGIN", "INSERT INTO two VALUES (1, 'x|y', 1.5), (1, 'x', NULL)", "UPDATE one SET n = 0 WHERE id = 1")
        lab.sql("DELETE FROM one WHERE id = 2", "COMMIT")
        lab.sql("ALTER TABLE two ADD COLUMN late VARCHAR(10) DEFAULT 'dflt' FIRST", "UPDATE two SET n = 7")
        lab.sql("UPDATE one SET note = CONCAT(note, n) WHERE id % 2", "UPDATE one SET note = 'again' WHERE id % 2")
        lab.settle(pipeline)
        assert lab.differences(config) == EQUAL


def test_a_filter_is_entered_and_left(lab: Lab) -> None:
    """An update that leaves the filter deletes the document, one that enters it inserts it."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    config = lab.config(rule="where = \"n < 100 AND note <> 'hidden'\"")
    with launch(config) as pipeline:
        rows(lab, "t", 0, 200)
        lab.sql("UPDATE t SET n = n + 100 WHERE id < 50", "UPDATE t SET n = n - 100 WHERE id BETWEEN 100 AND 150")
        lab.sql("UPDATE t SET note = 'hidden' WHERE id = 60", "UPDATE t SET note = NULL WHERE id = 61")
        lab.sql("DELETE FROM t WHERE id = 62")
        lab.settle(pipeline)
        assert lab.differences(config) == EQUAL
        count = lab.sql("SELECT COUNT(*) FROM t WHERE n < 100 AND note <> 'hidden'")[0][0]
        assert 0 < count < 200


def test_stopping_anywhere_and_starting_again_is_exact(lab: Lab) -> None:
    """A pipeline ended in the middle of its work goes on from its frontier in a new epoch."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    config = lab.config()
    for turn in range(3):
        with launch(config) as pipeline:
            rows(lab, "t", turn * 1000, 1000)
            lab.sql(f"UPDATE t SET n = n + {turn}", "DELETE FROM t WHERE id % 11 = 1")
            until(pipeline, lambda seen: any(lane.applied for lane in seen.lanes), "something is applied")
    with launch(config) as pipeline:
        lab.settle(pipeline)
        (status,) = pipeline.status()
        assert all(lane.epoch >= 4 for lane in status.lanes)
        assert lab.differences(config) == EQUAL


def test_pause_resume_and_drain(lab: Lab) -> None:
    """A paused lane stands still while the other goes on; resumed, it catches up; drained, all it had is durable."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    config = lab.config()
    with launch(config) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        pipeline.pause("hbase")
        until(pipeline, lambda seen: lane_of(seen, "hbase").state is LaneState.PAUSED, "hbase is paused")
        rows(lab, "t", 100, 100)
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").applied >= 200, "elasticsearch goes on")
        (status,) = pipeline.status()
        assert lane_of(status, "hbase").state is LaneState.PAUSED
        pipeline.resume("hbase")
        lab.settle(pipeline)
        assert lab.differences(config) == EQUAL
        assert pipeline.drain(None, 60)
        (status,) = pipeline.status()
        assert {lane.state for lane in status.lanes} == {LaneState.DRAINED}


def test_one_large_transaction(lab: Lab) -> None:
    """A transaction larger than the buffers streams through."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, n INT, note VARCHAR(500))")
    lab.sql("INSERT INTO t (n, note) VALUES (1, REPEAT('x', 400))")
    config = lab.config(lane="buffer_bytes = 1000000\nbatch_bytes = 200000")
    with launch(config) as pipeline:
        lab.sql("BEGIN", *["INSERT INTO t (n, note) SELECT n, note FROM t"] * 13, "COMMIT")
        lab.settle(pipeline)
        assert lab.differences(config) == EQUAL
