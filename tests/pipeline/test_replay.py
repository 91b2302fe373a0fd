"""Archived binlog files on real servers: a purged gap is closed, a shadow equals the original, whatever is killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import happybase
import pytest

from actors.clock import SystemClock
from actors.control import Pipeline, launch
from actors.replay.command import Replay, planned
from actors.replay.follow import Finished, follow
from actors.replay.parts import ReplaySupervisor
from actors.supervisor import Supervisor
from actors.wiring import spawn, this_node
from ingest.config.model import Config
from ingest.problems import DataProblem
from ingest.status import ClusterStatus
from tests.kit.counters import made, polled, raised
from tests.kit.elasticsearch_drivers import ask
from tests.kit.lab import Lab, kill, rows, until, until_stopped

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))"


def archive(lab: Lab) -> list[Path]:
    """Copies of all binlog files but the one being written; they are purged on the server."""
    lab.sql("FLUSH BINARY LOGS")
    names = [str(row[0]) for row in lab.sql("SHOW BINARY LOGS")]
    directory = lab.directory / "archive"
    directory.mkdir(exist_ok=True)
    copies = [Path(shutil.copy(lab.mysql.data / name, directory / name)) for name in names[:-1]]
    lab.sql(f"PURGE BINARY LOGS TO '{names[-1]}'")
    return copies


@contextmanager
def replaying(plan: Replay) -> Iterator[Pipeline]:
    """The supervisor of a replay, on the session's Ray."""
    name = f"{plan.config.name}.replay/{plan.lane}"
    parts = ReplaySupervisor(plan.config, plan.lane, plan.files, alone=plan.shadow, node=this_node())
    with Pipeline(name, {plan.config.lanes[plan.lane].cluster: spawn(Supervisor, name, parts)}) as pipeline:
        yield pipeline


def replayed(plan: Replay, show: Callable[[Sequence[ClusterStatus]], None] = lambda _: None) -> Finished:
    with replaying(plan) as pipeline:
        return follow(pipeline, plan.goal, show, SystemClock())


def change(lab: Lab, first: int) -> None:
    """Rows come, change and go, in a few files."""
    for turn in range(3):
        rows(lab, "t", first + 100 * turn, 100)
        lab.sql("UPDATE t SET n = n + 1 WHERE id % 3 = 0", "DELETE FROM t WHERE id % 11 = 5", "FLUSH BINARY LOGS")
    lab.sql("SET SESSION binlog_transaction_compression = ON", "UPDATE t SET note = 'compressed' WHERE id % 2")
    lab.sql("SET SESSION binlog_transaction_compression = OFF")


def test_a_purged_gap_is_closed_from_archived_files(own_lab: Lab) -> None:
    """Invariant 1: the files in any order, with old ones among them; a missing one is named; the lane goes on from the
    server afterwards."""
    own_lab.sql(TABLE)
    config = own_lab.config()
    with launch(config) as pipeline:
        rows(own_lab, "t", 1000, 100)
        own_lab.settle(pipeline)
    own_lab.sql("FLUSH BINARY LOGS")
    change(own_lab, 2000)
    files = archive(own_lab)
    change(own_lab, 5000)
    with launch(config) as pipeline:
        for lane in config.lanes:
            assert "source.purged" in until_stopped(pipeline, lane)
    for lane in config.lanes:
        with pytest.raises(DataProblem, match="missing") as caught:
            planned(config, lane, [*files[:-2], files[-1]], None, None)
        assert caught.value.where["file"] == str(files[-1])
        plan = planned(config, lane, files[::-1], None, None)
        assert len(plan.readings) < len(files)
        replayed(plan)
    assert own_lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
    with launch(config) as pipeline:
        rows(own_lab, "t", 9000, 100)
        own_lab.settle(pipeline)
        assert own_lab.differences(config) == {"elasticsearch": 0, "hbase": 0}


def documents(lab: Lab, index: str) -> Mapping[str, Any]:
    assert lab.elasticsearch is not None
    ask(lab.elasticsearch, "POST", f"/{index}/_refresh")
    found = ask(lab.elasticsearch, "POST", f"/{index}/_search", {"size": 10_000})["hits"]["hits"]
    for one in found:
        one["_source"]["ingest_source"] = one["_source"]["ingest_source"]["gtid"]  # the rest is the replay's own
    return {one["_id"]: one["_source"] for one in found}


def cells(lab: Lab, table: str) -> Mapping[bytes, Any]:
    assert lab.hbase is not None
    connection = happybase.Connection(lab.hbase.thrift_host, lab.hbase.thrift_port, timeout=60_000)
    found = dict(connection.table(table).scan())
    for row in found.values():
        row[b"d:ingest_source"] = json.loads(row[b"d:ingest_source"])["gtid"]
    return found


def test_a_shadow_equals_the_original(own_lab: Lab) -> None:
    """The same rules over the same changes, from files alone: the same documents under other names; more files go on from
    there."""
    own_lab.sql(TABLE)
    config = own_lab.config()
    with launch(config) as pipeline:
        change(own_lab, 1000)
        own_lab.settle(pipeline)
        files = archive(own_lab)
        for lane in config.lanes:
            replayed(planned(config, lane, files, "shadow", None))
        assert documents(own_lab, f"{own_lab.name}-t-shadow") == documents(own_lab, f"{own_lab.name}-t")
        assert cells(own_lab, f"{own_lab.name}-t-shadow") == cells(own_lab, f"{own_lab.name}-t")
        assert len(documents(own_lab, f"{own_lab.name}-t")) > 100
        change(own_lab, 3000)
        own_lab.settle(pipeline)
        more = archive(own_lab)
        plan = planned(config, "elasticsearch", [*more, *files], "shadow", None)
        assert {one.file.path for one in plan.readings} <= {str(path) for path in more}
        replayed(plan)
        assert documents(own_lab, f"{own_lab.name}-t-shadow") == documents(own_lab, f"{own_lab.name}-t")
        assert own_lab.differences(config) == {"elasticsearch": 0, "hbase": 0}


VICTIMS: dict[str, Callable[[ClusterStatus], Any]] = {
    "reader": lambda status: status.readers[0].process if status.readers else None,
    "sink": lambda status: status.lanes[0].shards[0].process if status.lanes[0].shards else None,
    "checkpoint": lambda status: status.lanes[0].checkpoint,
    "supervisor": lambda status: status.supervisor,
}


def behind_and_archived(lab: Lab) -> tuple[Config, list[Path]]:
    """A lane that has applied something, far behind a server that has purged what it lacks; the files."""
    made(lab)
    config = lab.config(lanes=("elasticsearch",))
    with launch(config) as pipeline:
        lab.settle(pipeline)
        with raised(lab):
            until(pipeline, lambda seen: seen.lanes[0].applied > 300, "some is applied")
    behind(lab, 3000)
    return config, archive(lab)


def killed_while_followed(plan: Replay, victim: str) -> None:
    """Kill -9 the process twice, as soon as it is there; the replay comes to its end all the same."""
    with replaying(plan) as pipeline:
        for _ in range(2):
            kill(VICTIMS[victim](until(pipeline, lambda now: VICTIMS[victim](now) is not None, f"{victim} is there")))
        follow(pipeline, plan.goal, lambda _: None, SystemClock())


@pytest.mark.chaos
@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_nine_while_files_are_read(own_lab: Lab, victim: str) -> None:
    """Invariants 1 and 2: it goes on by itself, nothing is lost and nobody sees a document go back."""
    config, files = behind_and_archived(own_lab)
    own_lab.hbase = None
    with polled(own_lab) as seen:
        killed_while_followed(planned(config, "elasticsearch", files, None, None), victim)
        assert seen.backward == []
    assert own_lab.differences(config) == {"elasticsearch": 0}


@pytest.mark.chaos
@pytest.mark.parametrize("victim", ["reader", "supervisor"])
def test_kill_nine_while_a_shadow_is_made(own_lab: Lab, victim: str) -> None:
    """Invariant 1: the same from files alone."""
    config, files = behind_and_archived(own_lab)
    killed_while_followed(planned(config, "elasticsearch", files, "shadow", None), victim)
    found = documents(own_lab, f"{own_lab.name}-counters-shadow")
    for one in found.values():
        del one["ingest_source"]
    assert found == {
        str(key): {"id": key, "n": n, "note": note} for key, n, note in own_lab.sql("SELECT * FROM counters")
    }


def behind(lab: Lab, transactions: int) -> None:
    """What the lane lacks."""
    lab.sql("BEGIN")
    for number in range(transactions):
        lab.sql(f"UPDATE counters SET n = n + 1 WHERE id = {number % 40}")
        if number % 10 == 9:
            lab.sql("COMMIT", "BEGIN")
    lab.sql("COMMIT")
