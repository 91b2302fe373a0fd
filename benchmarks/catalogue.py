"""The benchmarks that there are: name, what it measures, its figures, and where it is."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scope import Measured, Scope

_RATE = ("rows_per_s", "cpu_us_per_row", "rss_mb")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``figures``: the names of its figures, the first one being that whose spread is told. ``module`` has ``run``."""

    name: str
    module: str
    summary: str
    figures: tuple[str, ...]

    def run(self, scope: Scope) -> Iterator[Measured]:
        """Measure."""
        measured: Iterator[Measured] = importlib.import_module(self.module).run(scope)
        return measured


_ALL = (
    Benchmark(
        "decode",
        "benchmarks.decode",
        "one binlog stream of one server, decoded by us and by peers",
        (*_RATE, "warm_rows_per_s"),
    ),
    Benchmark("pipeline", "benchmarks.pipeline", "MySQL to the blackhole sink through Ray, and how it scales", _RATE),
    Benchmark(
        "elasticsearch",
        "benchmarks.elasticsearch",
        "into a real Elasticsearch, beside the same requests ready-made",
        (*_RATE, "of_ceiling"),
    ),
    Benchmark(
        "hbase", "benchmarks.hbase", "into a real HBase, beside the same requests ready-made", (*_RATE, "of_ceiling")
    ),
    Benchmark(
        "latency",
        "benchmarks.latency",
        "commit on MySQL to Elasticsearch's yes, beside a Debezium engine that sends the same requests",
        ("p50_ms", "p95_ms", "p99_ms", "max_ms", "tx_per_s"),
    ),
    Benchmark(
        "memory",
        "benchmarks.memory",
        "the highest resident memory of each kind of process",
        ("reader_mb", "sink_mb", "checkpoint_mb", "supervisor_mb", "done"),
    ),
    Benchmark(
        "recovery",
        "benchmarks.recovery",
        "kill -9 of a process to the first new change applied",
        ("seconds", "replaced_s"),
    ),
)

BENCHMARKS = {one.name: one for one in _ALL}
