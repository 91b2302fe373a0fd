"""Our whole pipeline for a benchmark: a local Ray, a configuration, its actors, and what they use.

CPU and memory are those of every process below Ray's root (the actors, Ray's own), not of the servers and not of the
benchmark itself.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from actors.control import Pipeline, launch
from actors.runtime import LocalRay, join, leave
from benchmarks.measured import RUN_FAILED
from benchmarks.streams import DATABASE, PASSWORD, USER
from ingest.config.load import load
from ingest.config.model import Config
from ingest.problems import WorldProblem
from ingest.status import ClusterStatus, LaneState, LaneStatus

POLL_S, POLL_MOST_S, POLL_SHARE = 0.1, 1.0, 0.05
"""Every look costs all actors some milliseconds of CPU: a long run is looked at less often."""

PATIENCE_S = 600.0
BLACKHOLE = '[sinks.target]\ntype = "blackhole"\nencode = "json"\n'


@dataclass(slots=True)
class Usage:
    """CPU seconds and the highest resident memory of the processes below a root, those that have ended included."""

    root: int
    cpu_s: dict[tuple[int, float], float] = field(default_factory=dict)
    peak_mb: dict[tuple[int, float], float] = field(default_factory=dict)

    def sample(self) -> float:
        """Look at every process; the CPU seconds of all so far."""
        for process in psutil.Process(self.root).children(recursive=True):
            try:
                times, memory = process.cpu_times(), process.memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
            key = (process.pid, process.create_time())
            self.cpu_s[key] = times.user + times.system
            self.peak_mb[key] = max(memory, self.peak_mb.get(key, 0.0))
        return sum(self.cpu_s.values())


@dataclass(frozen=True, slots=True)
class Ours:
    """A local Ray, and a directory for stores. ``root``: the process above all of Ray's."""

    root: int
    directory: Path

    def store(self) -> str:
        """The URL of a new checkpoint store."""
        return f"sqlite:///{self.directory}/{uuid.uuid4().hex}.db"


@contextmanager
def local_ray() -> Iterator[Ours]:
    """Start a Ray on loopback and join it."""
    ray = LocalRay(dashboard=False)
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as directory:
        join(ray.start())
        assert ray._reaper is not None
        try:
            yield Ours(ray._reaper.pid, Path(directory))
        finally:
            leave()
            ray.close()


def lane(sink: str, to: str, tables: str = "*", more: str = "") -> str:
    """A lane's rest: its sink, one rule (``to``: TOML), and more settings."""
    return f'sink = "{sink}"\n{more}\nrules = [{{ tables = ["{DATABASE}.{tables}"], to = {to} }}]\n'


def configuration(address: str, store: str, sinks: str, lanes: Mapping[str, str], more: str = "") -> Config:
    """A configuration that reads everything a server's binlogs hold. ``lanes``: TOML by name, see ``lane``."""
    text = f"""
name = "bench{uuid.uuid4().hex[:8]}"
[checkpoint]
store = "{store}"
{more}
[clusters.main]
hosts = ["{address}"]
user = "{USER}"
password = {{ env = "INGEST_BENCH_PASSWORD" }}
tls = {{ mode = "disabled" }}
heartbeat_ms = 1000
{sinks}
"""
    for name, rest in lanes.items():
        text += f'[lanes.{name}]\ncluster = "main"\n{rest}\n'
    return load(text, syntax="toml", origin="benchmark")


def lanes_of(pipeline: Pipeline) -> Sequence[LaneStatus]:
    """Every lane; none while the supervisor doesn't answer. WorldProblem when one has stopped."""
    try:
        status: ClusterStatus
        (status,) = pipeline.status()
    except WorldProblem:
        return ()
    for one in status.lanes:
        if one.state is LaneState.STOPPED:
            raise WorldProblem(RUN_FAILED, f"lane {one.lane} stopped: {one.problem}")
    return status.lanes


def until(pipeline: Pipeline, done: Callable[[Sequence[LaneStatus]], bool], what: str) -> Sequence[LaneStatus]:
    """Poll the lanes until it is so, less often the longer it takes. WorldProblem after ten minutes."""
    begun_s = time.monotonic()
    while (took_s := time.monotonic() - begun_s) < PATIENCE_S:
        lanes = lanes_of(pipeline)
        if lanes and done(lanes):
            return lanes
        time.sleep(min(POLL_MOST_S, max(POLL_S, POLL_SHARE * took_s)))
    raise WorldProblem(RUN_FAILED, f"not within {PATIENCE_S:g} s: {what}")


def applied(lanes: Sequence[LaneStatus]) -> float:
    """Row changes applied by all lanes."""
    return sum(one.applied for one in lanes)


def drained(ours: Ours, config: Config, rows: int) -> Mapping[str, float]:
    """Run until every lane has applied so many row changes of a backlog. The clock starts at the first applied.

    Rows are counted once, whatever the number of lanes.
    """
    usage = Usage(ours.root)
    wanted = rows * len(config.lanes)
    with launch(config) as pipeline:
        first = applied(until(pipeline, lambda lanes: applied(lanes) > 0, "the first row is applied"))
        begun_s, cpu_s = time.monotonic(), usage.sample()

        def all_applied(lanes: Sequence[LaneStatus]) -> bool:
            usage.sample()
            return applied(lanes) >= wanted

        until(pipeline, all_applied, f"{wanted} rows are applied")
        seconds = time.monotonic() - begun_s
        cpu_s = usage.sample() - cpu_s
        measured_rows = (wanted - first) / len(config.lanes)
    if measured_rows <= 0:
        raise WorldProblem(RUN_FAILED, "the backlog was applied before it could be timed: take more rows")
    return {
        "rows_per_s": measured_rows / seconds,
        "cpu_us_per_row": cpu_s / measured_rows * 1e6,
        "rss_mb": sum(usage.peak_mb.values()),
    }


def password_environment() -> None:
    """Let the actors find the account's password: call it before ``local_ray``."""
    import os

    os.environ["INGEST_BENCH_PASSWORD"] = PASSWORD
