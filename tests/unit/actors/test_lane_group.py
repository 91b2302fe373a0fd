"""A lane's state is what its reader reports: nobody is told that a lane runs before its stream is open."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from actors.drivers.store import SqlCheckpointStore
from actors.host import Host, SystemHost
from actors.lane_actors import LaneActors
from actors.lane_group import LaneEnd, LaneGroup
from actors.mailbox import ACTOR_LOST, DATA, ActorPeer, Answer
from actors.members import this_process
from actors.reader import Assignment
from actors.run_report import LaneReport, RunReport
from ingest.checkpoint.contract import CheckpointStore
from ingest.problems import Problem, WorldProblem
from ingest.status import LaneState

WAIT_S = 10.0


class Process:
    """An actor in this process. ``run`` ends when it is told to; ``phase`` is what its report says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phase = "starting"
        self.broken: Mapping[str, Problem | None] = {}
        self.ends = threading.Event()
        self.reported = threading.Semaphore(0)
        self.joined: queue.SimpleQueue[Assignment] = queue.SimpleQueue()

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = "control") -> Any:
        """See ``Peer``."""
        if method == "report":
            self.reported.release()
            if self.broken:
                return RunReport(
                    lanes={name: LaneReport(name, 1, ended=True, problem=p) for name, p in self.broken.items()}
                )
            return RunReport(lanes={"lane": LaneReport("lane", 1, self.phase)})
        return None

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """See ``Peer``."""
        if method == "stop":
            self.ends.set()
        if method == "join":
            self.joined.put(arguments[0])
        if method == "run":
            outcomes = self.broken or {"lane": None}
            threading.Thread(target=lambda: (self.ends.wait(), done(Answer(outcomes))), daemon=True).start()
        else:
            done(Answer(this_process(self.name)))

    def end(self, *, restart: bool) -> None:
        """See ``ActorPeer``."""
        self.ends.set()

    def await_looks(self, count: int) -> None:
        """Return when the group has looked at this many further reports."""
        for _ in range(count):
            assert self.reported.acquire(timeout=WAIT_S)


class Owner:
    """A supervisor that writes down what it is told."""

    def __init__(self, store: CheckpointStore) -> None:
        self.lease_ms = 1_000.0
        self.host: Host = SystemHost()
        self.store = store
        self.process = Process("reader")
        self.states: list[LaneState] = []
        self.left: queue.SimpleQueue[tuple[str, Problem | None]] = queue.SimpleQueue()

    def lane_actors(self, lane: str) -> LaneActors:
        """See ``GroupOwner``."""
        return LaneActors(lane, Process("checkpointer"), (Process("sink"),))

    def reader(self, group: str) -> ActorPeer:
        """See ``GroupOwner``."""
        return self.process

    def has_claimed(self, lane: str) -> bool:
        """See ``GroupOwner``."""
        return False

    def lane_began(self, lane: str, state: LaneState, epoch: int) -> None:
        """See ``GroupOwner``."""
        self.states.append(state)

    def lane_moved(self, lane: str, state: LaneState, epoch: int, problem: Problem | None) -> None:
        """See ``GroupOwner``."""
        self.states.append(state)

    def lane_left(self, group: str, end: LaneEnd) -> None:
        """See ``GroupOwner``."""
        self.left.put((end.lane, end.problem))


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    owner = Owner(SqlCheckpointStore(f"sqlite:///{tmp_path}/store.db"))
    owner.store.latest("lane")  # opened here, as the supervisor does before its groups start
    yield owner
    owner.process.ends.set()


def test_a_lane_whose_stream_is_not_open_is_under_way(owner: Owner) -> None:
    """A reader that still connects (or is about to be refused) has said nothing: the lane neither runs nor has a
    tail to apply. It does once the reader says so."""
    group = LaneGroup("shared", ["lane"], owner)
    group.start()
    owner.process.await_looks(3)
    assert owner.states == [LaneState.STARTING, LaneState.FENCING]
    owner.process.phase = "applying_tail"
    owner.process.await_looks(3)
    assert owner.states[-1] is LaneState.TAIL
    owner.process.phase = "live"
    owner.process.await_looks(3)
    assert owner.states[-1] is LaneState.RUNNING
    group.stop()


def test_only_a_lane_that_waits_is_abandoned(owner: Owner) -> None:
    """One that runs or is on its way must be taken out of the reader: whoever asks is told."""
    waiting = LaneGroup("own", ["lane"], owner, delay_ms=WAIT_S * 1000)
    waiting.start()
    assert waiting.abandon("lane")
    assert not waiting.abandon("lane")
    waiting.stop()
    assert owner.states == []
    running = LaneGroup("shared", ["lane"], owner)
    running.start()
    owner.process.await_looks(1)
    assert not running.abandon("lane")
    running.stop()


def test_a_lane_that_is_abandoned_while_it_starts_leaves(owner: Owner) -> None:
    """A pause that comes while a lane starts isn't lost: the lane leaves as soon as it can be taken out."""
    starting = threading.Event()
    owner.lane_actors = lambda lane: (starting.wait(WAIT_S), LaneActors(lane, Process("c"), (Process("s"),)))[1]  # type: ignore[method-assign]
    group = LaneGroup("own", ["lane"], owner)
    group.start()
    assert not group.abandon("lane")
    starting.set()
    assert owner.left.get(timeout=WAIT_S) == ("lane", None)
    while not group.is_over:
        group.stop()


def test_a_group_adopts_a_lane_while_it_runs_and_none_when_it_is_over(owner: Owner) -> None:
    """A lane that has caught up begins an epoch in the group's run: its reader is asked to take it in."""
    group = LaneGroup("shared", ["lane"], owner)
    group.start()
    owner.process.await_looks(1)
    assert group.adopt("other")
    assert group.is_joined_by == {"other"}
    assert owner.process.joined.get(timeout=WAIT_S).lane == "other"
    group.stop()
    assert group.is_over and not group.adopt("other")


def test_lanes_whose_stream_breaks_start_anew_together(owner: Owner) -> None:
    """The server is restarted: that is no lane's own trouble, and none gets a reader of its own for it."""
    owner.process.broken = dict.fromkeys(("lane", "other"), WorldProblem(ACTOR_LOST, "the connection is gone"))
    group = LaneGroup("shared", ["lane", "other"], owner)
    group.start()
    owner.process.await_looks(2)
    owner.process.ends.set()
    owner.process.await_looks(2)
    while owner.states.count(LaneState.BACKOFF) < 2:
        owner.process.await_looks(1)
    assert owner.left.empty()
    group.stop()
