"""Benchmark: one binlog stream, decoded by us and by peers, each in a process of its own, one after the other.

Slow systems read only the first part of the stream, so that each runs for some seconds; rows a second are what is
compared. Every system reads from the same server, without TLS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from benchmarks.measured import Program
from benchmarks.peers.builds import canal, debezium, go_mysql, mysql_replication
from benchmarks.scope import Measured, Scope
from benchmarks.streams import CASES, Stream, written
from ingest.native import core
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class System:
    """``part``: reads one in so many of the stream's row changes. ``more``: arguments of its program.
    ``without``: cases whose stream it reads to the end without giving all row changes (seen with the pinned version)."""

    name: str
    program: Callable[[Scope], Program]
    part: int = 1
    more: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def ours(codec: str) -> Callable[[Scope], Program]:
    """Our reader with a codec."""

    def program(_scope: Scope) -> Program:
        argv = [sys.executable, "-m", "benchmarks.ours_decode"]
        return Program(argv, metadata.version("ray-binlog-ingest"), {"INGEST_CODEC": codec})

    return program


SYSTEMS = (
    System("native", ours("native")),
    System("native-arrow", ours("native"), 5, ("--to", "arrow")),
    System("native-ndjson", ours("native"), 5, ("--to", "ndjson")),
    System("pure", ours("pure"), 10),
    System("pure-arrow", ours("pure"), 20, ("--to", "arrow")),
    System("pure-ndjson", ours("pure"), 20, ("--to", "ndjson")),
    System("go-mysql", go_mysql),
    System("debezium-connect", debezium, 2),
    System("debezium-json", debezium, 4, ("--format", "json")),
    System("canal-serial", canal, 2, without=("compressed",)),
    System("canal-parallel", canal, 2, ("--parallel", "true")),
    System("mysql-replication", mysql_replication, 20, without=("compressed",)),
)


def run(scope: Scope) -> Iterator[Measured]:
    """Each case's server in turn, and on it each system."""
    systems = [one for one in SYSTEMS if scope.wants_system(one.name) and (core() or not one.name.startswith("native"))]
    programs = {one.name: one.program(scope) for one in systems}
    for case in CASES:
        if scope.wants_case(case.name):
            with written(case, scope) as stream:
                for system in (one for one in systems if case.name not in one.without):
                    try:
                        yield _measure(system, programs[system.name], stream, scope)
                    except Problem as problem:
                        scope.failed(f"decode {case.name} {system.name}", problem)


def _measure(system: System, program: Program, stream: Stream, scope: Scope) -> Measured:
    scope.tell(f"{stream.case.name}: {system.name}")
    rows = stream.rows // system.part
    figures = tuple(program.read(stream, rows, *system.more).figures() for _ in range(scope.repeats))
    return Measured(stream.case.name, system.name, figures, f"{program.version}, {stream.version}")
