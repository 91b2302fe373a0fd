"""Benchmark: MySQL -> Ray -> blackhole sink (which encodes JSON and drops it): by shards, rows, columns, tables, lanes.

A backlog is written first, then the pipeline is started on it. CPU is that of all our processes, Ray's included. The
curves are drawn into ``scaling.svg``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from actors.codec import codec_name
from benchmarks.plot import Curve, write_svg
from benchmarks.product import BLACKHOLE, Ours, configuration, drained, lane, local_ray, password_environment
from benchmarks.scope import Measured, Scope
from benchmarks.streams import CASES, Stream, StreamCase, written

NARROW = next(case for case in CASES if case.name == "narrow")
ROWS, QUICK_ROWS = 1_000_000, 60_000
COLUMNS = (4, 25, 100)
SHARDS = (1, 2, 4)
LANES = (1, 4)
SMALL_BLOCK = 40


def run(scope: Scope) -> Iterator[Measured]:
    """Every point of every curve; then the plot."""
    password_environment()
    found: list[Measured] = []
    with local_ray() as ours:
        for case in cases(scope):
            axis, _, value = case.name.partition("=")
            if scope.wants_case(axis) or (axis == "rows" and scope.wants_case("shards")):
                with written(case, scope) as stream:
                    for measured in _points(ours, stream, axis, int(value), scope):
                        found.append(measured)
                        yield measured
    write_svg("Rows a second into the blackhole sink", curves(found))


def cases(scope: Scope) -> list[StreamCase]:
    """The backlogs: named ``axis=value``. The largest of ``rows`` serves shards and lanes as well."""
    rows = scope.size(ROWS, QUICK_ROWS)
    whole = replace(NARROW, rows=ROWS, quick_rows=QUICK_ROWS)
    some = [replace(whole, name=f"rows={part}", rows=part, quick_rows=part) for part in (rows // 4, rows // 2, rows)]
    columns = [_columns(whole, count) for count in COLUMNS]
    tables = [
        replace(whole, name=f"tables={count}", tables=count, block=SMALL_BLOCK)
        for count in ((1, 10, 100) if scope.quick else (1, 100, 10_000))
    ]
    return [*some, *columns, *tables]


def _columns(case: StreamCase, count: int) -> StreamCase:
    return replace(
        case,
        name=f"columns={count}",
        columns=tuple(f"c{number} INT" for number in range(1, count)),
        values=tuple(f"n + {number}" for number in range(1, count)),
        change="c1 = c1 + 1",
        rows=case.rows * 4 // (count + 3),
        quick_rows=case.quick_rows * 4 // (count + 3),
    )


def _points(ours: Ours, stream: Stream, axis: str, value: int, scope: Scope) -> Iterator[Measured]:
    if scope.wants_case(axis):
        yield _measure(ours, stream, f"{axis} {value}", 2, 1, scope)
    if axis == "rows" and value == scope.size(ROWS, QUICK_ROWS):
        if scope.wants_case("shards"):
            for shards in SHARDS:
                yield _measure(ours, stream, f"shards {shards}", shards, 1, scope)
        if scope.wants_case("lanes"):
            for lanes in LANES:
                yield _measure(ours, stream, f"lanes {lanes}", 2, lanes, scope)


def _measure(ours: Ours, stream: Stream, case: str, shards: int, lanes: int, scope: Scope) -> Measured:
    scope.tell(f"pipeline: {case}")
    figures = []
    for _ in range(scope.repeats):
        rest = lane("target", '{ name = "{table}" }', more=f"shards = {shards}")
        named = {f"lane{number}": rest for number in range(lanes)}
        config = configuration(stream.mysql.address, ours.store(), BLACKHOLE, named)
        figures.append(drained(ours, config, stream.rows))
    return Measured(case, codec_name(), tuple(figures), stream.version)


def curves(found: list[Measured]) -> list[Curve]:
    """Median rows a second by axis."""
    axes: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        axis, value = one.case.split(" ")
        rates = sorted(figures["rows_per_s"] for figures in one.repeats)
        axes.setdefault(axis, []).append((float(value), rates[len(rates) // 2]))
    return [Curve(axis, tuple(points)) for axis, points in axes.items()]
