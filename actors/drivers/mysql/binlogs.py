"""A server's binlog files as ``ingest.rewind.boundary`` looks at them.

What came before a file stands at its start (SHOW BINLOG EVENTS reads that alone); transactions are read by a dump from
there, whose events are passed over unopened but for the GTID events, and which ends as soon as nobody asks on.
"""

from __future__ import annotations

import select
from collections.abc import Iterator, Sequence

from actors.drivers.mysql.dump import DumpOptions, source_mark, start_dump
from actors.drivers.mysql.session import Session
from ingest.binlog.file import Committed, TransactionWalk
from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.mysql.identity import ReplicaIdentity
from ingest.mysql.replies import CONNECTION_LOST
from ingest.problems import WorldProblem

WAIT_S = 1.0
_HEAD_EVENTS = 5
"""PREVIOUS_GTIDS is the second event of a file, on every version."""


class ServerBinlogs:
    """See the module and ``ingest.rewind.boundary.Binlogs``. One dump at a time, as the replica ``identity``."""

    def __init__(self, session: Session, identity: ReplicaIdentity, options: DumpOptions) -> None:
        self._session = session
        self._identity = identity
        self._options = options
        files = session.show("SHOW BINARY LOGS")
        self._names = [one["log_name"] for one in files]
        self.file_bytes: Sequence[int] = [int(one["file_size"]) for one in files]
        self._previous: dict[int, GtidSet] = {}

    @property
    def count(self) -> int:
        """See ``Binlogs``."""
        return len(self._names)

    def previous(self, number: int) -> GtidSet:
        """See ``Binlogs``."""
        if number not in self._previous:
            name = self._names[number].replace("'", "''")
            head = self._session.show(f"SHOW BINLOG EVENTS IN '{name}' LIMIT {_HEAD_EVENTS}")
            said = next((one["info"] for one in head if one["event_type"] == "Previous_gtids"), None)
            if said is None:
                where = {**self._session.where, "file": self._names[number]}
                raise WorldProblem(CONNECTION_LOST, "the server doesn't say what came before a binlog file", where)
            self._previous[number] = GtidSet.parse(said)
        return self._previous[number]

    def transactions(self, number: int) -> Iterator[Committed]:
        """See ``Binlogs``."""
        executed = source_mark(self._session).executed
        read = GtidSetBuilder(self.previous(number))
        missing = executed.subtract(self.previous(number)).count()
        if not missing:
            return
        walk = TransactionWalk()
        dump = start_dump(self._session.reopened(), self._identity, self.previous(number), self._options)
        try:
            while missing > 0:
                select.select([dump], [], [], WAIT_S)
                packets = dump.read_available()
                for index in range(len(packets)):
                    one = walk.take(packets[index])
                    if one is not None and read.add(one.gtid):
                        missing -= one.gtid in executed
                        yield one
        finally:
            dump.close()
