"""Benchmarks ``elasticsearch`` and ``hbase``: into the real server, beside the ready-made requests (the ceiling).

Both write the same backlog into fresh indices (tables), in turn; ``of_ceiling`` is the ratio within one repeat.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.codec import codec_name
from actors.stack import Elasticsearch, Hbase
from benchmarks.ours_decode import LANE
from benchmarks.product import Ours, configuration, drained, lane, local_ray, password_environment
from benchmarks.ready_made import (
    Sender,
    bulk_bodies,
    bulk_sender,
    prepare,
    requests_of,
    sent,
    thrift_calls,
    thrift_sender,
)
from benchmarks.scope import Measured, Scope
from benchmarks.streams import Stream, StreamCase, written
from ingest.config.model import Config
from ingest.sinks.contract import Request

CASE = StreamCase(
    "300-byte rows",
    (
        "customer INT", "state TINYINT", "amount DECIMAL(12,2)", "at DATETIME(3)", "name VARCHAR(50)",
        "street VARCHAR(100)", "note VARCHAR(300)",
    ),
    (
        "n % 5000", "n % 7", "n / 100", "'2026-01-01' + INTERVAL n SECOND", "CONCAT('customer ', n)",
        "CONCAT('Long Street ', n, ', Some Town')", "REPEAT(SHA2(n, 256), 3)",
    ),
    "state = 9, amount = amount + 1",
    400_000,
    30_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A sink's server: its TOML, a rule's target for a fresh name, and how ready-made requests are sent to it."""

    toml: str
    to: Callable[[str], str]
    bodies: Callable[[Sequence[Request[Any]]], list[bytes]]
    sender: Sender
    version: str


def run_elasticsearch(scope: Scope) -> Iterator[Measured]:
    """Into Elasticsearch."""
    with Elasticsearch(heap="1g", progress=scope.tell) as server:
        toml = f'[sinks.target]\ntype = "elasticsearch"\nurls = ["{server.url}"]\n'
        sender = bulk_sender(server.host, server.port)
        yield from _run(
            Target(
                toml,
                lambda name: f'{{ index = "{name}-{{table}}" }}',
                bulk_bodies,
                sender,
                f"Elasticsearch {server.version}",
            ),
            scope,
        )


def run_hbase(scope: Scope) -> Iterator[Measured]:
    """Into HBase."""
    with Hbase(progress=scope.tell) as server:
        host, port = server.thrift_host, server.thrift_port
        toml = f'[sinks.target]\ntype = "hbase"\nhost = "{host}"\nport = {port}\n'
        to = '{{ table = "{0}-{{table}}", family = "d", create = true, row_key = "{{salt:4}}-{{key}}" }}'
        version = f"HBase {server.endpoint()['version']}"
        yield from _run(Target(toml, to.format, thrift_calls, thrift_sender(host, port), version), scope)


def _run(target: Target, scope: Scope) -> Iterator[Measured]:
    password_environment()
    with written(CASE, scope) as stream:
        with local_ray() as ours:
            _ready_made(target, stream, ours, scope)  # the server's own code is compiled while it runs: not measured
            pairs = [_pair(target, stream, ours, scope, mine_first=number % 2 == 1) for number in range(scope.repeats)]
    yield Measured(CASE.name, "ready-made", tuple(ceiling for _, ceiling in pairs), target.version)
    yield Measured(CASE.name, f"ours ({codec_name()})", tuple(mine for mine, _ in pairs), target.version)


def _pair(
    target: Target, stream: Stream, ours: Ours, scope: Scope, *, mine_first: bool
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Ours and the ceiling, in turns first, since the later one finds a warmer and a fuller server."""
    mine = _mine(target, stream, ours, scope) if mine_first else {}
    ceiling = _ready_made(target, stream, ours, scope)
    mine = mine or _mine(target, stream, ours, scope)
    return {**mine, "of_ceiling": mine["rows_per_s"] / ceiling["rows_per_s"]}, ceiling


def _mine(target: Target, stream: Stream, ours: Ours, scope: Scope) -> Mapping[str, float]:
    scope.tell("the pipeline")
    return drained(ours, _fresh(target, stream, ours), stream.rows)


def _ready_made(target: Target, stream: Stream, ours: Ours, scope: Scope) -> Mapping[str, float]:
    scope.tell("ready-made requests")
    config = _fresh(target, stream, ours)
    requests = requests_of(stream, config)
    prepare(config, requests)
    return sent(target.bodies(requests), target.sender, stream.rows)


def _fresh(target: Target, stream: Stream, ours: Ours) -> Config:
    """A configuration whose documents go to a new index or table."""
    rest = lane("target", target.to(f"bench{uuid.uuid4().hex[:8]}"))
    return configuration(stream.mysql.address, ours.store(), target.toml, {LANE: rest})
