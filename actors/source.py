"""Opens a cluster's binlog stream for some lanes: which host, from where, with what state.

A host is taken if it has what every lane needs: nothing purged that a frontier lacks, nothing missing that it holds.
The hosts are tried in the configured order. The source's end is asked here, after fencing (design: step 3 before 4
would lose rows that an old epoch wrote in between).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace

from actors.drivers.mysql.dump import DumpOptions, SourceMark, source_mark, start_dump
from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.host import Host
from actors.reader import Assignment
from actors.strand import PacketSource
from actors.stream import LaneRun, StreamRun
from ingest.binlog.gtid import GtidSet
from ingest.codec import ReaderCodec
from ingest.lane.dispatcher import LaneDispatcher, LanePlan
from ingest.lane.frontier import Frontier
from ingest.lane.resume import ResumePoint, SourceFacts, resume_point
from ingest.lane.router import LaneRoutes, RoutedLane, SchemaSource, StatementPolicy, StreamRouter
from ingest.lane.tail import TailCoalescer, TailKey, TailRow
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.identity import ReplicaIdentity
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class LaneSetting:
    """What the configuration says of a lane, as far as its reader needs it. ``start``: ``oldest``, ``now`` or a GTID
    set; ``plan`` gives the plan for an epoch on a server (epoch, server_uuid)."""

    start: str
    fingerprint: str
    routes: LaneRoutes
    statements: StatementPolicy
    plan: Callable[[int, str], LanePlan]


SchemasFor = Callable[[Session, str, str], SchemaSource]
"""(session, encoded history, frontier text) -> what the table maps don't say."""


class MysqlStreamSource:
    """See the module and ``actors.reader.StreamSource``."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        connect_options: Callable[[], ConnectOptions],
        dump_options: DumpOptions,
        identity: ReplicaIdentity,
        codec: ReaderCodec,
        settings: Mapping[str, LaneSetting],
        preflight: Callable[[Session, Sequence[str]], None],
        schemas: SchemasFor,
        tail_map: Callable[[], MutableMapping[TailKey, TailRow]],
        host: Host,
    ) -> None:
        self._endpoints = endpoints
        self._connect_options = connect_options
        self._dump_options = dump_options
        self._identity = identity
        self._codec = codec
        self._settings = settings
        self._preflight = preflight
        self._schemas = schemas
        self._tail_map = tail_map
        self._host = host
        self._lock = host.lock()
        self._current: Endpoint | None = None
        self._asking: Session | None = None

    def open(self, assignments: Sequence[Assignment]) -> StreamRun:
        """Connect to the first host that has what the lanes need. The problem of the first host, if none has."""
        problems: list[Problem] = []
        for endpoint in self._endpoints:
            try:
                return self._open_on(endpoint, assignments)
            except Problem as problem:
                problems.append(problem)
        raise problems[0]

    def _open_on(self, endpoint: Endpoint, assignments: Sequence[Assignment]) -> StreamRun:
        session = connect(endpoint, self._connect_options())
        try:
            self._preflight(session, [one.lane for one in assignments])
            mark = source_mark(session)
            source = self.facts(mark, assignments)
            points = {one.lane: self._resume(one, source) for one in assignments}
            held = common_set(points.values())
            history = _history_of(points.values())
            schemas = self._schemas(session, history, str(held))
            if not history:
                points = {lane: _with_history(point, schemas.encoded) for lane, point in points.items()}
            dump = self.packets(session, held)
        except BaseException:
            session.close()
            raise
        run = self.assembled(str(endpoint), dump, schemas, assignments, points, source)
        with self._lock:
            self._current = endpoint
            if self._asking is not None:
                self._asking.close()
                self._asking = None
        return run

    def assembled(
        self,
        server: str,
        packets: PacketSource,
        schemas: SchemaSource,
        assignments: Sequence[Assignment],
        points: Mapping[str, ResumePoint],
        source: SourceFacts,
    ) -> StreamRun:
        """A run over packets that begin behind what every lane's point holds."""
        return assemble_run(
            server, packets, schemas, assignments, points, source.uuid, self._settings, self._codec, self._tail_map,
            self._host,
        )  # fmt: skip

    def facts(self, mark: SourceMark, _assignments: Sequence[Assignment]) -> SourceFacts:
        """What there is to read, of a server that was just asked."""
        return SourceFacts(mark.server_uuid, str(mark.executed), str(mark.purged))

    def packets(self, session: Session, held: GtidSet) -> PacketSource:
        """Everything but what is held. The session is the packets' from here on."""
        return start_dump(session, self._identity, held, self._dump_options, framer=self._codec.framer)

    def _resume(self, assignment: Assignment, source: SourceFacts) -> ResumePoint:
        return resume_of(assignment, self._settings[assignment.lane], source)

    def executed(self) -> str | None:
        """The server's gtid_executed now; None before a stream is open. WorldProblem when it doesn't answer."""
        with self._lock:
            if self._current is None:
                return None
            try:
                if self._asking is None:
                    self._asking = connect(self._current, self._connect_options())
                ((text,),) = self._asking.query("SELECT @@GLOBAL.gtid_executed")
            except Problem:
                if self._asking is not None:
                    self._asking.abandon()
                self._asking = None
                raise
        return str(text).replace("\n", "")


def resume_of(assignment: Assignment, setting: LaneSetting, source: SourceFacts) -> ResumePoint:
    """Where a lane goes on. DataProblem when the source can't give what it needs."""
    start = {"oldest": source.purged, "now": source.executed}.get(setting.start, setting.start)
    return resume_point(assignment.record, Frontier(start), setting.fingerprint, source, assignment.lane)


def assemble_run(
    server: str,
    packets: PacketSource,
    schemas: SchemaSource,
    assignments: Sequence[Assignment],
    points: Mapping[str, ResumePoint],
    source_uuid: str,
    settings: Mapping[str, LaneSetting],
    codec: ReaderCodec,
    tail_map: Callable[[], MutableMapping[TailKey, TailRow]],
    host: Host,
) -> StreamRun:
    """A run over packets that begin behind what every lane's point holds. ``server``: its name for people."""
    lanes: list[LaneRun] = []
    routed: dict[str, RoutedLane] = {}
    for one in assignments:
        setting = settings[one.lane]
        plan = setting.plan(one.epoch, source_uuid)
        dispatcher = LaneDispatcher(plan, points[one.lane], TailCoalescer(tail_map()), codec.flow)
        lanes.append(LaneRun(dispatcher, one.shards, one.checkpointer))
        routed[one.lane] = RoutedLane(dispatcher, setting.routes, setting.statements)
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, schemas, routed, common_set(points.values()), decoder.short_way)
    return StreamRun(server, packets, decoder, router, lanes, host)


def common_set(points: Collection[ResumePoint]) -> GtidSet:
    """What every lane's frontier holds."""
    held: GtidSet | None = None
    for point in points:
        mine = GtidSet.parse(point.frontier.executed)
        held = mine if held is None else held.intersect(mine)
    assert held is not None, "a stream is opened for at least one lane"
    return held


def _with_history(point: ResumePoint, encoded: str) -> ResumePoint:
    """A history that was just made goes with the lane's records from the first one on, so that an epoch after a crash
    doesn't describe the rows by another one. It is of the server's end, so it fits whatever the lane holds."""
    return point if point.schema_history else replace(point, schema_history=encoded)


def _history_of(points: Collection[ResumePoint]) -> str:
    """The schema history of the lane that is furthest back: it is the oldest, and the stream brings it forward."""
    furthest = min(points, key=lambda point: GtidSet.parse(point.frontier.executed).count())
    return furthest.schema_history
