"""The supervisor actor: one per MySQL cluster, named and detached; owns the cluster's reader, sink and checkpoint actors.

Place in the flow: beside it. It brings lanes into epochs, notices what fails, decides what follows (at once, later, or
when a person says so), and answers for the state of all of it. It keeps nothing that the checkpoint store doesn't: when
it dies its actors die with it, Ray starts it anew, and it begins every lane from its frontier (crash-only).

Invariants: one group per lane at any time; a lane that a person paused or that its data stopped doesn't start by
itself; what happens to one lane changes no other (7).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from actors.host import Host
from actors.known_lane import SETTLED, KnownLane
from actors.lane_actors import LaneActors
from actors.lane_group import LaneEnd
from actors.lane_groups import LaneGroups
from actors.mailbox import ACTOR_SILENT, ActorPeer
from actors.rewind.carry_out import RewindStore, carry_out
from actors.stream import FELL_BEHIND, NOT_JOINED
from actors.survey import LaneFacts, ask_shards, survey
from ingest.checkpoint.contract import FENCED
from ingest.dead_letters.contract import RetryReport
from ingest.dead_letters.letter import Place
from ingest.failover.choice import RESNAPSHOTS
from ingest.lane.large import SLOW_LANE
from ingest.problems import DataProblem, Problem, WorldProblem, declare
from ingest.rewind.plan import RewindOrder
from ingest.status import ClusterStatus, LaneState

UNKNOWN_LANE = declare(
    "lane.unknown",
    "A command names a lane that this supervisor doesn't run.",
    "`ingest status` lists the lanes.",
)
LANE_NOT_RUNNING = declare(
    "dead_letters.lane_not_running",
    "Dead letters are retried by their lane's sink actors, and the lane isn't running.",
    "`ingest status` says why; `ingest resume` or `ingest run` it, then retry.",
)

BEING_REWOUND = declare(
    "lane.being_rewound", "The lane is being taken back at this moment.", "Ask again when `ingest rewind` has answered."
)

_log = structlog.get_logger("ingest.supervisor")

TICK_S = 1.0
LEAVE_WITHIN_S = 40.0
LEAVE_POLL_MS = 100.0
METRICS_AFTER_S = 3.0
"""The exporter is a process more to start: the lanes' own come first."""


class SupervisorParts(Protocol):
    """What a supervisor is made of; handed in, so that it knows neither configuration nor Ray."""

    cluster: str
    config_version: str
    lanes: Sequence[str]
    lease_ms: float
    stays_ms: Sequence[float]
    host: Host

    def store(self) -> RewindStore:
        """The checkpoint store."""

    def sink_of(self, lane: str) -> str:
        """The name of the lane's sink."""

    def spawn_lane(self, lane: str) -> LaneActors:
        """New actors for a lane."""

    def spawn_reader(self, group: str) -> ActorPeer:
        """A new reader actor."""

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """Start what serves metrics; gives where to hand each status, which says the addresses to scrape."""


class Supervisor:
    """Plain class; a detached actor per cluster. The constructor does no I/O: a thread does, so that a supervisor that
    Ray restarts goes on by itself."""

    def __init__(self, parts: SupervisorParts) -> None:
        self._parts = parts
        self.host = parts.host
        self.lease_ms = parts.lease_ms
        self._store: RewindStore | None = None
        self._lanes = {lane: KnownLane() for lane in parts.lanes}
        self._groups = LaneGroups(self, self._lanes, parts.spawn_reader, parts.stays_ms)
        self._lock = parts.host.lock()
        self._stopping = parts.host.event()
        self._metrics: Sequence[str] = ()
        parts.host.start("supervisor", self._main)

    def __repr__(self) -> str:
        if "_lanes" not in self.__dict__:
            return "Supervisor(not made yet)"  # Ray asks before the constructor is through
        states = ", ".join(f"{name} {lane.state.value}" for name, lane in self._lanes.items())
        return f"Supervisor({self._parts.cluster}: {states})"

    # --- the thread ---------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            with self._lock:
                wishes = {lane: self._wish(lane) for lane in self._lanes}
                self._groups.start_all([lane for lane, wish in wishes.items() if wish is None])
            if self._stopping.wait(METRICS_AFTER_S):
                return
            push = self._parts.start_metrics()
            while not self._stopping.wait(TICK_S):
                status = self.status()
                with self._lock:
                    self._groups.look_after(status.lanes)
                self._metrics = push(status)
        except BaseException:  # noqa: BLE001 - the process ends, and Ray starts it anew: crash-only
            self.host.end_this_process()

    def _wish(self, lane: str) -> LaneState | None:
        """What a person last said of a lane: PAUSED, DRAINED, or nothing."""
        while not self._stopping.is_set():
            try:
                wish = self.store.wish(lane)
            except Problem as problem:
                self._lanes[lane].problem = problem
                self._stopping.wait(1)
                continue
            state = LaneState(wish) if wish else None
            self._lanes[lane].state = state or LaneState.STARTING
            return state
        return None

    # --- what groups ask for ------------------------------------------------------------------------------------

    @property
    def store(self) -> RewindStore:
        """The checkpoint store, opened on first use."""
        if self._store is None:
            self._store = self._parts.store()
        return self._store

    def lane_actors(self, lane: str) -> LaneActors:
        """See ``GroupOwner``."""
        actors = self._lanes[lane].actors
        if actors is None:
            actors = self._lanes[lane].actors = self._parts.spawn_lane(lane)
        return actors

    def reader(self, group: str) -> ActorPeer:
        """See ``GroupOwner``."""
        return self._groups.reader(group)

    def has_claimed(self, lane: str) -> bool:
        """See ``GroupOwner``."""
        return self._lanes[lane].epoch > 0

    def lane_began(self, lane: str, state: LaneState, epoch: int) -> None:
        """See ``GroupOwner``."""
        self.lane_moved(lane, state, epoch, None)

    def lane_moved(self, lane: str, state: LaneState, epoch: int, problem: Problem | None) -> None:
        """See ``GroupOwner``."""
        known = self._lanes[lane]
        if epoch:
            known.epoch = epoch
        if known.is_told_to_rest(state):
            return  # a report from before a person's or the data's word
        known.state = state
        if state is LaneState.BACKOFF:
            known.restarts += 1
            known.problem = problem
        elif state in {LaneState.RUNNING, LaneState.RESNAPSHOTTING}:
            known.problem = problem

    def lane_left(self, group: str, end: LaneEnd) -> None:
        """See ``GroupOwner``: stopped by its data, drained or paused by a person, on its way to the shared reader, or to be
        started anew."""
        with self._lock:
            known = self._lanes[end.lane]
            if known.group != group:
                return
            known.group = ""
            known.problem = end.problem
            joins, known.is_joining = known.is_joining, False
            if end.drained or (end.problem is None and known.state is LaneState.DRAINING and not joins):
                known.state = LaneState.DRAINED
            elif isinstance(end.problem, DataProblem):
                known.state = LaneState.STOPPED
            elif joins and known.state is LaneState.RUNNING and self._groups.join(end.lane):
                known.state = LaneState.STARTING
            elif known.state is not LaneState.PAUSED and not self._stopping.is_set():
                drains = known.state is LaneState.DRAINING
                known.state = LaneState.BACKOFF
                known.restarts += 1
                self._start_anew(end, known.backoff.after_failure(end.ran_ms, moved=end.moved), drains=drains)

    def _start_anew(self, end: LaneEnd, delay_ms: float, *, drains: bool) -> None:
        """A lane that fails for the first time is as near to the others as it was: it joins them again at once, which takes no
        new process. One that can't keep up, or fails again, gets a reader of its own."""
        behind = end.problem is not None and end.problem.code in {FELL_BEHIND, NOT_JOINED, RESNAPSHOTS, SLOW_LANE}
        if end.problem is not None and end.problem.code == SLOW_LANE:
            _log.info("large_transaction.taken_aside", what=end.problem.what, **end.problem.where)
        if behind or delay_ms or not self._groups.join(end.lane):
            self._groups.start(end.lane, delay_ms)
        group = self._groups.find(self._lanes[end.lane].group)
        if drains and group is not None:
            group.drain(end.lane)

    # --- commands (control group) -------------------------------------------------------------------------------

    def config_version(self) -> str:
        """The version of the configuration it runs."""
        return self._parts.config_version

    def pause(self, lane: str) -> None:
        """Stop a lane where it is until ``resume``, over restarts too."""
        known = self._known(lane)
        self.store.set_wish(lane, LaneState.PAUSED.value)
        with self._lock:
            known.state = LaneState.PAUSED
            group = self._groups.find(known.group)
            if group is not None and group.abandon(lane):
                known.group = ""
                return
        if group is not None:
            group.tell_reader("drop", lane)

    def resume(self, lane: str) -> None:
        """Let a paused, drained or stopped lane run again."""
        known = self._known(lane)
        self.store.set_wish(lane, None)
        with self._lock:
            self._refuse_while_rewound(lane)
            if known.state in {LaneState.PAUSED, LaneState.DRAINED, LaneState.STOPPED}:
                known.begin_anew()
                known.epoch = 0  # a person says so: the lane is taken, whoever has had it meanwhile (a replay)
                self._groups.start(lane)

    def rewind(self, lane: str, order: RewindOrder) -> tuple[int, bool]:
        """Take a lane to another frontier in a new epoch; the others don't notice. The epoch, and whether the lane goes
        on now (one that was paused, drained or stopped stays so)."""
        known, me = self._known(lane), self.host.this_process("supervisor")
        if known.epoch and self.store.claimant(lane) != me:
            raise DataProblem(FENCED, "another supervisor has taken the lane; ask that one", {"lane": lane})
        with self._lock:
            self._refuse_while_rewound(lane)
            known.rewinding = True
            goes_on, after = known.state not in SETTLED, known.state
        try:
            self._take_out(lane)
            record = carry_out(self.store, lane, order, me, own=known.epoch > 0)  # who has it by now, keeps it
            known.epoch, known.frontier = record.epoch, record.frontier.executed
        finally:
            with self._lock:
                known.rewinding = False
                left = not known.group  # else it didn't leave its reader, and goes on there
                known.state = LaneState.DRAINED if left and after is LaneState.DRAINING else after
                if left and goes_on and not self._stopping.is_set():
                    known.begin_anew()
                    self._groups.start(lane)
        return record.epoch, goes_on

    def _refuse_while_rewound(self, lane: str) -> None:
        """Two who start a lane at once would fence each other off."""
        if self._lanes[lane].rewinding:
            raise WorldProblem(BEING_REWOUND, f"lane {lane} is being rewound", {"lane": lane})

    def _take_out(self, lane: str) -> None:
        """Bring a lane out of its group, and wait until it is. WorldProblem when it doesn't leave."""
        known = self._lanes[lane]
        deadline_ms = self.host.monotonic_ms() + LEAVE_WITHIN_S * 1000
        while known.group:
            with self._lock:
                known.state = LaneState.PAUSED
                group = self._groups.find(known.group)
                if group is None or group.abandon(lane):
                    known.group = ""
                    return
            if self.host.monotonic_ms() > deadline_ms:
                raise WorldProblem(ACTOR_SILENT, f"lane {lane} didn't leave its reader", {"lane": lane})
            with contextlib.suppress(WorldProblem):  # a reader that died: the lane waits for its turn then
                group.tell_reader("drop", lane)
            self.host.sleep_ms(LEAVE_POLL_MS)

    def drain(self, lanes: Sequence[str]) -> None:
        """Read no further for these lanes; they are DRAINED when all they had is applied and durable."""
        for lane in lanes:
            known = self._known(lane)
            self.store.set_wish(lane, LaneState.DRAINED.value)
            with self._lock:
                group = self._groups.find(known.group)
                known.state = LaneState.DRAINING if group is not None else known.state
            if group is not None:
                group.drain(lane)

    def retry_letters(self, lane: str, places: Sequence[Place]) -> RetryReport:
        """Send the dead letters of these documents again; in order with the parcels, since the shards do it."""
        known = self._known(lane)
        if known.state is not LaneState.RUNNING or known.actors is None:
            raise DataProblem(LANE_NOT_RUNNING, f"{lane} is {known.state.value}", {"lane": lane})
        report = RetryReport()
        for one in ask_shards(known.actors, self.host, "retry_letters", tuple(places)):
            report = report.plus(one)
        return report

    def reload_letters(self, lane: str) -> None:
        """Dead letters were dropped in the store: their documents go on."""
        actors = self._known(lane).actors
        if actors is not None:
            ask_shards(actors, self.host, "reload_letters")

    def forget_wishes(self) -> None:
        """Lanes run again at the next start, whatever was drained to stop (a foreground run's end)."""
        for lane in self._lanes:
            if self.store.wish(lane) == LaneState.DRAINED.value:
                self.store.set_wish(lane, None)

    def stop(self) -> None:
        """End every lane where it is, and every actor; the caller ends this one. Exact at any moment."""
        self._stopping.set()
        with self._lock:
            groups = self._groups.all()
        for group in groups:
            group.stop()
        self._groups.end_readers()
        for lane in self._lanes.values():
            if lane.actors is not None:
                lane.actors.end()

    def status(self) -> ClusterStatus:
        """The state of all of it; asks every actor, each within a bound."""
        with self._lock:
            facts = [
                LaneFacts(
                    name,
                    self._parts.sink_of(name),
                    lane.state,
                    lane.epoch,
                    lane.restarts,
                    str(lane.problem) if lane.problem else "",
                    self._groups.reader_of(name),
                    lane.actors,
                    self._groups.report_of(name),
                    lane.frontier,
                )
                for name, lane in self._lanes.items()
            ]
            readers = self._groups.readers()
        lanes, reader_statuses = survey(facts, readers, self.host)
        return ClusterStatus(
            self._parts.cluster,
            self._parts.config_version,
            lanes,
            reader_statuses,
            self.host.process_status(f"supervisor:{self._parts.cluster}"),
            self._metrics,
        )

    def _known(self, lane: str) -> KnownLane:
        if lane not in self._lanes:
            names = ", ".join(sorted(self._lanes))
            raise DataProblem(
                UNKNOWN_LANE, f"no lane {lane!r} here; there are {names}", {"cluster": self._parts.cluster}
            )
        return self._lanes[lane]
