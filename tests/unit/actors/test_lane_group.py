"""A lane's state is what its reader reports: nobody is told that a lane runs before its stream is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.drivers.store import SqlCheckpointStore
from actors.host import Host, SystemHost
from actors.lane_actors import LaneActors
from actors.lane_group import LaneEnd, LaneGroup
from actors.mailbox import ACTOR_LOST, DATA, ActorPeer, Answer
from actors.members import this_process
from actors.stream import LaneReport, RunReport
from ingest.checkpoint.contract import CheckpointStore
from ingest.problems import Problem, WorldProblem
from ingest.status import LaneState

WAIT_S = 10.0


class Process:
    """An actor in this process. ``run`` ends when it is told to; ``phase`` is what its report says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phase = "starting"
        self.ends = threading.Event()
        self.reported = threading.Semaphore(0)

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = "control") -> Any:
        """See ``Peer``."""
        if method == "report":
            self.reported.release()
            return RunReport(lanes={"lane": LaneReport("lane", 1, self.phase)})
        return None

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """See ``Peer``."""
        if method == "stop":
            self.ends.set()
        if method == "run":
            threading.Thread(target=lambda: (self.ends.wait(), done(Answer({"lane": None}))), daemon=True).start()
        else:
            done(Answer(this_process(self.name)))

    def end(self, *, restart: bool) -> None:
        """See ``ActorPeer``."""
        self.ends.set()

    def await_looks(self, count: int) -> None:
        """Return when the group has looked at this many further reports."""
        for _ in range(count):
            assert self.reported.acquire(timeout=WAIT_S)


class LostStream(Process):
    """A reader whose stream ends as soon as it is open, under two lanes."""

    LANES = ("one", "other")
    LOST = WorldProblem(ACTOR_LOST, "the server closed the connection")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.runs = threading.Semaphore(0)

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = "control") -> Any:
        """See ``Peer``."""
        ended = {lane: LaneReport(lane, 1, "live", ended=True, problem=self.LOST, with_run=True) for lane in self.LANES}
        return RunReport(lanes=ended) if method == "report" else None

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """See ``Peer``."""
        if method == "run":
            assert {one.lane for one in arguments[0]} == set(self.LANES)
            self.runs.release()
        done(Answer(dict.fromkeys(self.LANES, self.LOST)))


class Owner:
    """A supervisor that writes down what it is told."""

    def __init__(self, store: CheckpointStore) -> None:
        self.lease_ms = 1_000.0
        self.host: Host = SystemHost()
        self.store = store
        self.process = Process("reader")
        self.states: list[LaneState] = []
        self.left: list[str] = []

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
        self.left.append(end.lane)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    owner = Owner(SqlCheckpointStore(f"sqlite:///{tmp_path}/store.db"))
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


def test_lanes_whose_stream_ends_start_anew_together(owner: Owner) -> None:
    """A connection that is lost is no lane's own trouble: none goes to a reader of its own, and all run again in one."""
    owner.process = reader = LostStream("reader")
    owner.store.latest("one")  # opened here, as the supervisor does before its groups start
    group = LaneGroup("shared", LostStream.LANES, owner)
    group.start()
    for _ in range(2):
        assert reader.runs.acquire(timeout=6 * WAIT_S), group.crashed
    group.stop()
    assert owner.left == []


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
