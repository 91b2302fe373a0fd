"""What trouble does to a pipeline: the lane that it concerns waits or stops by name, nothing is lost, others go on."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from actors.control import launch
from ingest.status import ClusterStatus, LaneState
from tests.kit.lab import Lab, kill, lane_of, rows, until, until_stopped
from tests.kit.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))"


def test_a_sink_that_is_down_holds_back_its_own_lane_only(lab: Lab) -> None:
    """Invariants 1 and 7: the lane waits and says for what, the other goes on, and all arrives once it is back."""
    assert lab.elasticsearch is not None
    url = urlsplit(lab.elasticsearch.url)
    assert url.hostname is not None
    assert url.port is not None
    lab.sql(TABLE)
    with TcpProxy((url.hostname, url.port)) as proxy:
        config = lab.config(elasticsearch=f"http://127.0.0.1:{proxy.port}")
        with launch(config) as pipeline:
            rows(lab, "t", 0, 100)
            lab.settle(pipeline)
            proxy.refuse()
            proxy.cut()
            rows(lab, "t", 100, 300)
            until(pipeline, lambda seen: lane_of(seen, "hbase").applied >= 400, "hbase goes on")
            until(
                pipeline, lambda seen: lane_of(seen, "elasticsearch").problem != "", "elasticsearch says why it waits"
            )
            proxy.heal()
            lab.settle(pipeline)
            assert lab.differences(lab.config()) == {"elasticsearch": 0, "hbase": 0}


def test_poison_stops_its_lane_and_names_the_row(lab: Lab) -> None:
    """A document that the sink will never take: the lane stops, names index, key and GTID, and the other goes on."""
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    strict = '{ index = "NAME-{table}", mapping = { properties = { note = { type = "date" } } } }'.replace(
        "NAME", lab.name
    )
    config = lab.config(elasticsearch_to=strict)
    with launch(config) as pipeline:
        lab.sql("INSERT INTO t VALUES (1, 1, '2024-01-02'), (2, 2, 'no date')")
        problem = until_stopped(pipeline, "elasticsearch")
        assert "sink.poison" in problem
        assert "key 2" in problem
        assert "gtid" in problem
        until(pipeline, lambda seen: lane_of(seen, "hbase").applied == 2, "hbase goes on")


def test_truncate_and_statements_stop_by_name(lab: Lab) -> None:
    """Invariant 5: a TRUNCATE of a captured table, and a data change written as a statement, are never passed over."""
    lab.sql(TABLE)
    config = lab.config(lanes=("elasticsearch",))
    with launch(config) as pipeline:
        rows(lab, "t", 0, 10)
        lab.settle(pipeline)
        lab.sql("TRUNCATE TABLE t")
        assert "binlog.table_emptied" in until_stopped(pipeline, "elasticsearch")
    lab.start = lab.executed()
    config = lab.config(lanes=("elasticsearch",), name=f"{lab.name}s")
    with launch(config) as pipeline:
        rows(lab, "t", 0, 10)
        lab.settle(pipeline)
        lab.sql("SET SESSION binlog_format = STATEMENT", "UPDATE t SET n = n + 1")
        problem = until_stopped(pipeline, "elasticsearch")
        assert "binlog.statement_dml" in problem
        assert "UPDATE t SET n" in problem


def test_a_partial_row_image_stops_by_name(lab: Lab) -> None:
    """A session with binlog_row_image=MINIMAL: the columns that the rule needs aren't there, and it says so."""
    lab.sql(TABLE)
    config = lab.config(lanes=("elasticsearch",))
    with launch(config) as pipeline:
        rows(lab, "t", 0, 10)
        lab.settle(pipeline)
        lab.sql("SET SESSION binlog_row_image = MINIMAL", "UPDATE t SET n = 99 WHERE id = 3")
        problem = until_stopped(pipeline, "elasticsearch")
        assert "binlog_row_image" in problem


def test_a_lane_whose_sink_process_died_comes_back_to_the_shared_reader(lab: Lab) -> None:
    """Invariants 1 and 7: a dead process is noticed without a change; its lane joins the shared reader in a new epoch while
    the application writes; the other lane's epoch goes on, and one reader is left."""
    lab.sql(TABLE)
    with launch(lab.config()) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        (before,) = pipeline.status()
        kill(lane_of(before, "elasticsearch").shards[0].process)
        written = 100

        def is_back(seen: ClusterStatus) -> bool:
            nonlocal written
            lane = lane_of(seen, "elasticsearch")
            if lane.epoch > lane_of(before, "elasticsearch").epoch:
                rows(lab, "t", written, 50)
                written += 50
            return written > 100 and lane.reader == "shared" and lane.state is LaneState.RUNNING

        after = until(pipeline, is_back, "it shares the reader again")
        assert lane_of(after, "hbase").epoch == lane_of(before, "hbase").epoch
        assert len(after.readers) == 1
        lab.settle(pipeline)
        assert lab.differences(lab.config()) == {"elasticsearch": 0, "hbase": 0}
