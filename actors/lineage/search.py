"""A server's binlogs read for one id, file by file from the newest back, by the code that a lane's reader runs.

A file is read by a dump from what came before it, to the end of what it holds. Nothing is written anywhere.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from typing import cast

from actors.drivers.mysql.binlogs import WAIT_S, ServerBinlogs
from actors.drivers.mysql.dump import DumpOptions, start_dump
from actors.drivers.mysql.session import Session
from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.codec import ReaderCodec, TransactionEnd
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.large import LargePolicy, TracedTransactions
from ingest.lane.router import StreamRouter
from ingest.lane.routing import LaneRoutes, RoutedLane, SchemaSource
from ingest.lineage.changes import KeyChanges
from ingest.lineage.verdict import Search
from ingest.mysql.identity import ReplicaIdentity
from ingest.problems import DataProblem


class BinlogSearch:
    """One server's binlogs. ``schemas``: a new source of what table maps don't say, for each file."""

    def __init__(
        self,
        session: Session,
        identity: ReplicaIdentity,
        options: DumpOptions,
        codec: ReaderCodec,
        schemas: Callable[[], SchemaSource],
    ) -> None:
        self._session = session
        self._identity = identity
        self._options = options
        self._codec = codec
        self._schemas = schemas
        self._binlogs = ServerBinlogs(session, identity, options)

    def back(
        self,
        executed: GtidSet,
        lane: str,
        routes: LaneRoutes,
        policy: LargePolicy,
        collector: Callable[[], KeyChanges],
        is_enough: Callable[[KeyChanges, GtidSet], bool],
        files_max: int,
    ) -> tuple[list[KeyChanges], Search]:
        """Each file's changes, oldest file first. ``executed``: what the server has; ``is_enough``: asked after each file
        with what the server had executed before it. Raises WorldProblem; a binlog that can't be understood ends it."""
        found: list[KeyChanges] = []
        count = self._binlogs.count
        end, before = executed, executed
        for number in reversed(range(max(0, count - files_max), count)):
            changes = collector()
            before = self._binlogs.previous(number)
            try:
                self._read(before, end, lane, routes, policy, changes)
            except DataProblem as problem:
                return found, Search(len(found), count, end, str(problem))
            found.insert(0, changes)
            if is_enough(changes, before):
                break
            end = before
        return found, Search(len(found), count, before)

    def _read(
        self, before: GtidSet, end: GtidSet, lane: str, routes: LaneRoutes, policy: LargePolicy, changes: KeyChanges
    ) -> None:
        """What came between."""
        missing = end.subtract(before).count()
        if not missing:
            return
        large = TracedTransactions(policy, deque()) if policy.drops else None
        routed = RoutedLane(cast(LaneDispatcher, changes), routes, changes, large=large)
        router = StreamRouter(self._codec, self._schemas(), {lane: routed}, before)
        decoder = self._codec.stream(checksum=True)
        read = GtidSetBuilder(before)
        dump = start_dump(self._session.reopened(), self._identity, before, self._options, framer=self._codec.framer)
        try:
            while missing > 0:
                select.select([dump], [], [], WAIT_S)
                decoder.push(dump.read_available())
                while missing > 0 and (event := decoder.next_event()) is not None:
                    router.take(event)
                    changes.dropped |= {one.gtid: one for _, one in router.dropped}
                    router.dropped.clear()
                    if routed.failed is not None:
                        raise routed.failed
                    if isinstance(event, TransactionEnd) and read.add(event.gtid):
                        missing -= event.gtid in end
        finally:
            dump.close()
