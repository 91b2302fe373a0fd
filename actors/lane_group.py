"""A reader and the lanes that share it: a thread of the supervisor that keeps them running.

Lanes start together in one group. A lane that leaves the stream on its own (its sink refused, an actor of its died, it
fell behind) is handed back to the supervisor, which gives it a group of its own: the others don't notice (invariant
7). When the stream itself fails, the whole group starts anew from its frontiers, with backoff. A lane that has caught up
is adopted: it begins an epoch here and joins the run that is under way, or begins with the others when there is none.

Invariant: a lane that was abandoned leaves, wherever in its start it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from actors.backoff import Backoff
from actors.host import Empty, Event, Host, Inbox, Running
from actors.lane_actors import FIRST_START_TIMEOUT_S, LaneActors, begin_epoch
from actors.mailbox import ACTOR_SILENT, CONTROL, DATA, ActorPeer, Answer
from actors.reader import Assignment
from actors.run_report import RESNAPSHOTTING, LaneReport, RunReport
from actors.stream import NOT_JOINED
from ingest.checkpoint.contract import CheckpointStore
from ingest.lane.dispatcher import Phase
from ingest.problems import Problem, WorldProblem
from ingest.status import LaneState

POLL_S = 0.2
SILENT_S = 10.0

_UNREAD = WorldProblem(NOT_JOINED, "the run ended before the lane came into it")

_STATE_IN = {
    RESNAPSHOTTING: LaneState.RESNAPSHOTTING,
    **dict.fromkeys((Phase.TAIL.value, Phase.APPLYING_TAIL.value), LaneState.TAIL),
    Phase.LIVE.value: LaneState.RUNNING,
}
"""A lane's state by the phase its reader reports; none before the stream is open."""


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """How a lane left its group: drained, dropped (neither), or with a problem after ``ran_ms``, in which its frontier
    ``moved`` or not."""

    lane: str
    problem: Problem | None
    drained: bool
    ran_ms: float
    moved: bool


class GroupOwner(Protocol):
    """The supervisor, as a group sees it. Called on the group's thread."""

    lease_ms: float
    host: Host

    @property
    def store(self) -> CheckpointStore:
        """The checkpoint store."""

    def lane_actors(self, lane: str) -> LaneActors:
        """The lane's actors, made on first use."""

    def reader(self, group: str) -> ActorPeer:
        """A reader actor for a group, made on first use."""

    def has_claimed(self, lane: str) -> bool:
        """Has this supervisor claimed the lane before?"""

    def lane_began(self, lane: str, state: LaneState, epoch: int) -> None:
        """A lane is on its way into an epoch."""

    def lane_moved(self, lane: str, state: LaneState, epoch: int, problem: Problem | None) -> None:
        """A lane's state changed."""

    def lane_left(self, group: str, end: LaneEnd) -> None:
        """A lane isn't this group's any more."""


class LaneGroup:
    """See the module. ``start`` begins; it ends by itself when no lane is left, or through ``stop``."""

    def __init__(self, name: str, lanes: Sequence[str], owner: GroupOwner, delay_ms: float = 0.0) -> None:
        self.name = name
        self.reader: ActorPeer | None = None
        self._owner = owner
        self._lock = owner.host.lock()
        self._waiting = list(lanes)
        self._newcomers: list[str] = []
        self._unwanted: set[str] = set()
        self._draining: set[str] = set()
        self._joining: set[str] = set()
        self._beginning = 0
        self._arrived: Inbox[tuple[str, Assignment | BaseException]] = owner.host.inbox()
        self._refusals: Inbox[tuple[Assignment, Problem]] = owner.host.inbox()
        self._delay_ms = delay_ms
        self._running: dict[str, Assignment] = {}
        self._left: set[str] = set()
        self._backoff = Backoff()
        self._stopping = owner.host.event()
        self._thread: Running | None = None
        self.report = RunReport()
        self.crashed: BaseException | None = None
        self.is_over = False

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes that are this group's now."""
        return tuple(self._running) or tuple(self._waiting)

    def start(self) -> None:
        """Begin, after the delay it was made with."""
        self._thread = self._owner.host.start(f"group-{self.name}", self._main)

    def stop(self) -> None:
        """End the run where it is; returns when the thread is over or doesn't react."""
        self._stopping.set()
        if self.reader is not None and self._running:
            self.reader.send("stop", done=lambda _answer: None, group="control")
        if self._thread is not None:
            self._thread.join(timeout=10)

    def tell_reader(self, method: str, argument: object) -> None:
        """Ask the reader for something; WorldProblem when it doesn't answer."""
        if self.reader is not None:
            self.reader.ask(method, argument, timeout_s=5)

    def abandon(self, lane: str) -> bool:
        """Let a lane go. True: it waited for its turn, and is gone. False: it runs, or is on its way; it leaves soon."""
        with self._lock:
            for waiting in (self._waiting, self._newcomers):
                if lane in waiting:
                    waiting.remove(lane)
                    self._joining.discard(lane)
                    return True
            self._unwanted.add(lane)
            return False

    def drain(self, lane: str) -> None:
        """Let a lane's reader read no further for it, now or as soon as it runs."""
        self._draining.add(lane)
        if self.reader is not None:
            self.reader.send("drain", (lane,), done=_nothing, group=CONTROL)

    def adopt(self, lane: str) -> bool:
        """Take a lane that has left its own reader into the run. False: this group is over."""
        with self._lock:
            if self.is_over:
                return False
            self._unwanted.discard(lane)
            self._joining.add(lane)
            self._newcomers.append(lane)
            return True

    @property
    def is_joined_by(self) -> frozenset[str]:
        """The lanes that are on their way into the run."""
        return frozenset(self._joining)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._stopping.wait(self._delay_ms / 1000)
            while not self._stopping.is_set() and (lanes := self._next_lanes()):
                self._run_once(lanes)
        except BaseException as error:  # noqa: BLE001 - handed to the supervisor's watchdog, which restarts the process
            self.crashed = error
        self.is_over = True

    def _next_lanes(self) -> list[str]:
        """Those that begin now; none: the group is over."""
        with self._lock:
            lanes = self._waiting + self._newcomers
            self._waiting, self._newcomers = [], []
            self._joining.clear()
            self.is_over = not lanes
            return lanes

    def _run_once(self, lanes: Sequence[str]) -> None:
        began_ms = self._owner.host.monotonic_ms()
        self._left.clear()
        self._running = self._begin(lanes)
        if not self._running:
            return
        outcomes = self._read(began_ms)
        self._await_arrivals()
        ran_ms = self._owner.host.monotonic_ms() - began_ms
        moved = any(self._has_moved(name) for name in self._running)
        stayed = {name: outcomes.get(name, _UNREAD) for name in self._running if name not in self._left}
        self._running = {}
        if self._stopping.is_set():
            return
        with self._lock:
            unwanted = set(self._unwanted)
            failed = [n for n, problem in stayed.items() if isinstance(problem, WorldProblem) and n not in unwanted]
            self._waiting += failed
        for name, problem in stayed.items():
            if name not in failed:
                self._leave(name, None if name in unwanted else problem, ran_ms)
        if failed:
            delay_ms = self._backoff.after_failure(ran_ms, moved=moved)
            for name in failed:
                self._owner.lane_moved(name, LaneState.BACKOFF, 0, stayed[name])
            self._stopping.wait(delay_ms / 1000)

    def _begin(self, lanes: Sequence[str]) -> dict[str, Assignment]:
        """Bring the lanes into new epochs, side by side, while the reader starts; one that can't leaves the group."""
        begun: Inbox[tuple[str, Assignment | BaseException]] = self._owner.host.inbox()
        for lane in lanes:
            self._owner.host.start(f"begin-{lane}", partial(self._begin_lane, lane, begun))
        self._owner.reader(self.name)
        ready: dict[str, Assignment] = {}
        for _ in lanes:
            lane, outcome = begun.get()
            assignment = self._begun(lane, outcome)
            if assignment is not None:
                ready[lane] = assignment
        return {lane: ready[lane] for lane in lanes if lane in ready}

    def _begun(self, lane: str, outcome: Assignment | BaseException) -> Assignment | None:
        """A lane's epoch has begun, if it could and is still wanted; else the lane leaves."""
        if not isinstance(outcome, Assignment | Problem):
            raise outcome
        if lane not in self._unwanted and isinstance(outcome, Assignment):
            return outcome
        self._leave(lane, outcome if isinstance(outcome, Problem) else None, 0.0)
        return None

    def _begin_lane(self, lane: str, begun: Inbox[tuple[str, Assignment | BaseException]]) -> None:
        owner = self._owner
        try:
            assignment = begin_epoch(
                owner.lane_actors(lane),
                owner.store,
                owner.lease_ms,
                owner.host,
                owner.has_claimed(lane),
                partial(owner.lane_began, lane),
            )
        except BaseException as error:  # noqa: BLE001 - raised again by the group's thread
            begun.put((lane, error))
        else:
            begun.put((lane, assignment))

    def _read(self, began_ms: float) -> Mapping[str, Problem | None]:
        """Let the reader run until it ends; lanes that leave the run earlier are handed back at once."""
        done = self._owner.host.event()
        answers: list[Answer] = []

        def settle(answer: Answer) -> None:
            answers.append(answer)
            done.set()

        try:
            self.reader = self._owner.reader(self.name)
            self.reader.ask("start", timeout_s=FIRST_START_TIMEOUT_S, group=DATA)
        except Problem as problem:
            return dict.fromkeys(self._running, problem)
        self.reader.send("run", tuple(self._running.values()), done=settle)
        self._watch(done, began_ms)
        if not answers:
            silent = WorldProblem(ACTOR_SILENT, f"the reader of {self.name} hangs; killed for a restart")
            return dict.fromkeys(self._running, silent)
        if answers[0].problem is not None:
            return dict.fromkeys(self._running, answers[0].problem)
        self._look(began_ms)
        outcomes: Mapping[str, Problem | None] = answers[0].value
        return outcomes

    def _watch(self, done: Event, began_ms: float) -> None:
        """Follow the run's reports; kill a reader that doesn't answer."""
        assert self.reader is not None
        host = self._owner.host
        heard_ms = host.monotonic_ms()
        while not done.wait(POLL_S):
            self._welcome()
            if self._look(began_ms):
                heard_ms = host.monotonic_ms()
            elif host.monotonic_ms() - heard_ms > SILENT_S * 1000:
                self.reader.end(restart=True)
                done.wait(SILENT_S)
                return

    # --- lanes that join ----------------------------------------------------------------------------------------

    def _welcome(self) -> None:
        """Begin an epoch of each lane that was adopted, and hand those that have begun to the reader."""
        with self._lock:
            newcomers, self._newcomers = self._newcomers, []
        for lane in newcomers:
            self._beginning += 1
            self._owner.host.start(f"begin-{lane}", partial(self._begin_lane, lane, self._arrived))
        while True:
            try:
                lane, outcome = self._arrived.get_nowait()
            except Empty:
                return
            self._beginning -= 1
            assignment = self._begun(lane, outcome)
            if assignment is not None:
                self._hand_over(assignment)

    def _hand_over(self, assignment: Assignment) -> None:
        assert self.reader is not None
        lane = assignment.lane
        self._running[lane] = assignment
        self._left.discard(lane)

        def refused(answer: Answer) -> None:
            if answer.problem is not None and self._running.get(lane) is assignment:
                self._refusals.put((assignment, answer.problem))

        self.reader.send("join", assignment, done=refused, group=CONTROL)

    def _await_arrivals(self) -> None:
        """The run is over: who is on the way begins with the others."""
        while self._beginning:
            lane, outcome = self._arrived.get()
            self._beginning -= 1
            if self._begun(lane, outcome) is not None:
                with self._lock:
                    self._newcomers.append(lane)

    def _look(self, began_ms: float) -> bool:
        """Take the reader's newest report, and hand back the lanes that have ended. False when it doesn't answer."""
        assert self.reader is not None
        try:
            self.report = self.reader.ask("report", timeout_s=2)
        except WorldProblem:
            return False
        there = {
            name: lane
            for name, lane in self.report.lanes.items()
            if name not in self._left and name in self._running and self._running[name].epoch == lane.epoch
        }
        run_is_over = all(lane.ended for lane in there.values())
        for name, lane in there.items():
            self._remember(name, lane)
            self._see_lane(name, lane, began_ms, run_is_over=run_is_over)
        self._take_refusals()
        return True

    def _remember(self, name: str, lane: LaneReport) -> None:
        """What was read, for the choice of the next source. Before its tail is read an epoch says nothing of earlier ones."""
        if lane.phase in (Phase.APPLYING_TAIL.value, Phase.LIVE.value):
            actors = self._owner.lane_actors(name)
            actors.memory = actors.memory.plus(lane.seen, lane.epoch if lane.ended else 0)

    def _take_refusals(self) -> None:
        while True:
            try:
                assignment, problem = self._refusals.get_nowait()
            except Empty:
                return
            if self._running.get(assignment.lane) is assignment and assignment.lane not in self._left:
                self._leave(assignment.lane, problem, 0.0)

    def _see_lane(self, name: str, lane: LaneReport, began_ms: float, *, run_is_over: bool) -> None:
        if not lane.ended:
            self._say_again(name)
            if lane.phase in _STATE_IN:
                if not lane.joining:
                    self._joining.discard(name)
                self._owner.lane_moved(name, _STATE_IN[lane.phase], lane.epoch, lane.problem)
            return
        problem = None if name in self._unwanted else lane.problem
        if not (run_is_over and isinstance(problem, WorldProblem)):  # else all of it starts anew, together
            self._leave(name, problem, self._owner.host.monotonic_ms() - began_ms, drained=lane.drained)

    def _say_again(self, lane: str) -> None:
        """What was asked of a lane before it ran reached no run."""
        assert self.reader is not None
        if lane in self._unwanted:
            self.reader.send("drop", lane, done=_nothing, group=CONTROL)
        elif lane in self._draining:
            self.reader.send("drain", (lane,), done=_nothing, group=CONTROL)

    def _has_moved(self, lane: str) -> bool:
        """Is the lane's durable frontier another one than at the start of this run?"""
        report, assignment = self.report.lanes.get(lane), self._running.get(lane)
        if report is None or assignment is None or report.epoch != assignment.epoch or not report.frontier:
            return False
        start = assignment.record.frontier if assignment.record else None
        return start is None or (report.frontier, report.partial_rows) != (start.executed, start.partial_rows)

    def _leave(self, lane: str, problem: Problem | None, ran_ms: float, *, drained: bool = False) -> None:
        self._left.add(lane)
        with self._lock:
            self._joining.discard(lane)
            self._unwanted.discard(lane)
            self._draining.discard(lane)
        self._owner.lane_left(self.name, LaneEnd(lane, problem, drained, ran_ms, self._has_moved(lane)))


def _nothing(_answer: Answer) -> None:
    """Said again soon, if it was lost."""
