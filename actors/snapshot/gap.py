"""Fills a gap: a stream that begins with the present state of a lane's tables, for what every host has purged.

Place in the data flow: ``actors/source.py`` finds the gap when it opens a lane's stream, in a new epoch and after fencing;
``BinlogReader`` fills it, and shows how far it is. What was read waits as the beginning of the lane's tail, so nothing is
written before the stream has come to where the reading ended, and then all of it as one.

Invariant: until all of that is applied, the lane's records say the old frontier (``ResumePoint.stands``), so that an epoch
after a crash finds the gap again.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from actors.host import Host
from actors.snapshot.filling import Filled, KeySource, RowSource, SnapshotLane, Tell, fill_tail
from actors.stream import StreamRun
from ingest.binlog.gtid import GtidSet
from ingest.codec import ReaderCodec
from ingest.failover.choice import MOVED, RESNAPSHOTS
from ingest.failover.verdict import shown
from ingest.lane.tail import TailCoalescer, TailKey, TailRow
from ingest.mysql.endpoint import Endpoint
from ingest.problems import Problem, WorldProblem

_log = structlog.get_logger("ingest.snapshot")

Tail = MutableMapping[TailKey, TailRow]


class SnapshotEnds(Protocol):
    """What a lane's rows and documents are read from."""

    def lane(self, name: str) -> SnapshotLane:
        """The lane's rules."""

    def opened(self, name: str, endpoint: Endpoint) -> AbstractContextManager[tuple[RowSource, KeySource]]:
        """The server and the lane's sink, as long as they are needed. Raises Problem."""


@dataclass(frozen=True, slots=True)
class GapFill:
    """A gap of one lane that is to be filled from the server ``uuid``. ``resume``: the stream behind what was read, which
    begins with it."""

    lane: str
    gap: GtidSet
    endpoint: Endpoint
    uuid: str
    ends: SnapshotEnds
    codec: ReaderCodec
    tail_map: Callable[[], Tail]
    host: Host
    resume: Callable[[Filled, Tail], StreamRun]

    @property
    def problem(self) -> Problem:
        """What it is for, as people see it while it goes on."""
        what = f"purged and not applied: {shown(self.gap)}; the tables' present state stands for it"
        return WorldProblem(RESNAPSHOTS, what, {"lane": self.lane, "host": str(self.endpoint)})

    def run(self, tell: Tell) -> StreamRun:
        """Read the tables; then open the stream. ``tell``: see there. Raises Problem, and what ``tell`` raises."""
        where = {"lane": self.lane, "host": str(self.endpoint)}
        _log.warning("gap.resnapshot_begins", missing=self.gap.count(), gtids=str(self.gap), reason="purged", **where)
        kept = self.tail_map()
        with self.ends.opened(self.lane, self.endpoint) as (server, sink):
            if server.uuid() != self.uuid:  # an address that leads to several servers
                raise WorldProblem(MOVED, f"{self.endpoint} is {server.uuid()} by now, not {self.uuid}", where)
            filled = fill_tail(
                self.ends.lane(self.lane), server, sink, self.codec, TailCoalescer(kept), self.host, tell
            )
        run = self.resume(filled, kept)
        _log.warning("gap.resnapshot_read", rows=filled.rows, deleted=filled.deleted, until=str(filled.after), **where)
        return run
