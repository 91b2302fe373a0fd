"""Rewinds on real servers: older changes are read again, nothing is seen going back, and the sinks equal MySQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from actors.clock import SystemClock
from actors.control import Pipeline, launch
from actors.members import this_process
from actors.parts.store import store_of
from actors.rewind.carry_out import carry_out
from actors.rewind.survey import survey_rewind
from actors.stack import Elasticsearch
from ingest.config.model import Config
from ingest.problems import DataProblem, WorldProblem
from ingest.rewind.moment import parse_point
from ingest.rewind.plan import Asked, RewindPlan
from ingest.status import LaneState
from tests.kit.counters import made, polled, raised
from tests.kit.lab import Lab, kill, lane_of, rows, until

pytestmark = pytest.mark.integration

EQUAL = {"elasticsearch": 0, "hbase": 0}
TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))"


def planned(config: Config, lane: str, to: str, *, skip: bool = False) -> RewindPlan:
    asked = Asked(parse_point(to, SystemClock().wall_us()), skip)
    return survey_rewind(config, lane, store_of(config), asked, lambda _: None)


def gone_on(lab: Lab, pipeline: Pipeline, lane: str, epoch: int) -> None:
    """The lane runs in that epoch or a later one, and has applied all there is by now."""
    until(
        pipeline,
        lambda seen: (one := lane_of(seen, lane)).state is LaneState.RUNNING and one.epoch >= epoch,
        f"{lane} runs in epoch {epoch}",
    )
    lab.settle(pipeline)


def test_a_running_lane_goes_back_and_nobody_sees_it(lab: Lab) -> None:
    """Invariants 1, 2 and 7: by GTID set and by moment, while rows change. No document is seen going back; the other lane
    stays in its epoch."""
    made(lab)
    early = lab.executed()
    config = lab.config()
    with launch(config) as pipeline:
        lab.settle(pipeline)
        (before,) = pipeline.status()
        with raised(lab), polled(lab) as seen:
            until(pipeline, lambda now: all(lane.applied > 300 for lane in now.lanes), "some is applied")
            moment = str(lab.sql("SELECT UTC_TIMESTAMP(6)")[0][0])
            until(pipeline, lambda now: all(lane.applied > 600 for lane in now.lanes), "more is applied")
            for to in (early, moment):
                plan = planned(config, "elasticsearch", to)
                assert plan.again.count() > 100
                epoch, goes_on = pipeline.rewind("elasticsearch", plan.order)
                assert goes_on
                gone_on(lab, pipeline, "elasticsearch", epoch)
            (after,) = pipeline.status()
            assert lane_of(after, "hbase").epoch == lane_of(before, "hbase").epoch
            assert lane_of(after, "hbase").restarts == 0
            epoch, _ = pipeline.rewind("hbase", planned(config, "hbase", early).order)
            gone_on(lab, pipeline, "hbase", epoch)
            assert seen.looks > 20
        lab.settle(pipeline)
        assert seen.backward == []
        assert len(seen.newest) == 80
        assert lab.differences(config) == EQUAL


def test_a_lane_is_taken_back_while_nothing_runs(lab: Lab) -> None:
    """The store alone is enough; the next run brings back what was deleted in the sink behind our back."""
    lab.sql(TABLE)
    config = lab.config(lanes=("elasticsearch",))
    with launch(config) as pipeline:
        rows(lab, "t", 0, 200)
        lab.sql("DELETE FROM t WHERE id % 3 = 0", "UPDATE t SET n = 1000 WHERE id % 3 = 1")
        lab.settle(pipeline)
    assert lab.elasticsearch is not None
    delete_index(lab.elasticsearch, f"{lab.name}-t")
    assert lab.differences(config)["elasticsearch"] > 0
    plan = planned(config, "elasticsearch", lab.start)
    record = carry_out(store_of(config), "elasticsearch", plan.order, this_process("test"))
    assert (record.frontier.executed, record.epoch) == (lab.start, plan.epoch + 1)
    with launch(config) as pipeline:
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 0}
        latest = store_of(config).latest("elasticsearch")
        assert latest is not None
        assert latest.reach == ""


def test_forward_only_by_name(lab: Lab) -> None:
    """What lies between is counted and, with --skip, never applied."""
    lab.sql(TABLE)
    config = lab.config(lanes=("elasticsearch",))
    with launch(config) as pipeline:
        rows(lab, "t", 0, 10)
        lab.settle(pipeline)
    lab.sql("INSERT INTO t VALUES (100, 1, 'passed over')", "INSERT INTO t VALUES (101, 1, 'too')")
    to = lab.executed()
    lab.sql("INSERT INTO t VALUES (102, 1, 'applied')")
    with pytest.raises(DataProblem, match="transactions before that point aren't applied yet"):
        planned(config, "elasticsearch", to)
    plan = planned(config, "elasticsearch", to, skip=True)
    assert plan.never.count() >= 2
    carry_out(store_of(config), "elasticsearch", plan.order, this_process("test"))
    with launch(config) as pipeline:
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 2}


def claimed(lab: Lab, config: Config, epoch: int) -> None:
    """Wait until the rewind has claimed its epoch."""
    store = store_of(config)
    while store.holds("elasticsearch", epoch):
        pass


def at_once(lab: Lab, config: Config, epoch: int) -> None:
    """Don't wait: the lane is on its way out of its reader."""


@contextmanager
def watched(lab: Lab, config: Config) -> Iterator[Pipeline]:
    """A running lane while rows change and a reader polls: at the end nothing went back, and the sink equals MySQL."""
    with launch(config) as pipeline:
        lab.settle(pipeline)
        with raised(lab), polled(lab) as seen:
            until(pipeline, lambda now: now.lanes[0].applied > 300, "some is applied")
            yield pipeline
        lab.settle(pipeline)
        assert seen.backward == []
        assert lab.differences(config) == {"elasticsearch": 0}


def lane_of_elasticsearch(lab: Lab) -> tuple[Config, str]:
    """A lab of one lane with rows in it: its configuration, and the GTIDs of now."""
    made(lab)
    config = lab.config(lanes=("elasticsearch",))
    lab.hbase = None
    return config, lab.executed()


@pytest.mark.chaos
@pytest.mark.parametrize("moment", [at_once, claimed])
def test_kill_nine_while_a_lane_goes_back(lab: Lab, moment: Callable[[Lab, Config, int], None]) -> None:
    """Invariants 1 and 2: with the supervisor killed, the lane has its old or its new frontier, and goes on from it."""
    config, early = lane_of_elasticsearch(lab)
    with watched(lab, config) as pipeline:
        for _ in range(3):
            status = until(pipeline, lambda now: now.lanes[0].state is LaneState.RUNNING, "it runs")
            plan = planned(config, "elasticsearch", early)
            asking = threading.Thread(target=suppressed, args=(pipeline, plan))
            asking.start()
            moment(lab, config, status.lanes[0].epoch)
            kill(status.supervisor)
            asking.join()
            gone_on(lab, pipeline, "elasticsearch", status.lanes[0].epoch + 1)


@pytest.mark.chaos
def test_kill_nine_while_the_tail_is_read(lab: Lab) -> None:
    """Invariant 2: the reader and a sink actor die while what lies between is read and written: it starts once more."""
    config, early = lane_of_elasticsearch(lab)
    with watched(lab, config) as pipeline:
        for _ in range(3):
            epoch, _ = pipeline.rewind("elasticsearch", planned(config, "elasticsearch", early).order)
            status = until(pipeline, lambda now: bool(now.lanes[0].shards and now.readers), "its actors answer")
            kill(status.lanes[0].shards[0].process)
            kill(status.readers[0].process)
            gone_on(lab, pipeline, "elasticsearch", epoch)


def suppressed(pipeline: Pipeline, plan: RewindPlan) -> None:
    """Ask; the supervisor may die over it."""
    try:
        pipeline.rewind(plan.lane, plan.order)
    except WorldProblem:
        return


def test_behind_changed_tables_on_mysql_5_6(old_lab: Lab) -> None:
    """Where the binlog doesn't name the columns: a lane goes back behind ALTERs that it has seen, with the schemas of
    then."""
    lab = old_lab
    config = lab.config()
    with launch(config) as pipeline:
        lab.sql("CREATE TABLE t (id INT UNSIGNED PRIMARY KEY, small TINYINT UNSIGNED, note VARCHAR(20))")
        lab.sql(*(f"INSERT INTO t VALUES ({4_000_000_000 + key}, 200, 'note')" for key in range(20)))
        lab.settle(pipeline)
        early = lab.executed()
        lab.sql("UPDATE t SET small = 255", "ALTER TABLE t ADD COLUMN first INT UNSIGNED FIRST")
        lab.sql("UPDATE t SET first = 4000000000 WHERE id % 2", "ALTER TABLE t CHANGE note text VARCHAR(40) AFTER id")
        lab.sql("UPDATE t SET small = small - 1, text = CONCAT(text, ' again'), first = 7")
        lab.settle(pipeline)
        assert lab.differences(config)["elasticsearch"] == 0
        for lane in ("elasticsearch", "hbase"):
            epoch, _ = pipeline.rewind(lane, planned(config, lane, early).order)
            gone_on(lab, pipeline, lane, epoch)
        assert lab.differences(config)["elasticsearch"] == 0
        records = [store_of(config).latest(lane) for lane in ("elasticsearch", "hbase")]
        assert all(record is not None and record.schema_history for record in records)


def delete_index(server: Elasticsearch, index: str) -> None:
    """As a person would by curl."""
    from tests.kit.elasticsearch_drivers import ask

    ask(server, "DELETE", f"/{index}")
