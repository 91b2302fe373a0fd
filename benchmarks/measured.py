"""A measured process: given a server and how many row changes to read, it prints one JSON object and ends.

Every measured program, ours or a peer's, takes ``--host --port --user --password --database --rows --uuid`` and prints
``rows``, ``seconds``, ``cpu_s`` (user and system, of the whole process), ``warm_rows``, ``warm_seconds`` and ``rss_mb``
(its peak, VmHWM). The clock and the CPU count run from the first row change (or the first bytes of the stream) to the
last; start-up and logging in don't count. The warm figures are those of the second half.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.streams import DATABASE, PASSWORD, USER, Stream
from ingest.problems import WorldProblem, declare

RUN_FAILED = declare(
    "benchmark.run_failed",
    "A measured program failed or didn't end in time.",
    "Its last words are in the message; run the benchmark again with --system to see it alone.",
)
TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measured program prints."""

    rows: int
    seconds: float
    cpu_s: float
    warm_rows: int
    warm_seconds: float
    rss_mb: float

    def figures(self) -> Mapping[str, float]:
        """As in the results; no warm rate where the second half came in one batch with the first."""
        found = {
            "rows_per_s": self.rows / self.seconds,
            "cpu_us_per_row": self.cpu_s / self.rows * 1e6,
            "rss_mb": self.rss_mb,
        }
        if self.warm_rows and self.warm_seconds:
            found["warm_rows_per_s"] = self.warm_rows / self.warm_seconds
        return found


@dataclass(frozen=True, slots=True)
class Program:
    """How to start a measured program."""

    argv: Sequence[str]
    version: str
    environment: Mapping[str, str] | None = None

    def read(self, stream: Stream, rows: int, *more: str) -> Reading:
        """Run it on a stream. WorldProblem ``benchmark.run_failed`` with its last words."""
        place = ["--host", stream.mysql.host, "--port", str(stream.mysql.port), "--user", USER, "--password", PASSWORD]
        argv = [*self.argv, *place, "--database", DATABASE, "--rows", str(rows)]
        argv += ["--uuid", stream.uuid, *more]
        return Reading(**last_json(argv, self.environment))  # type: ignore[arg-type]


def last_json(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """Run a program to its end: the JSON object of its last line. WorldProblem ``benchmark.run_failed``."""
    name = Path(argv[0]).name
    try:
        done = subprocess.run(
            argv,
            check=False,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise WorldProblem(RUN_FAILED, f"{name} didn't end within {TIMEOUT_S} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
        words = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise WorldProblem(RUN_FAILED, f"{name} ended with status {done.returncode}:\n{words}")
    values: dict[str, object] = json.loads(lines[-1])
    return values


class Stopwatch:
    """For measured programs in Python: ``start`` at the first row change, ``seen`` after some, ``reading`` at the end."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._half: tuple[int, float] | None = None
        self._started: tuple[float, float] | None = None

    def start(self) -> None:
        """The first row change is there; later calls do nothing."""
        if self._started is None:
            self._started = (time.perf_counter(), _cpu_s())

    def seen(self, rows: int) -> bool:
        """So many row changes in all. True when that is enough."""
        if self._half is None and rows * 2 >= self._rows:
            self._half = (rows, time.perf_counter())
        return rows >= self._rows

    def reading(self, rows: int) -> Reading:
        """The end."""
        assert self._started is not None and self._half is not None
        now = time.perf_counter()
        begun, cpu_s = self._started
        half_rows, half_at = self._half
        return Reading(rows, now - begun, _cpu_s() - cpu_s, rows - half_rows, now - half_at, peak_rss_mb())


def print_reading(reading: Reading) -> None:
    """As a parent process reads it."""
    print(json.dumps(asdict(reading)), flush=True)


def peak_rss_mb() -> float:
    """VmHWM of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
