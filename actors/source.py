"""Opens a cluster's binlog stream for some lanes: which host, from where, with what state.

    hosts.py asks every host ─> ingest/failover chooses ─> dump from what all lanes hold ─> StreamRun

The source's end is asked here, after fencing (design: step 3 before 4 would lose rows that an old epoch wrote in between).
A lane that no host can serve leaves with its own problem; the others stream. ``elsewhere`` goes on looking while they do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from actors.drivers.mysql.dump import DumpOptions, start_dump
from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.host import Host
from actors.hosts import Ask, HostSurvey, Survey
from actors.reader import Assignment, Opening
from actors.run_report import LaneReport
from actors.snapshot.filling import Filled
from actors.snapshot.gap import GapFill, SnapshotEnds, Tail
from actors.source_watch import SourceWatch
from actors.strand import PacketSource
from actors.stream import LaneRun, StreamRun
from ingest.binlog.gtid import GtidSet
from ingest.codec import ReaderCodec
from ingest.failover.choice import Choice, choose
from ingest.failover.facts import HostFacts, LaneNeed, OnGap, OnLost, Preference, need_of
from ingest.failover.report import host_statuses
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.large import APPLIES_ALL, HeldEvents, LargePolicy, LargeTransactions
from ingest.lane.resume import ResumePoint, SourceFacts, resume_point, snapshot_point
from ingest.lane.router import StreamRouter
from ingest.lane.routing import LaneRoutes, RoutedLane, SchemaSource, StatementPolicy
from ingest.lane.tail import TailCoalescer
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.identity import ReplicaIdentity
from ingest.problems import DataProblem, Problem
from ingest.status import HostStatus

_log = structlog.get_logger("ingest.source")

CERTAIN_MS = 3_000.0
"""For how long what would stop a lane is looked at again: a server's gtid_executed follows its binlog with a delay."""

AGAIN_MS = 500.0

UNSURE_MS = 30_000.0
"""For how long a server that nobody remembers reading from to the end is waited for, before a replica will do."""


@dataclass(frozen=True, slots=True)
class LaneSetting:
    """What the configuration says of a lane, as far as its reader needs it. ``start``: ``oldest``, ``now`` or a GTID
    set; ``plan`` gives the plan for an epoch on a server (epoch, server_uuid); ``state``: what its sink keeps."""

    start: str
    fingerprint: str
    routes: LaneRoutes
    statements: StatementPolicy
    plan: Callable[[int, str], LanePlan]
    on_lost: OnLost = "stop"
    on_gap: OnGap = "stop"
    state: str = ""
    large: LargePolicy = APPLIES_ALL


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
        preflight: Ask,
        schemas: SchemasFor,
        tail_map: Callable[[], Tail],
        host: Host,
        prefer: Preference = "primary",
        held_events: Callable[[], HeldEvents] = deque,
        ends: SnapshotEnds | None = None,
    ) -> None:
        """``ends``: what the present state of tables is read from where a gap is to be filled; None: gaps stop lanes."""
        self._endpoints = endpoints
        self._connect_options = connect_options
        self._dump_options = dump_options
        self._identity = identity
        self._codec = codec
        self._settings = settings
        self._schemas = schemas
        self._tail_map = tail_map
        self._host = host
        self._prefer = prefer
        self._held_events = held_events
        self._ends = ends
        self._survey = HostSurvey(endpoints, connect_options, preflight, host)
        self._watch = SourceWatch(self._survey, dump_options, prefer, host)
        self._hosts: Sequence[HostStatus] = ()
        self._unsure_since_ms: float | None = None

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """Connect to the best host that has what the lanes need, or as many of them as one can serve."""
        needs = self._needs(assignments)
        lanes = [one.lane for one in assignments]
        current = self._watch.uuid or next((one.record.source_uuid for one in assignments if one.record), "")
        certain_at_ms = self._host.monotonic_ms() + CERTAIN_MS
        while True:

            def suffices(hosts: Sequence[HostFacts]) -> bool:
                found = self._choose(hosts, needs, current)
                return len(found.lanes) == len(needs) and not found.is_grave

            with self._survey.asked(lanes, suffices) as survey:
                opening = self._open_on_one(survey, assignments, needs, current, certain_at_ms)
            if opening is not None:
                return opening
            self._host.sleep_ms(AGAIN_MS)

    def _needs(self, assignments: Sequence[Assignment]) -> list[LaneNeed]:
        needs = [need_for(one, self._settings[one.lane]) for one in assignments]
        if self._ends is None:
            needs = [replace(need, on_gap="stop") for need in needs]
        now_ms = self._host.monotonic_ms()
        if not any(need.unsure_of for need in needs):
            self._unsure_since_ms = None
        elif self._unsure_since_ms is None:
            self._unsure_since_ms = now_ms
        elif now_ms - self._unsure_since_ms > UNSURE_MS:
            needs = [replace(need, unsure_of="") for need in needs]
        return needs

    def _open_on_one(
        self,
        survey: Survey,
        assignments: Sequence[Assignment],
        needs: Sequence[LaneNeed],
        current: str,
        certain_at_ms: float,
    ) -> Opening | None:
        """On the first choice, or the next one when that fails. None: look again before a lane stops."""
        while True:
            choice = self._choose(survey.hosts, needs, current)
            self._hosts = host_statuses(survey.hosts, choice, choice.host)
            if choice.is_grave and self._host.monotonic_ms() < certain_at_ms:
                return None
            if choice.host is None:
                return Opening(None, choice.refused)
            if choice.gap:
                return self._opening_of_gap(survey, choice, assignments)
            try:
                return self._open_on(survey, choice, [one for one in assignments if one.lane in choice.lanes])
            except Problem as problem:
                survey.hosts = [
                    HostFacts(one.host, silence=problem) if one.host == choice.host else one for one in survey.hosts
                ]

    def _choose(self, hosts: Sequence[HostFacts], needs: Sequence[LaneNeed], current: str) -> Choice:
        return choose([self.readable(host) for host in hosts], needs, self._prefer, current)

    def _open_on(self, survey: Survey, choice: Choice, assignments: Sequence[Assignment]) -> Opening:
        assert choice.host is not None
        number = _number_of(survey, choice.host)
        session = survey.take(choice.host)
        try:
            source = self.facts(self.readable(survey.hosts[number]), assignments)
            points, refused = resume_all(assignments, choice, source, self._resume)
            if not points:
                session.close()
                return Opening(None, {**choice.refused, **refused})
            for lane, lost in choice.lanes.items():
                if lost:
                    gtids = str(lost)
                    _log.warning("lost.transactions", lane=lane, host=choice.host, count=lost.count(), gtids=gtids)
            held = common_set(points.values())
            history = _history_of(points.values())
            schemas = self._schemas(session, history, str(held))
            if not history:
                points = {lane: _with_history(point, schemas.encoded) for lane, point in points.items()}
            dump = self.packets(session, held)
        except BaseException:
            session.close()
            raise
        served = [one for one in assignments if one.lane in points]
        run = self.assembled(choice.host, dump, schemas, served, points, source)
        self._unsure_since_ms = None
        self._watch.reads(self._endpoints[number], survey.hosts[number].uuid)
        return Opening(run, {**choice.refused, **refused})

    def _opening_of_gap(self, survey: Survey, choice: Choice, assignments: Sequence[Assignment]) -> Opening:
        """Of the one lane whose gap the tables' present state is to fill."""
        assert choice.host is not None
        assert self._ends is not None
        (assignment,) = (one for one in assignments if one.lane in choice.lanes)
        number = _number_of(survey, choice.host)
        endpoint, uuid = self._endpoints[number], survey.hosts[number].uuid
        resume = partial(self._open_behind, endpoint, uuid, assignment)
        parts = (self._ends, self._codec, self._tail_map, self._host)
        return Opening(None, choice.refused, GapFill(assignment.lane, choice.gap, endpoint, uuid, *parts, resume))

    def _open_behind(
        self, endpoint: Endpoint, uuid: str, assignment: Assignment, filled: Filled, kept: Tail
    ) -> StreamRun:
        """A lane's stream that begins with what was read of its tables. The connections of the survey are long gone."""
        lane = assignment.lane
        session = connect(endpoint, self._connect_options())
        try:
            schemas = self._schemas(session, "", str(filled.before))
            points = {lane: _with_history(point_behind(assignment, self._settings[lane], filled), schemas.encoded)}
            dump = self.packets(session, filled.before)
        except BaseException:
            session.close()
            raise
        source = SourceFacts(uuid, str(filled.after), "")
        run = self.assembled(str(endpoint), dump, schemas, [assignment], points, source, lambda: kept)
        self._unsure_since_ms = None
        self._watch.reads(endpoint, uuid)
        return run

    def assembled(
        self,
        server: str,
        packets: PacketSource,
        schemas: SchemaSource,
        assignments: Sequence[Assignment],
        points: Mapping[str, ResumePoint],
        source: SourceFacts,
        tail_map: Callable[[], Tail] | None = None,
    ) -> StreamRun:
        """A run over packets that begin behind what every lane's point holds. ``tail_map``: with the tail's beginning."""
        return assemble_run(
            server, packets, schemas, assignments, points, source.uuid, self._settings, self._codec,
            tail_map or self._tail_map, self._host, self._held_events,
        )  # fmt: skip

    def readable(self, host: HostFacts) -> HostFacts:
        """A host, with what can be read of it by other ways."""
        return host

    def facts(self, host: HostFacts, _assignments: Sequence[Assignment]) -> SourceFacts:
        """What there is to read, of a server that was just asked."""
        return SourceFacts(host.uuid, str(host.executed), str(host.purged))

    def packets(self, session: Session, held: GtidSet) -> PacketSource:
        """Everything but what is held. The session is the packets' from here on."""
        return start_dump(session, self._identity, held, self._dump_options, framer=self._codec.framer)

    def _resume(self, assignment: Assignment, source: SourceFacts, lost: GtidSet) -> ResumePoint:
        return resume_of(assignment, self._settings[assignment.lane], source, lost)

    def executed(self) -> str | None:
        """The server's gtid_executed now; None before a stream is open. WorldProblem when it doesn't answer."""
        return self._watch.executed()

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """See ``StreamSource``."""
        if not all_live(lanes):
            return None
        needs = [running_need(name, lane) for name, lane in lanes.items()]
        found = self._watch.look(needs, bytes_read)
        if found is not None:
            self._hosts = host_statuses(found.hosts, found.choice, found.reading)
        return found.problem if found is not None else None

    def hosts(self) -> Sequence[HostStatus]:
        """See ``StreamSource``."""
        return self._hosts


def _number_of(survey: Survey, host: str) -> int:
    return next(number for number, one in enumerate(survey.hosts) if one.host == host)


def need_for(assignment: Assignment, setting: LaneSetting) -> LaneNeed:
    """What a lane that is to be started needs of a host."""
    return need_of(
        assignment.lane, assignment.record, setting.start, assignment.memory, setting.on_lost, setting.on_gap
    )


def all_live(lanes: Mapping[str, LaneReport]) -> bool:
    """Have all lanes read their tails? Before, what another host must have isn't known."""
    return all(lane.phase not in ("starting", Phase.TAIL.value) for lane in lanes.values())


def running_need(lane: str, report: LaneReport) -> LaneNeed:
    """What a lane whose tail is read would need of another host, now."""
    held = GtidSet.parse(report.frontier)
    return LaneNeed(lane, held if report.frontier else None, held.union(report.seen))


def resume_all(
    assignments: Sequence[Assignment],
    choice: Choice,
    source: SourceFacts,
    resume: Callable[[Assignment, SourceFacts, GtidSet], ResumePoint],
) -> tuple[dict[str, ResumePoint], dict[str, Problem]]:
    """Where each lane of a choice goes on; and the problems of those that can't after all."""
    points: dict[str, ResumePoint] = {}
    refused: dict[str, Problem] = {}
    for one in assignments:
        try:
            points[one.lane] = resume(one, source, choice.lanes[one.lane])
        except DataProblem as problem:
            refused[one.lane] = problem
    return points, refused


def resume_of(assignment: Assignment, setting: LaneSetting, source: SourceFacts, lost: GtidSet) -> ResumePoint:
    """Where a lane goes on. DataProblem when the source can't give what it needs."""
    start = {"oldest": source.purged, "now": source.executed}.get(setting.start, setting.start)
    return resume_point(
        assignment.record,
        Frontier(start),
        setting.fingerprint,
        source,
        assignment.lane,
        lost,
        setting.state,
        setting.large.drops,
    )


def point_behind(assignment: Assignment, setting: LaneSetting, filled: Filled) -> ResumePoint:
    """Where a lane goes on whose tables were read."""
    return snapshot_point(assignment.record, Frontier(setting.start), filled.before, filled.after)


def assemble_run(
    server: str,
    packets: PacketSource,
    schemas: SchemaSource,
    assignments: Sequence[Assignment],
    points: Mapping[str, ResumePoint],
    source_uuid: str,
    settings: Mapping[str, LaneSetting],
    codec: ReaderCodec,
    tail_map: Callable[[], Tail],
    host: Host,
    held_events: Callable[[], HeldEvents] = deque,
) -> StreamRun:
    """A run over packets that begin behind what every lane's point holds. ``server``: its name for people."""
    lanes: list[LaneRun] = []
    routed: dict[str, RoutedLane] = {}
    for one in assignments:
        setting = settings[one.lane]
        plan = setting.plan(one.epoch, source_uuid)
        point = points[one.lane]
        large = large_transactions(setting.large, point, held_events) if setting.large.action != "apply" else None
        dispatcher = LaneDispatcher(plan, point, TailCoalescer(tail_map()), codec.flow, large)
        lanes.append(LaneRun(dispatcher, one.shards, one.checkpointer))
        routed[one.lane] = RoutedLane(dispatcher, setting.routes, setting.statements, large=large)
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, schemas, routed, common_set(points.values()), decoder.short_way)
    return StreamRun(server, packets, decoder, router, lanes, host)


def large_transactions(
    policy: LargePolicy, point: ResumePoint, held_events: Callable[[], HeldEvents]
) -> LargeTransactions:
    """A lane's policy at work in an epoch that begins at this point."""
    return LargeTransactions(policy, held_events(), point.exemption, point.frontier.partial_gtid)


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
