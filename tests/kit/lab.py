"""A whole pipeline on real servers for one test: a database of its own, a configuration, Ray actors, the comparison.

The servers and Ray are shared by the session; names (database, indices, tables, ingest) are the test's own.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from actors.clock import SystemClock
from actors.control import Pipeline
from actors.stack import Elasticsearch, Hbase, Mysql
from actors.verify.lanes import VerifyOptions, verify_lane
from ingest.config.load import load
from ingest.config.model import Config
from ingest.status import ClusterStatus, LaneState, LaneStatus, ProcessStatus

PATIENCE_S = 120.0


class Lab:
    """One test's corner of the shared servers."""

    def __init__(self, mysql: Mysql, directory: Path, elasticsearch: Elasticsearch | None, hbase: Hbase | None) -> None:
        self.mysql = mysql
        self.elasticsearch = elasticsearch
        self.hbase = hbase
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.directory = directory
        self.connection = mysql.connect()
        self.sql(f"CREATE DATABASE {self.name}", f"USE {self.name}")
        self.start = self.executed()

    def sql(self, *statements: str) -> Any:
        """Run statements; the last one's rows."""
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def executed(self) -> str:
        """The server's gtid_executed."""
        return str(self.sql("SELECT @@GLOBAL.gtid_executed")[0][0]).replace("\n", "")

    def text(
        self,
        *,
        tables: str = "*",
        lanes: Sequence[str] = ("elasticsearch", "hbase"),
        lane: str = "",
        cluster: str = "",
        elasticsearch: str = "",
        hbase: tuple[str, int] | None = None,
        host: str = "",
        store: str = "",
        rule: str = "",
        elasticsearch_to: str = "",
        user: str = "root",
        name: str = "",
    ) -> str:
        """A configuration's TOML, with a lane per sink, named by it. ``lane``, ``cluster`` and ``rule`` are more of it."""
        store = store or f"sqlite:///{self.directory}/store.db"
        text = f"""
name = "{name or self.name}"
[checkpoint]
store = "{store}"
[clusters.main]
hosts = ["{host or self.mysql.address}"]
user = "{user}"
server_id = {int(self.name[1:8], 16)}
heartbeat_ms = 1000
{cluster}
"""
        if self.elasticsearch is not None:
            text += (
                f'[sinks.elasticsearch]\ntype = "elasticsearch"\nurls = ["{elasticsearch or self.elasticsearch.url}"]\n'
            )
        if self.hbase is not None:
            address = hbase or (self.hbase.thrift_host, self.hbase.thrift_port)
            text += f'[sinks.hbase]\ntype = "hbase"\nhost = "{address[0]}"\nport = {address[1]}\n'
        for sink in lanes:
            to = {
                "elasticsearch": elasticsearch_to or f'{{ index = "{self.name}-{{table}}" }}',
                "hbase": f'{{ table = "{self.name}-{{table}}", family = "d", create = true, row_key = "{{salt:4}}-{{key}}" }}',
            }[sink]
            text += f'[lanes.{sink}]\ncluster = "main"\nsink = "{sink}"\nstart = {{ gtid = "{self.start}" }}\n{lane}\n'
            text += f'[[lanes.{sink}.rules]]\ntables = ["{self.name}.{tables}"]\nto = {to}\n{rule}\n'
        return text

    def config(self, **choices: Any) -> Config:
        """The configuration that ``text`` gives."""
        return load(self.text(**choices), syntax="toml", origin=self.name)

    def settle(self, pipeline: Pipeline) -> None:
        """Wait until every lane's durable frontier holds all that MySQL has executed."""
        settled = pipeline.wait_for(self.executed(), PATIENCE_S, on_progress=none_stopped)
        assert settled, "\n".join(map(str, pipeline.status()))

    def differences(self, config: Config) -> dict[str, int]:
        """Every row of MySQL compared with each lane's sink: differences by lane."""
        return {
            lane: verify_lane(config, lane, VerifyOptions(), lambda *_: None, SystemClock()).differences
            for lane in config.lanes
        }

    def close(self) -> None:
        """Drop the database."""
        self.sql(f"DROP DATABASE {self.name}")
        self.connection.close()


def none_stopped(statuses: Sequence[ClusterStatus]) -> None:
    """Waiting is in vain once a lane has stopped."""
    for status in statuses:
        for lane in status.lanes:
            assert lane.state is not LaneState.STOPPED, lane.problem


def until(pipeline: Pipeline, condition: Callable[[ClusterStatus], bool], what: str) -> ClusterStatus:
    """Wait for a status; a supervisor that is being restarted is asked again."""
    from ingest.problems import WorldProblem

    deadline_s = time.monotonic() + PATIENCE_S
    last: object = None
    while time.monotonic() < deadline_s:
        try:
            (status,) = pipeline.status()
        except WorldProblem as problem:
            last = problem
            time.sleep(0.2)
            continue
        if condition(status):
            return status
        last = status
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}; last seen: {last}")


def lane_of(status: ClusterStatus, name: str) -> LaneStatus:
    """A lane of a status."""
    return next(lane for lane in status.lanes if lane.lane == name)


def until_stopped(pipeline: Pipeline, lane: str) -> str:
    """Wait until a lane is stopped; its problem."""
    status = until(pipeline, lambda seen: lane_of(seen, lane).state is LaneState.STOPPED, f"{lane} stops")
    return lane_of(status, lane).problem


def kill(process: ProcessStatus | None) -> None:
    """Kill -9."""
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)


def rows(lab: Lab, table: str, first: int, count: int) -> None:
    """Insert rows ``first`` .. ``first + count - 1`` of a (id, n, note) table in transactions of 50."""
    for begin in range(first, first + count, 50):
        values = ",".join(f"({key}, {key}, 'note {key}')" for key in range(begin, min(begin + 50, first + count)))
        lab.sql(f"INSERT INTO {table} VALUES {values}")
