"""Benchmark: ``kill -9`` of a process of a running pipeline -> the first change committed afterwards is durable.

The change is seen in the checkpoint store (which is read directly, since the supervisor may be the victim), so a
checkpoint's interval, 10 ms here, and the time between two looks are part of the figure. ``replaced_s``: until the
status shows a process in the place of the killed one. Changes go on while a supervisor is missing.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from actors.codec import codec_name
from actors.control import Pipeline, launch
from actors.parts.store import store_of
from benchmarks.measured import RUN_FAILED
from benchmarks.product import BLACKHOLE, applied, configuration, lane, local_ray, password_environment, until
from benchmarks.scope import Measured, Scope
from benchmarks.streams import CASES, DATABASE, Stream, written
from ingest.binlog.gtid import GtidSet
from ingest.config.model import Config
from ingest.problems import WorldProblem
from ingest.status import ClusterStatus, ProcessStatus

LANE = "bench"
LOOK_S = 0.01
PATIENCE_S = 60.0
SETTLE_S = 2.0

VICTIMS: dict[str, Callable[[ClusterStatus], ProcessStatus | None]] = {
    "reader": lambda status: status.readers[0].process if status.readers else None,
    "sink": lambda status: status.lanes[0].shards[0].process if status.lanes[0].shards else None,
    "checkpoint": lambda status: status.lanes[0].checkpoint,
    "supervisor": lambda status: status.supervisor,
}


def run(scope: Scope) -> Iterator[Measured]:
    """Each kind of process, some times each."""
    password_environment()
    case = replace(CASES[0], rows=2_000, quick_rows=2_000)
    with written(case, scope) as stream, local_ray() as ours:
        rest = lane("target", '{ name = "{table}" }', more="shards = 1")
        config = configuration(stream.mysql.address, ours.store(), BLACKHOLE, {LANE: rest}, "interval_ms = 10")
        with launch(config) as pipeline:
            until(pipeline, lambda lanes: applied(lanes) > 0, "the first row is applied")
            for name in VICTIMS:
                if scope.wants_case(name):
                    scope.tell(f"recovery: {name}")
                    figures = tuple(_recovery(pipeline, config, stream, name) for _ in range(scope.repeats))
                    yield Measured(name, codec_name(), figures, stream.version)


def _recovery(pipeline: Pipeline, config: Config, stream: Stream, victim: str) -> Mapping[str, float]:
    with stream.mysql.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        _await(config, _committed(cursor), "the lane runs before the kill")
        time.sleep(SETTLE_S)
        process = _victim(pipeline, victim)
        killed_s = time.monotonic()
        os.kill(process.pid, signal.SIGKILL)
        _await(config, _committed(cursor), f"a change is applied after the kill of the {victim}")
        seconds = time.monotonic() - killed_s
    _victim(pipeline, victim, not_pid=process.pid)
    return {"seconds": seconds, "replaced_s": time.monotonic() - killed_s}


def _victim(pipeline: Pipeline, victim: str, not_pid: int = 0) -> ProcessStatus:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            (status,) = pipeline.status()
        except WorldProblem:
            status = None
        process = VICTIMS[victim](status) if status is not None else None
        if process is not None and process.pid != not_pid:
            return process
        time.sleep(LOOK_S)
    raise WorldProblem(RUN_FAILED, f"no {victim} was found to kill")


def _committed(cursor: Any) -> GtidSet:
    """Commit a change; what the server has executed then."""
    cursor.execute("UPDATE t0 SET b = b + 1 WHERE id = 1")
    cursor.execute("SELECT @@GLOBAL.gtid_executed")
    return GtidSet.parse(str(cursor.fetchone()[0]))


def _await(config: Config, wanted: GtidSet, what: str) -> None:
    store = store_of(config)
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        record = store.latest(LANE)
        if record is not None and wanted.issubset(GtidSet.parse(record.frontier.executed)):
            return
        time.sleep(LOOK_S)
    raise WorldProblem(RUN_FAILED, f"not within {PATIENCE_S:g} s: {what}")
