"""Benchmark: resident memory of every kind of process, at its highest, under what fills memory.

- ``big transaction``: one transaction of 5 million rows.
- ``slow sink``: a backlog before a sink that takes 200 ms for a request.
- ``stopped lane``: ten lanes, one of which can't reach its sink.

``done`` is the share of the rows that were applied by the healthy lanes when the watch ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from actors.codec import codec_name
from actors.control import launch
from actors.stack.ports import free_ports
from benchmarks.product import (
    BLACKHOLE,
    Ours,
    applied,
    configuration,
    lane,
    lanes_of,
    local_ray,
    password_environment,
)
from benchmarks.scope import Measured, Scope
from benchmarks.streams import CASES, Stream, StreamCase, written
from ingest.config.model import Config
from ingest.problems import WorldProblem
from ingest.status import ClusterStatus, ProcessStatus

NARROW = CASES[0]
POLL_S = 0.2
HEALTHY = 9


@dataclass(frozen=True, slots=True)
class MemoryCase:
    """``seconds``: the watch ends then, or when all is applied."""

    backlog: StreamCase
    sinks: str
    stopped: bool
    seconds: tuple[int, int]


def cases() -> tuple[MemoryCase, ...]:
    """See the module."""
    whole = replace(NARROW, name="big transaction", rows=5_000_000, quick_rows=200_000)
    slow = BLACKHOLE + "delay_ms = 200\nbatch_items = 1000\n"
    dead = f'[sinks.dead]\ntype = "elasticsearch"\nurls = ["http://127.0.0.1:{free_ports(1)[0]}"]\n'
    return (
        MemoryCase(whole, BLACKHOLE, False, (600, 60)),
        MemoryCase(replace(NARROW, name="slow sink", rows=10_000_000, quick_rows=200_000), slow, False, (300, 15)),
        MemoryCase(
            replace(NARROW, name="stopped lane", rows=500_000, quick_rows=60_000), BLACKHOLE + dead, True, (300, 60)
        ),
    )


def run(scope: Scope) -> Iterator[Measured]:
    """Each case."""
    password_environment()
    for case in cases():
        if scope.wants_case(case.backlog.name):
            with _backlog(case.backlog, scope) as stream, local_ray() as ours:
                scope.tell(f"memory: {case.backlog.name}")
                figures = tuple(
                    _watched(ours, _config(case, stream, ours), case, stream, scope) for _ in range(scope.repeats)
                )
                yield Measured(case.backlog.name, codec_name(), figures, stream.version)


@contextmanager
def _backlog(case: StreamCase, scope: Scope) -> Iterator[Stream]:
    """The backlog; the big transaction is one statement on a server that holds nothing else."""
    if case.name != "big transaction":
        with written(case, scope) as stream:
            yield stream
        return
    with written(replace(case, rows=1, quick_rows=1), scope) as stream:
        rows = scope.size(case.rows, case.quick_rows)
        with stream.mysql.connect(database="bench") as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION cte_max_recursion_depth = 4294967295")
            first = 10_000_000
            numbers = (
                f"WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {first + rows - 1})"
            )
            cursor.execute(f"INSERT INTO t0 {numbers} SELECT n, {', '.join(case.values)} FROM s")
        yield replace(stream, rows=stream.rows + rows)


def _config(case: MemoryCase, stream: Stream, ours: Ours) -> Config:
    healthy = lane("target", '{ name = "{table}" }', more="shards = 1")
    lanes = {f"lane{number}": healthy for number in range(HEALTHY if case.stopped else 1)}
    if case.stopped:
        lanes["stopped"] = lane("dead", '{ index = "{table}" }', more="shards = 1")
    return configuration(stream.mysql.address, ours.store(), case.sinks, lanes)


def _watched(ours: Ours, config: Config, case: MemoryCase, stream: Stream, scope: Scope) -> Mapping[str, float]:
    peaks: dict[str, float] = {}
    wanted = stream.rows * (len(config.lanes) - case.stopped)
    done = 0.0
    with launch(config) as pipeline:
        deadline_s = time.monotonic() + scope.size(*case.seconds)
        while done < wanted and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
            try:
                (status,) = pipeline.status()
            except WorldProblem:
                continue
            _note(status, peaks)
            done = applied([one for one in lanes_of(pipeline) if one.lane != "stopped"]) or done
    return {**peaks, "done": done / wanted}


def _note(status: ClusterStatus, peaks: dict[str, float]) -> None:
    """The highest so far, by role: of the readers and shards the largest one."""
    shards = [shard.process for one in status.lanes for shard in one.shards]
    found: dict[str, list[ProcessStatus | None]] = {
        "reader_mb": [one.process for one in status.readers],
        "sink_mb": list(shards),
        "checkpoint_mb": [one.checkpoint for one in status.lanes],
        "supervisor_mb": [status.supervisor],
    }
    for name, processes in found.items():
        sizes = [one.rss_bytes / 1e6 for one in processes if one is not None]
        peaks[name] = max([peaks.get(name, 0.0), *sizes])
