"""Benchmark: commit on MySQL -> Elasticsearch's yes, at a steady rate of single-row transactions.

Ours: the sink shards' own histogram (the commit's time in the binlog against the clock when the answer is there);
``max_ms`` is the upper bound of the highest bucket in use. Debezium: its engine with a handler that sends the same bulk
requests; it takes the moment of the insert that the row holds, some 0.1 ms before its commit, for its commit times have
whole seconds. ``debezium`` has the engine's defaults, ``debezium-eager`` polls every millisecond. The server is warmed
up by a run that isn't measured: its first minute takes three times the time of a later one for the same requests.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

from actors.codec import codec_name
from actors.control import launch
from actors.stack import Elasticsearch
from benchmarks.measured import Program, last_json
from benchmarks.peers.builds import debezium
from benchmarks.product import Ours, applied, configuration, lane, local_ray, password_environment, until
from benchmarks.scope import Measured, Scope
from benchmarks.streams import CASES, DATABASE, PASSWORD, USER, Stream, written
from benchmarks.ticker import CREATE, TABLE, ticks
from ingest.problems import Problem
from ingest.status import LAG_BOUNDS_MS, LagHistogram

RATES = (10, 1_000, 5_000)
SHARDS = (2, 1)
WARM_RATE = 1_000
WARM_S = 15
PEERS: Mapping[str, tuple[str, ...]] = {"debezium": (), "debezium-eager": ("--poll", "1")}


def run(scope: Scope) -> Iterator[Measured]:
    """Each rate, for us and for the peer."""
    password_environment()
    nothing = replace(CASES[0], rows=1, quick_rows=1)
    with Elasticsearch(heap="1g", progress=scope.tell) as server, written(nothing, scope) as stream:
        with stream.mysql.connect(database=DATABASE) as connection, connection.cursor() as cursor:
            for statement in CREATE:
                cursor.execute(statement)
        rates = [rate for rate in RATES if scope.wants_case(f"{rate} tx/s")]
        if scope.wants_system("ours"):
            with local_ray() as ours:
                scope.tell("latency: warming up")
                _ours(ours, stream, server.url, WARM_RATE, 2, scope)
                for rate, shards in product(rates, SHARDS):
                    scope.tell(f"latency: {rate} tx/s, ours, {shards} shard(s)")
                    figures = tuple(_ours(ours, stream, server.url, rate, shards, scope) for _ in range(scope.repeats))
                    name = f"ours ({codec_name()}, {shards} shard{'s' * (shards > 1)})"
                    yield Measured(f"{rate} tx/s", name, figures, _servers(stream, server))
        for name in PEERS:
            if scope.wants_system(name):
                yield from _peer(name, rates, stream, server, scope)


def _ours(ours: Ours, stream: Stream, url: str, rate: int, shards: int, scope: Scope) -> Mapping[str, float]:
    """The lags of the measured seconds: the histogram after them less that before."""
    sink = f'[sinks.target]\ntype = "elasticsearch"\nurls = ["{url}"]\n'
    rest = lane(
        "target", f'{{ index = "bench{uuid.uuid4().hex[:8]}-{{table}}" }}', TABLE, f'start = "now"\nshards = {shards}'
    )
    config = configuration(stream.mysql.address, ours.store(), sink, {"bench": rest})
    with launch(config) as pipeline:
        until(pipeline, lambda lanes: all(one.frontier for one in lanes), "the lane runs")
        warm = _tick(stream, rate, _warm_s(scope))["transactions"]
        before = until(pipeline, lambda lanes: applied(lanes) >= warm, "the warm-up is applied")
        ticked = _tick(stream, rate, _seconds(scope))
        wanted = warm + ticked["transactions"]
        after = until(pipeline, lambda lanes: applied(lanes) >= wanted, "all is applied")
    return {**_figures(_minus(after[0].lag, before[0].lag)), "tx_per_s": ticked["transactions"] / ticked["seconds"]}


def _peer(name: str, rates: list[int], stream: Stream, server: Elasticsearch, scope: Scope) -> Iterator[Measured]:
    program = debezium(scope, "Latency")
    for rate in rates:
        scope.tell(f"latency: {rate} tx/s, {name}")
        try:
            figures = tuple(
                _peer_figures(program, PEERS[name], rate, stream, server, scope) for _ in range(scope.repeats)
            )
        except Problem as problem:
            scope.failed(f"latency {rate} tx/s {name}", problem)
            continue
        yield Measured(f"{rate} tx/s", name, figures, f"{program.version}, {_servers(stream, server)}")


def _peer_figures(
    program: Program, more: tuple[str, ...], rate: int, stream: Stream, server: Elasticsearch, scope: Scope
) -> Mapping[str, float]:
    """The peer is started on an empty table; the first rows, while it starts, aren't measured."""
    with stream.mysql.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE TABLE {TABLE}")
        cursor.execute("SELECT @@GLOBAL.gtid_executed")
        held = str(cursor.fetchone()[0]).replace("\n", "")
    rows = {seconds: ticks(rate, seconds)[0] * ticks(rate, seconds)[1] for seconds in (WARM_S, _seconds(scope))}
    argv = [*program.argv, "--host", stream.mysql.host, "--port", str(stream.mysql.port), "--user", USER]
    argv += ["--password", PASSWORD, "--database", DATABASE, "--gtids", held, "--table", TABLE]
    argv += ["--skip", str(rows[WARM_S]), "--rows", str(rows[_seconds(scope)])]
    argv += ["--url", server.url, "--index", f"bench{uuid.uuid4().hex[:8]}", *more]
    with ThreadPoolExecutor(1) as threads:
        peer = threads.submit(last_json, argv)
        _tick(stream, rate, WARM_S)
        ticked = _tick(stream, rate, _seconds(scope))
        found = {key: float(str(value)) for key, value in peer.result().items()}
    return {**found, "tx_per_s": ticked["transactions"] / ticked["seconds"]}


def _servers(stream: Stream, server: Elasticsearch) -> str:
    return f"{stream.version}, Elasticsearch {server.version}"


def _tick(stream: Stream, rate: int, seconds: float) -> dict[str, float]:
    argv = [sys.executable, "-m", "benchmarks.ticker", "--host", stream.mysql.host, "--port", str(stream.mysql.port)]
    argv += ["--user", USER, "--password", PASSWORD, "--database", DATABASE]
    found = last_json([*argv, "--rate", str(rate), "--seconds", str(seconds)])
    return {key: float(str(value)) for key, value in found.items()}


def _seconds(scope: Scope) -> int:
    return scope.size(30, 5)


def _warm_s(scope: Scope) -> int:
    return scope.size(WARM_S, 3)


def _minus(after: LagHistogram, before: LagHistogram) -> LagHistogram:
    counts = tuple(now - then for now, then in zip(after.counts, before.counts, strict=True))
    return LagHistogram(counts, after.sum_ms - before.sum_ms)


def _figures(lag: LagHistogram) -> Mapping[str, float]:
    highest = max((index for index, count in enumerate(lag.counts) if count), default=0)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    figures = {name: lag.quantile_ms(share) or 0.0 for name, share in shares.items()}
    return {**figures, "max_ms": LAG_BOUNDS_MS[min(highest, len(LAG_BOUNDS_MS) - 1)]}
