"""A reader and the lanes that share it: a thread of the supervisor that keeps them running.

Lanes start together in one group. A lane that leaves the stream on its own (its sink refused, an actor of its died, it
fell behind) is handed back to the supervisor, which gives it a group of its own: the others don't notice (invariant
7). When the stream itself fails, the whole group starts anew from its frontiers, with backoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from actors.backoff import Backoff
from actors.host import Event, Host, Inbox, Running
from actors.lane_actors import FIRST_START_TIMEOUT_S, LaneActors, begin_epoch
from actors.mailbox import ACTOR_SILENT, DATA, ActorPeer, Answer
from actors.reader import Assignment
from actors.stream import LaneReport, RunReport
from ingest.checkpoint.contract import CheckpointStore
from ingest.lane.dispatcher import Phase
from ingest.problems import Problem, WorldProblem
from ingest.status import LaneState

POLL_S = 0.2
SILENT_S = 10.0

_STATE_IN = {
    Phase.TAIL.value: LaneState.TAIL,
    Phase.APPLYING_TAIL.value: LaneState.TAIL,
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
        self._waiting = list(lanes)
        self._delay_ms = delay_ms
        self._running: dict[str, Assignment] = {}
        self._left: set[str] = set()
        self._backoff = Backoff()
        self._stopping = owner.host.event()
        self._thread: Running | None = None
        self.report = RunReport()
        self.crashed: BaseException | None = None

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
        """Pass ``drain`` or ``drop`` on to the reader."""
        if self.reader is not None:
            self.reader.ask(method, argument, timeout_s=5)

    def abandon(self, lane: str) -> bool:
        """Don't start a lane that waits for its turn. False when it doesn't wait: it runs, or is on its way."""
        if lane not in self._waiting:
            return False
        self._waiting.remove(lane)
        return True

    # --- the thread ---------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._stopping.wait(self._delay_ms / 1000)
            while self._waiting and not self._stopping.is_set():
                self._run_once()
        except BaseException as error:  # noqa: BLE001 - handed to the supervisor's watchdog, which restarts the process
            self.crashed = error

    def _run_once(self) -> None:
        began_ms = self._owner.host.monotonic_ms()
        self._left.clear()
        beginning, self._waiting = self._waiting, []
        self._running = self._begin(beginning)
        if not self._running:
            return
        outcomes = self._read(began_ms)
        ran_ms = self._owner.host.monotonic_ms() - began_ms
        moved = any(self._has_moved(name) for name in self._running)
        stayed = {name: problem for name, problem in outcomes.items() if name not in self._left}
        self._running = {}
        if self._stopping.is_set():
            return
        failed = [name for name, problem in stayed.items() if isinstance(problem, WorldProblem)]
        for name, problem in stayed.items():
            if name not in failed:
                self._leave(name, problem, ran_ms)
        if failed:
            delay_ms = self._backoff.after_failure(ran_ms, moved=moved)
            for name in failed:
                self._owner.lane_moved(name, LaneState.BACKOFF, 0, stayed[name])
            self._waiting = failed
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
            if isinstance(outcome, Assignment):
                ready[lane] = outcome
            elif isinstance(outcome, Problem):
                self._leave(lane, outcome, 0.0)
            else:
                raise outcome
        return {lane: ready[lane] for lane in lanes if lane in ready}

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
            if self._look(began_ms):
                heard_ms = host.monotonic_ms()
            elif host.monotonic_ms() - heard_ms > SILENT_S * 1000:
                self.reader.end(restart=True)
                done.wait(SILENT_S)
                return

    def _look(self, began_ms: float) -> bool:
        """Take the reader's newest report, and hand back the lanes that have ended. False when it doesn't answer."""
        assert self.reader is not None
        try:
            self.report = self.reader.ask("report", timeout_s=2)
        except WorldProblem:
            return False
        for name, lane in self.report.lanes.items():
            if name in self._running and name not in self._left:
                self._remember(name, lane)
                self._see_lane(name, lane, began_ms)
        return True

    def _remember(self, name: str, lane: LaneReport) -> None:
        """What was read, for the choice of the next source. Before its tail is read an epoch says nothing of earlier ones."""
        if lane.phase in (Phase.APPLYING_TAIL.value, Phase.LIVE.value):
            actors = self._owner.lane_actors(name)
            actors.memory = actors.memory.plus(lane.seen, lane.epoch if lane.ended else 0)

    def _see_lane(self, name: str, lane: LaneReport, began_ms: float) -> None:
        if not lane.ended:
            if lane.phase in _STATE_IN:
                self._owner.lane_moved(name, _STATE_IN[lane.phase], lane.epoch, None)
            return
        alone = len(self._running) - len(self._left) == 1
        if not (alone and isinstance(lane.problem, WorldProblem)):  # else the run ends, and all of it starts anew
            self._leave(name, lane.problem, self._owner.host.monotonic_ms() - began_ms, drained=lane.drained)

    def _has_moved(self, lane: str) -> bool:
        """Is the lane's durable frontier another one than at the start of this run?"""
        report, assignment = self.report.lanes.get(lane), self._running.get(lane)
        if report is None or assignment is None or report.epoch != assignment.epoch or not report.frontier:
            return False
        start = assignment.record.frontier if assignment.record else None
        return start is None or (report.frontier, report.partial_rows) != (start.executed, start.partial_rows)

    def _leave(self, lane: str, problem: Problem | None, ran_ms: float, *, drained: bool = False) -> None:
        self._left.add(lane)
        self._owner.lane_left(self.name, LaneEnd(lane, problem, drained, ran_ms, self._has_moved(lane)))
