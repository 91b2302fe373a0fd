"""Exactly-once state on real servers: what a sink counts is what MySQL's binlog holds, whatever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from typer.testing import CliRunner

from actors.cli.main import app
from actors.control import Pipeline, launch
from actors.parts.store import store_of
from actors.runtime import LocalRay
from actors.stack import Mysql
from ingest.checkpoint.record import KeptState
from ingest.config.load import load
from ingest.config.model import Config
from ingest.sinks.blackhole.counts import RowCounts, total
from ingest.status import ClusterStatus
from tests.kit.lab import Lab, kill, lane_of, until

pytestmark = pytest.mark.integration

LANE = "counts"


def text_of(lab: Lab, shards: int) -> str:
    """A configuration with a lane that counts."""
    return lab.text(lanes=()) + (
        f'[sinks.nothing]\ntype = "blackhole"\ncounts = true\n'
        f'[lanes.{LANE}]\ncluster = "main"\nsink = "nothing"\nshards = {shards}\nstart = {{ gtid = "{lab.start}" }}\n'
        f'[[lanes.{LANE}.rules]]\ntables = ["{lab.name}.*"]\nwhere = "n > 0"\n'
    )


def config_of(lab: Lab, shards: int) -> Config:
    """The same, read."""
    return load(text_of(lab, shards), syntax="toml", origin=lab.name)


class Application(Thread):
    """Writes all the while: known numbers of inserts, updates and deletes, many in one transaction now and then."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._connection = lab.mysql.connect()
        self._database = lab.name
        self._enough = Event()
        self.counts = [0, 0, 0]

    def run(self) -> None:
        """Until ``stop``."""
        key = 0
        with self._connection.cursor() as cursor:
            cursor.execute(f"USE {self._database}")
            while not self._enough.is_set():
                rows = 5_000 if key % 100 == 60 else 20
                values = ",".join(f"({key + number}, 1)" for number in range(rows))
                self.counts[0] += cursor.execute(f"INSERT INTO t VALUES {values}")
                self.counts[1] += cursor.execute(f"UPDATE t SET n = n + 1 WHERE id >= {key} LIMIT 7")
                self.counts[2] += cursor.execute(f"DELETE FROM t WHERE id >= {key} LIMIT 3")
                key += rows
        self._connection.close()

    def stop(self) -> None:
        """And wait for the last transaction."""
        self._enough.set()
        self.join()


@contextmanager
def writing(lab: Lab) -> Iterator[Application]:
    """An application that writes."""
    application = Application(lab)
    application.start()
    try:
        yield application
    finally:
        application.stop()


def shown(status: ClusterStatus) -> int:
    """How many changes `ingest status` shows."""
    return sum(lane_of(status, LANE).figures.values())


def kept(config: Config) -> tuple[int, int, int]:
    """What the lane's last record holds of its one table."""
    record = store_of(config).latest(LANE)
    assert record is not None
    assert record.state is not None
    [counts] = total(record.state.shards).values() or [(0, 0, 0)]
    return counts


def kill_one_after_the_other(pipeline: Pipeline) -> None:
    """``kill -9`` of the supervisor, a sink actor and the reader; what is shown only grows."""
    seen = 0
    for victim in ("supervisor", "shard", "reader"):
        status = until(pipeline, lambda one, seen=seen: shown(one) > seen, f"more than {seen} are shown")  # type: ignore[misc]
        seen = shown(status)
        lane, processes = lane_of(status, LANE), {reader.process for reader in status.readers}
        who = {"shard": lane.shards[-1].process, "supervisor": status.supervisor}
        kill(processes.pop() if victim == "reader" else who[victim])
        until(pipeline, lambda one, seen=seen: not shown(one) or shown(one) >= seen, "nothing goes back")  # type: ignore[misc]


def test_counts_are_exact_whatever_is_killed(local_ray: LocalRay, mysql9: Mysql, tmp_path: Path) -> None:
    """Invariants 1 and 2 for sums: supervisor, a sink actor and reader are killed while it goes on, the lane is resized, and each row change of the binlog has counted once; what is shown is durable and never goes back."""
    lab = Lab(mysql9, tmp_path, None, None)
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT)")
    with writing(lab) as application:
        with launch(config_of(lab, shards=2)) as pipeline:
            kill_one_after_the_other(pipeline)
        config = config_of(lab, shards=3)
        with launch(config) as pipeline:
            until(pipeline, lambda one: shown(one) > 0, "the resized lane shows what it has")
            application.stop()
            lab.settle(pipeline)
            whole = until(pipeline, lambda one: shown(one) == sum(application.counts), "all changes are shown")
    inserts, updates, deletes = application.counts
    assert kept(config) == (inserts, updates, deletes)
    names = {"insert": inserts, "update": updates, "delete": deletes}
    assert lane_of(whole, LANE).figures == {f"{lab.name}.t.{kind}": number for kind, number in names.items()}
    path = tmp_path / "lab.toml"
    path.write_text(text_of(lab, shards=3))
    taken_back_with_a_new_state_only(lab, config, path)
    lab.close()


def taken_back_with_a_new_state_only(lab: Lab, config: Config, path: Path) -> None:
    """What the counts were at an older point isn't kept: refused, until a person begins a new state there."""
    before = kept(config)
    argv = ["rewind", str(path), "--to", lab.start or "-1h", "--yes"]
    refused = CliRunner().invoke(app, argv)
    assert (refused.exit_code, "rewind.has_state" in refused.stderr) == (1, True)
    assert kept(config) == before
    done = CliRunner().invoke(app, [*argv, "--new-state"], catch_exceptions=False)
    assert (done.exit_code, "NEW STATE" in done.stdout) == (0, True), done.stderr
    record = store_of(config).latest(LANE)
    assert record is not None
    assert record.state == KeptState(RowCounts.name)
