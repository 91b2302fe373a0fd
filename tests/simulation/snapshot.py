"""A server's rows and a sink's keys as a simulated snapshot reads them: in small chunks, while all goes on.

A row is seen as soon as its transaction is in the server's log; ``gtid_executed`` says so a moment later, as MySQL's does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.snapshot.filling import KeySource, RowSource, SnapshotLane
from ingest.binlog.gtid import GtidSet
from ingest.binlog.table_map import table_schema
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.replies import CONNECTION_LOST
from ingest.problems import WorldProblem
from ingest.rules.match import TablePattern
from ingest.rules.routes import RuleRoutes
from ingest.schema import TableSchema
from ingest.sinks.faults import UNREACHABLE
from ingest.snapshot.chunks import Key, TableQueries, Texts
from tests.kit.binlog_writer import table_map_body
from tests.simulation.lanes import rules
from tests.simulation.letters import LaneLetters
from tests.simulation.machine import SimHost
from tests.simulation.mysql import TABLES, Server
from tests.simulation.sinks import SinkServer

if TYPE_CHECKING:
    from tests.simulation.world import World

COMMIT_MS = 80.0
"""How long a transaction is seen before its GTID is executed."""


class SimEnds:
    """``actors.snapshot.gap.SnapshotEnds`` on one simulated server."""

    def __init__(self, world: World, host: SimHost, server: Server, shards: int) -> None:
        self._world = world
        self._host = host
        self._server = server
        self._starts = server.starts
        self._shards = shards

    def check(self) -> None:
        """Is the server still the one that was asked?"""
        if not self._server.alive or self._server.starts != self._starts:
            raise WorldProblem(CONNECTION_LOST, "the simulated server has gone, or was started anew")

    def lane(self, name: str) -> SnapshotLane:
        """See ``SnapshotEnds``."""
        return SnapshotLane(name, rules(name), RuleRoutes(rules(name)), self._shards)

    @contextmanager
    def opened(self, name: str, _endpoint: Endpoint) -> Iterator[tuple[RowSource, KeySource]]:
        """See ``SnapshotEnds``."""
        self.pause()
        world = self._world
        yield _Rows(self, world, self._server), _Keys(self, world.sinks[name], world.letters[name])

    def pause(self) -> None:
        """Something goes on elsewhere."""
        self._host.sleep_ms(self._world.scheduler.random.random() * 10)
        self.check()


class _Rows:
    def __init__(self, ends: SimEnds, world: World, server: Server) -> None:
        self._ends = ends
        self._world = world
        self._server = server

    def uuid(self) -> str:
        return self._server.uuid

    def schemas(self, patterns: Sequence[TablePattern]) -> list[TableSchema]:
        self._ends.pause()
        schemas = [table_schema(table_map_body(table)) for table in TABLES]
        return [schema for schema in schemas if any(pattern.matches(schema.name) for pattern in patterns)]

    def executed(self) -> GtidSet:
        self._ends.pause()
        return self._server.executed.freeze().subtract(self._committing())

    def committing(self) -> GtidSet:
        self._ends.pause()
        return self._committing()

    def _committing(self) -> GtidSet:
        young = self._world.scheduler.now_ms - COMMIT_MS
        return GtidSet.parse(",".join(one.gtid for one in self._server.log if one.at_ms > young))

    def chunks(self, queries: TableQueries, _rows: int) -> Iterator[tuple[Sequence[Texts], Sequence[Key]]]:
        last: int | None = None
        while True:
            self._ends.pause()
            rows = self._table(queries.schema.name.table)
            keys = sorted(key for key in rows if last is None or key > last)
            keys = keys[: self._world.scheduler.random.choice((1, 2))]
            if not keys:
                return
            last = keys[-1]
            texts = [str(key).encode() for key in keys]
            yield [texts, [str(rows[key]).encode() for key in keys]], [(text,) for text in texts]

    def _table(self, name: str) -> dict[object, object]:
        """What a SELECT shows now: key to value."""
        rows: dict[object, object] = {}
        for change in (change for one in self._server.log for change in one.changes if change.table.name == name):
            if change.before is not None:
                del rows[change.before[0]]
            if change.after is not None:
                rows[change.after[0]] = change.after[1]
        return rows


class _Keys:
    def __init__(self, ends: SimEnds, sink: SinkServer, letters: LaneLetters) -> None:
        self._ends = ends
        self._sink = sink
        self._letters = letters

    def scan_keys(self, target: str) -> Iterator[str]:
        """What older epochs sent has arrived: the binlog can't mend what comes later (see PROMISES.md)."""
        self._ends.pause()
        while self._sink.under_way:
            self._ends.pause()
        if not self._sink.running:
            raise WorldProblem(UNREACHABLE, "the simulated sink is down")
        there = [key for (of, key), (_, value) in self._sink.stored.items() if of == target and value is not None]
        yield from [*(key for of, key in self._letters.places if of == target), *there]
