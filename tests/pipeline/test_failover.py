"""Failover among three real servers: killed, demoted, lagging, with a hole, with purged binlogs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.cli.main import app
from actors.control import Pipeline, launch
from actors.runtime import LocalRay
from actors.stack import Elasticsearch, Mysql
from ingest.config.load import load
from ingest.config.model import Config
from ingest.status import ClusterStatus, HostStatus, LaneState
from tests.kit.lab import Lab, lane_of, rows, until, until_stopped
from tests.kit.trio import READ_ONLY, WRITABLE, Trio

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))"
CLUSTER = "connect_timeout_ms = 2000"


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    """A primary and two replicas."""
    with ExitStack() as stack:
        yield Trio([stack.enter_context(Mysql("9", server_id=number)) for number in (1, 2, 3)])


@pytest.fixture
def lab(trio: Trio, local_ray: LocalRay, elasticsearch: Elasticsearch, tmp_path: Path) -> Iterator[Lab]:
    """A database on the trio, and Elasticsearch."""
    assert local_ray.address is not None
    corner = Lab(trio.primary, tmp_path, elasticsearch, None)
    corner.sql(TABLE)
    trio.await_replicas()
    yield corner
    trio.attach(corner)
    corner.close()


def configuration(lab: Lab, trio: Trio, more: str = "") -> Config:
    text = lab.text(lanes=("elasticsearch",), host=trio.hosts, cluster=CLUSTER)
    return load(text + more, syntax="toml", origin=lab.name)


def check_equal(lab: Lab, trio: Trio) -> None:
    """The sink equals the present primary."""
    config = lab.config(lanes=("elasticsearch",), host=trio.primary.address)
    assert lab.differences(config) == {"elasticsearch": 0}


def host_of(status: ClusterStatus, server: Mysql) -> HostStatus | None:
    hosts = [host for reader in status.readers for host in reader.hosts]
    return next((host for host in hosts if host.host == server.address), None)


def until_read(pipeline: Pipeline, server: Mysql) -> ClusterStatus:
    """Until the stream comes from a server."""

    def is_read(status: ClusterStatus) -> bool:
        found = host_of(status, server)
        running = lane_of(status, "elasticsearch").state is LaneState.RUNNING
        return running and found is not None and found.reading

    return until(pipeline, is_read, f"{server.address} is read from")


def test_killed_twice_in_a_row(lab: Lab, trio: Trio) -> None:
    """Invariants 1 and 2: the primary is killed and a replica promoted, then that one too: nothing is lost, and each host is
    shown for what it is."""
    first, second, third = trio.servers
    with launch(configuration(lab, trio)) as pipeline:
        rows(lab, "t", 0, 200)
        until_read(pipeline, first)
        trio.await_replicas()
        first.kill()
        trio.promote(second, lab)
        rows(lab, "t", 1000, 200)
        lab.sql("UPDATE t SET n = n + 1 WHERE id < 50")
        status = until_read(pipeline, second)
        dead = host_of(status, first)
        assert dead is not None
        assert dead.verdict == "unreachable"
        lab.settle(pipeline)
        trio.await_replicas()
        second.kill()
        trio.promote(third, lab)
        lab.sql("UPDATE t SET n = n + 1 WHERE id < 100", "DELETE FROM t WHERE id % 7 = 0")
        until_read(pipeline, third)
        lab.settle(pipeline)
        check_equal(lab, trio)
    for server in (first, second):
        server.start()
        trio.follow(server)
    trio.await_replicas()


def test_demoted_and_purged(lab: Lab, trio: Trio) -> None:
    """A primary that was made read-only is left for the one that takes writes now. Invariant 7: binlogs that every host has
    purged stop the lane alone that needs them, by name."""
    with launch(configuration(lab, trio, second_lane(lab))) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        until_read(pipeline, trio.primary)
        pipeline.pause("late")
        trio.await_replicas()
        trio.promote(trio.replicas[0], lab)
        until_read(pipeline, trio.primary)
        rows(lab, "t", 1000, 100)
        trio.await_replicas()
        for server in trio.servers:
            trio.ask(server, "FLUSH BINARY LOGS")
            newest = trio.ask(server, "SHOW BINARY LOGS")[-1][0]
            trio.ask(server, f"PURGE BINARY LOGS TO '{newest}'")
        rows(lab, "t", 2000, 100)
        pipeline.resume("late")
        assert "source.purged" in until_stopped(pipeline, "late")
        (status,) = pipeline.status()
        assert lane_of(status, "elasticsearch").state is LaneState.RUNNING
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").frontier == lab.executed(), "all is applied")
        check_equal(lab, trio)


def test_a_hole_is_refused_and_a_lagging_replica_waited_for(lab: Lab, trio: Trio) -> None:
    """Invariants 1 and 2: of two replicas one lacks the last transactions, the other one in the middle: neither is read from,
    both are named, until the first has caught up."""
    old = trio.primary
    lagging, holed = trio.replicas
    with launch(configuration(lab, trio)) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        until_read(pipeline, old)
        trio.await_replicas()
        trio.ask(lagging, "STOP REPLICA SQL_THREAD")
        trio.ask(holed, "STOP REPLICA SQL_THREAD")
        ((uuid,),) = trio.ask(old, "SELECT @@server_uuid")
        trio.ask(
            holed,
            *WRITABLE,
            f"SET SESSION gtid_next = '{uuid}:{latest(lab, uuid) + 3}'",
            "BEGIN",
            "COMMIT",
            "SET SESSION gtid_next = AUTOMATIC",
            *READ_ONLY,
        )
        for key in range(500, 506):
            lab.sql(f"INSERT INTO t VALUES ({key}, {key}, 'late')")
        lab.settle(pipeline)
        old.kill()

        def waits(status: ClusterStatus) -> bool:
            problem = lane_of(status, "elasticsearch").problem
            return "source.waits" in problem and "behind" in problem and "hole" in problem

        until(pipeline, waits, "the lane waits, and says for what")
        trio.ask(lagging, "START REPLICA SQL_THREAD")
        until_read(pipeline, lagging)
        trio.promote(lagging, lab)
        rows(lab, "t", 1000, 100)
        lab.settle(pipeline)
        check_equal(lab, trio)
    holed.kill()
    old.start()
    trio.follow(old)


def test_check_says_what_each_host_is(lab: Lab, trio: Trio) -> None:
    """One would be read from, others are fit too; what is down is told beside them, and is a problem."""
    file = Path(lab.directory) / "hosts.toml"
    file.write_text(lab.text(lanes=("elasticsearch",), host=trio.hosts, cluster=CLUSTER))
    said = CliRunner().invoke(app, ["check", str(file), "--connect", "--json"])
    found = json.loads(said.stdout)
    down = {server.address for server in trio.servers if not server.is_alive}
    hosts = {host["host"]: host for host in found["hosts"]["main"]}
    assert hosts.keys() == {server.address for server in trio.servers}
    assert {name for name, host in hosts.items() if host["verdict"] == "unreachable"} == down
    assert sum(host["reading"] for host in hosts.values()) == 1
    assert (said.exit_code, found["ok"]) == ((1, False) if down else (0, True))
    assert all(any(name in str(problem) for problem in found["problems"]) for name in down)


def test_what_a_failover_lost_is_named(lab: Lab, trio: Trio) -> None:
    """A replica is promoted that never got what the lanes applied: the one stops and names it; the other, told so, goes on
    without, and says what it went on without."""
    chosen = next(server for server in trio.replicas if server.is_alive)
    with launch(configuration(lab, trio, second_lane(lab, 'on_lost = "continue"'))) as pipeline:
        rows(lab, "t", 0, 100)
        lab.settle(pipeline)
        until_read(pipeline, trio.primary)
        trio.await_replicas()
        trio.ask(chosen, "STOP REPLICA IO_THREAD")
        lab.sql("INSERT INTO t VALUES (9000, 1, 'lost')")
        lab.settle(pipeline)
        ((uuid,),) = trio.ask(trio.primary, "SELECT @@server_uuid")
        lost = f"{uuid}:{latest(lab, uuid)}"
        for server in trio.servers:
            if server is not chosen:
                server.kill()
        trio.promote(chosen, lab)
        problem = until_stopped(pipeline, "elasticsearch")
        assert "source.lost_transactions" in problem
        assert lost in problem
        rows(lab, "t", 1000, 100)
        status = until(pipeline, lambda seen: lane_of(seen, "late").frontier == lab.executed(), "the other one goes on")
        assert lane_of(status, "late").lost == lost


def second_lane(lab: Lab, more: str = "") -> str:
    """A lane ``late`` beside the first, into an index of its own."""
    return f"""
[lanes.late]
cluster = "main"
sink = "elasticsearch"
start = {{ gtid = "{lab.start}" }}
{more}
[[lanes.late.rules]]
tables = ["{lab.name}.*"]
to = {{ index = "{lab.name}-late-{{table}}" }}
"""


def latest(lab: Lab, uuid: str) -> int:
    """The newest transaction of a server."""
    mine = next(part for part in lab.executed().split(",") if part.startswith(uuid))
    return int(mine.rpartition(":")[2].rpartition("-")[2])
