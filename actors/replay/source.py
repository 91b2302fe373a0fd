"""Opens a lane's stream from archived files.

A lane's own: the files, then its server's binlog, since the tail must reach to the end of all that older epochs may have
applied, and that isn't known to lie in the files (design: "The tail is applied as one"). What the files hold counts as not
purged. A shadow's: the files alone; nobody else has written its targets, and its records name what the files may reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from actors.drivers.mysql.session import Session, connect
from actors.reader import Assignment, Opening
from actors.replay.files import ArchivePackets
from actors.run_report import LaneReport
from actors.source import MysqlStreamSource
from actors.strand import PacketSource
from ingest.binlog.gtid import GtidSet
from ingest.failover.facts import HostFacts
from ingest.lane.resume import ResumePoint, SourceFacts
from ingest.lane.routing import SchemaSource
from ingest.problems import DataProblem, Problem
from ingest.replay.archive import ArchivedFile
from ingest.replay.order import before_all, readings
from ingest.schema_history.history import History
from ingest.schema_history.tracker import SchemaTracker


class ArchivedStreamSource(MysqlStreamSource):
    """Files, then the server. Until the records' frontier holds what the source had at the start, they say so
    (``CheckpointRecord.reach``): a later epoch can't count rows in the order of these files."""

    def __init__(self, files: Sequence[ArchivedFile], **parts: Any) -> None:
        super().__init__(**parts)
        self._files = files

    def readable(self, host: HostFacts) -> HostFacts:
        """See ``MysqlStreamSource``: nothing is purged that the files hold."""
        return replace(host, purged=host.purged.subtract(_contents(self._files)))

    def facts(self, host: HostFacts, assignments: Sequence[Assignment]) -> SourceFacts:
        """See ``MysqlStreamSource``: no server's own order."""
        return SourceFacts(_order_of(assignments), str(host.executed), str(host.purged))

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """See ``StreamSource``: the files are read to their end."""
        return None

    def packets(self, session: Session, held: GtidSet) -> PacketSource:
        """See ``MysqlStreamSource``."""
        found = readings(self._files, held)
        behind = held.union(_contents(self._files))
        ((checksum,),) = session.query("SELECT @@GLOBAL.binlog_checksum")
        session.close()
        return ArchivePackets(found, lambda: self._dump(session, behind), checksum=checksum != "NONE")

    def _dump(self, session: Session, behind: GtidSet) -> PacketSource:
        """The server's binlog, once the files are through: a new connection, since that may take long."""
        return super().packets(session.reopened(), behind)

    def _resume(self, assignment: Assignment, source: SourceFacts, lost: GtidSet) -> ResumePoint:
        """See ``MysqlStreamSource``."""
        point = super()._resume(assignment, source, lost)
        return replace(point, reach=point.end)


class FilesStreamSource(ArchivedStreamSource):
    """Files alone."""

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """See ``StreamSource``."""
        before = before_all(self._files)
        end = before.union(_contents(self._files))
        source = SourceFacts(_order_of(assignments), str(end), str(before))
        points = {one.lane: self._resume(one, source, GtidSet()) for one in assignments}
        (point,) = points.values()
        held = GtidSet.parse(point.frontier.executed)
        packets = ArchivePackets(readings(self._files, held))
        schemas = self._schemas_beside(point, held)
        points = {lane: replace(point, schema_history=schemas.encoded) for lane in points}
        return Opening(self.assembled("archived files", packets, schemas, assignments, points, source))

    def executed(self) -> str | None:
        """See ``StreamSource``: what the files hold."""
        return str(before_all(self._files).union(_contents(self._files)))

    def _schemas_beside(self, point: ResumePoint, held: GtidSet) -> SchemaSource:
        """What the files' table maps don't say, from the cluster's server if one answers; without one a file must say
        everything, or the lane stops by name."""
        if point.schema_history:
            return SchemaTracker(History.decode(point.schema_history), resumed=True)
        for endpoint in self._endpoints:
            try:
                with connect(endpoint, self._connect_options()) as session:
                    return self._schemas(session, "", str(held))
            except DataProblem:
                raise
            except Problem:
                continue
        return SchemaTracker(None)


def _order_of(assignments: Sequence[Assignment]) -> str:
    """Stands for a server in whose order rows are counted: files may be other ones the next time."""
    return f"files read in epoch {assignments[0].epoch}"


def _contents(files: Sequence[ArchivedFile]) -> GtidSet:
    found = GtidSet()
    for file in files:
        found = found.union(file.contents)
    return found
