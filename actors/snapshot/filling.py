"""Reads the present state of a lane's tables into the beginning of its tail, without locks and while writes go on.

    gtid_executed ─> every row, in key chunks ─> every key of the sink ─> gtid_executed again

A row that changed while this went on was read before or after that change; the binlog between the two GTID sets, which the
lane reads next, holds the change, and the tail keeps what came last (``ingest.lane.tail``). So the first set is asked before
the first row is read, and the second one after the last.

Invariants: what a row showed is in the second set (a commit that is under way is waited for); tables that changed their
schema meanwhile are read anew (5); a document that no row asked for gets a deletion, one that no rule could have written is
left and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from actors.drivers.mysql.schemas import SCHEMA_IN_MOTION
from actors.host import Host
from ingest.binlog.gtid import GtidSet
from ingest.codec import ReaderCodec
from ingest.lane.routing import LaneRoutes
from ingest.lane.tail import TailCoalescer
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.rules.match import TablePattern, missing_tables
from ingest.rules.parse import ParsedRule
from ingest.schema import TableSchema
from ingest.sinks.faults import TARGET_MISSING
from ingest.slices import SNAPSHOT_GTID, TransactionStamp
from ingest.snapshot.chunks import Key, TableQueries, Texts
from ingest.snapshot.rows import TableRows
from ingest.snapshot.surplus import Owner, SurplusRows, owner_of

TABLE_GONE = declare(
    "snapshot.table_gone",
    "A table that a rule names isn't there any more, so a snapshot can't tell which of its documents go.",
    "Take the rule out of the lane (and delete its documents), or create the table; then resume the lane.",
)

CHUNK_ROWS = 2_000
SETTLE_POLL_MS = 50.0

_log = structlog.get_logger("ingest.snapshot")

Tell = Callable[[int], None]
"""Told how many rows were read so far; may raise to end it."""


class RowSource(Protocol):
    """A server (``actors.snapshot.rows.SelectedRows``)."""

    def uuid(self) -> str:
        """Its server_uuid."""

    def schemas(self, patterns: Sequence[TablePattern]) -> Sequence[TableSchema]:
        """The tables that any pattern matches."""

    def executed(self) -> GtidSet:
        """gtid_executed."""

    def committing(self) -> GtidSet:
        """The transactions that have a GTID and aren't executed yet."""

    def chunks(self, queries: TableQueries, rows: int) -> Iterator[tuple[Sequence[Texts], Sequence[Key]]]:
        """All rows of a table."""


class KeySource(Protocol):
    """A sink and the lane's dead letters."""

    def scan_keys(self, target: str) -> Iterator[str]:
        """The key of every document of a target that is there, or that a dead letter may bring there."""


@dataclass(frozen=True, slots=True)
class SnapshotLane:
    """A lane, as far as its snapshot needs it."""

    lane: str
    rules: Sequence[ParsedRule]
    routes: LaneRoutes
    shards: int


@dataclass(frozen=True, slots=True)
class Filled:
    """What was read: ``before`` and ``after`` are the server's gtid_executed at the begin and the end."""

    before: GtidSet
    after: GtidSet
    rows: int
    deleted: int


def fill_tail(
    lane: SnapshotLane,
    server: RowSource,
    sink: KeySource,
    codec: ReaderCodec,
    tail: TailCoalescer,
    host: Host,
    tell: Tell,
) -> Filled:
    """See the module. Problems of both ends; WorldProblem ``mysql.schema_in_motion``; DataProblem ``snapshot.table_gone``,
    and for a row that can't be read."""
    stamp = TransactionStamp(SNAPSHOT_GTID, host.wall_us(), "", 0).pack()
    patterns = [pattern for rule in lane.rules for pattern in rule.patterns]
    before = server.executed()
    schemas = server.schemas(patterns)
    _check_all_there(patterns, schemas)
    rows, owners = 0, []
    for schema in schemas:
        routes = lane.routes.routes(schema)
        table = TableRows(schema, routes, codec, lane.shards)
        owners += [owner_of(schema, route, lane.rules[route.rule].placement) for route in routes]
        for texts, keys in server.chunks(table.queries, CHUNK_ROWS):
            for identity, row in table.of(texts, stamp):
                tail.add(identity, row)
            rows += len(keys)
            tell(rows)
    deleted = _add_surplus(lane, owners, sink, tail, stamp, lambda: tell(rows))
    if list(server.schemas(patterns)) != list(schemas):
        raise WorldProblem(SCHEMA_IN_MOTION, "tables changed while their rows were read", {"lane": lane.lane})
    return Filled(before, _settled(server, host, lambda: tell(rows)), rows, deleted)


def _check_all_there(patterns: Sequence[TablePattern], schemas: Sequence[TableSchema]) -> None:
    for pattern in missing_tables(patterns, [schema.name for schema in schemas]):
        raise DataProblem(TABLE_GONE, f"there is no table {pattern}", {"table": pattern})


def _add_surplus(
    lane: SnapshotLane,
    owners: Sequence[Owner],
    sink: KeySource,
    tail: TailCoalescer,
    stamp: bytes,
    tell: Callable[[], None],
) -> int:
    """Deletions of what no row asked for; how many."""
    by_target: dict[str, list[Owner]] = {}
    for owner in owners:
        by_target.setdefault(owner.target, []).append(owner)
    deleted = 0
    for target, of_target in by_target.items():
        surplus = SurplusRows(of_target, lane.shards)
        for number, key in enumerate(_keys(sink, target)):
            surplus.add(key, tail, stamp)
            if number % CHUNK_ROWS == 0:
                tell()
        deleted += surplus.deleted
        if surplus.strange:
            count, keys = surplus.strange, surplus.shown
            _log.warning("snapshot.strange_documents", lane=lane.lane, target=target, count=count, keys=keys)
    return deleted


def _keys(sink: KeySource, target: str) -> Iterator[str]:
    """None where even the target is missing."""
    try:
        yield from sink.scan_keys(target)
    except DataProblem as problem:
        if problem.code != TARGET_MISSING:
            raise


def _settled(server: RowSource, host: Host, tell: Callable[[], None]) -> GtidSet:
    """gtid_executed, once it holds all that a SELECT may have shown: a commit is seen by others a moment before its GTID is
    executed. One that is rolled back after all isn't waited for."""
    open_ones = server.committing()
    while True:
        executed = server.executed()
        open_ones = open_ones.subtract(executed)
        if not open_ones:
            return executed
        tell()
        host.sleep_ms(SETTLE_POLL_MS)
        open_ones = open_ones.intersect(server.committing())
