"""A reader's run around its stream: lanes that the source can't serve, and a source that isn't the one to read from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from actors import reader
from actors.host import Event, SystemHost
from actors.reader import Assignment, BinlogReader, Opening
from actors.run_report import LaneReport, RunReport
from ingest.failover.choice import MOVED, RESNAPSHOTS, WAITS
from ingest.lane.resume import PURGED
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.status import HostStatus

PURGED_LANE = DataProblem(PURGED, "purged and not applied: ...")


class Run:
    """A stream of lane ``a`` that runs until somebody fails it."""

    def __init__(self) -> None:
        self.failed = threading.Event()
        self.problem: Problem | None = None
        self.shown: Mapping[str, LaneReport] = {}

    def loop(self, _stopping: Event, publish: Callable[[RunReport], None]) -> Mapping[str, Problem | None]:
        publish(RunReport(lanes={"a": LaneReport("a", 1, "live")}, bytes_read=7))
        assert self.failed.wait(10)
        return {"a": self.problem}

    def fail(self, problem: Problem) -> None:
        self.problem = problem
        self.failed.set()

    def close(self) -> None:
        pass


class Source:
    """Opens ``run``; says to go elsewhere when it is looked at for the third time."""

    def __init__(self, run: Run | None, refused: Mapping[str, Problem]) -> None:
        self.opening = Opening(run, refused)  # type: ignore[arg-type]
        self.looks: list[tuple[list[str], int]] = []

    def open(self, _assignments: Sequence[Assignment]) -> Opening:
        return self.opening

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        self.looks.append((list(lanes), bytes_read))
        return WorldProblem(MOVED, "to another") if len(self.looks) == 3 else None

    def executed(self) -> str | None:
        return None

    def hosts(self) -> Sequence[HostStatus]:
        return ()


def assignments(*lanes: str) -> list[Assignment]:
    unused: Any = None
    return [Assignment(lane, 1, None, (), unused) for lane in lanes]


def test_a_lane_that_is_refused_ends_alone_and_a_better_source_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 7: the other lane streams, and is looked after alone; its run ends when another host is better."""
    monkeypatch.setattr(reader, "WATCH_S", 0.01)
    source = Source(Run(), {"b": PURGED_LANE})
    actor = BinlogReader("c", "shared", source, lambda _lane: source, SystemHost())
    outcomes = actor.run(assignments("a", "b"))
    assert {lane: problem.code.name for lane, problem in outcomes.items() if problem} == {
        "a": "source.moved", "b": "source.purged",
    }  # fmt: skip
    assert source.looks[-1] == (["a"], 7)
    shown = actor.report().lanes
    assert (shown["b"].ended, shown["b"].problem, shown["a"].ended) == (True, PURGED_LANE, False)


class Fill:
    """Reads a lane's tables: row by row until ``rows`` are read, then its stream is there."""

    lane, endpoint, problem = "a", "db:3306", WorldProblem(RESNAPSHOTS, "purged and not applied: ...")

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.run_of = Run()
        self.read = threading.Event()

    def run(self, tell: Callable[[int], None]) -> Run:
        for row in range(self.rows):
            tell(row)
            self.read.set()
            if row:
                time.sleep(0.001)
        return self.run_of


def filling(fill: Fill) -> tuple[BinlogReader, Source]:
    source = Source(None, {"b": PURGED_LANE})
    source.opening = Opening(None, {"b": PURGED_LANE}, fill)  # type: ignore[arg-type]
    return BinlogReader("c", "shared", source, lambda _lane: source, SystemHost()), source


@pytest.mark.parametrize("leave", ["stop", "drop", "drain"])
def test_a_lane_leaves_while_its_tables_are_read(leave: str) -> None:
    """Invariant 7: its rows so far are shown, and why; the lanes that it doesn't serve are gone by then; stopped, dropped or
    drained, it ends without a problem."""
    fill = Fill(1_000_000)
    actor, _ = filling(fill)
    outcomes: list[Mapping[str, Problem | None]] = []
    thread = threading.Thread(target=lambda: outcomes.append(actor.run(assignments("a", "b"))))
    thread.start()
    assert fill.read.wait(10)
    shown = actor.report().lanes
    assert (shown["a"].phase, shown["a"].problem, shown["b"].ended) == ("resnapshotting", fill.problem, True)
    {"stop": actor.stop, "drop": lambda: actor.drop("a"), "drain": lambda: actor.drain(["a"])}[leave]()
    thread.join(10)
    assert outcomes == [{"a": None, "b": PURGED_LANE}]
    shown = actor.report().lanes
    assert (shown["a"].ended, shown["a"].drained) == (True, leave == "drain")


def test_a_lane_streams_once_its_tables_are_read() -> None:
    """The run that begins with them is looped."""
    fill = Fill(3)
    fill.run_of.fail(WorldProblem(MOVED, "to another"))
    actor, _ = filling(fill)
    outcomes = actor.run(assignments("a", "b"))
    assert {lane: problem.code.name for lane, problem in outcomes.items() if problem} == {
        "a": "source.moved", "b": "source.purged",
    }  # fmt: skip


def test_a_gap_isnt_filled_beside_a_stream() -> None:
    """Invariant 7: a lane that would join, and turns out to have a gap, is sent back: it gets a reader of its own."""
    actor, _ = filling(Fill(1))
    actor._shared.run = Run()  # type: ignore[assignment]
    source = actor._joining("a")
    source.opening = Opening(None, {}, Fill(1))  # type: ignore[attr-defined, arg-type]
    with pytest.raises(WorldProblem) as raised:
        actor.join(assignments("a")[0])
    assert raised.value.code is RESNAPSHOTS


def test_no_lane_can_be_served() -> None:
    """Each has its own answer."""
    refused: dict[str, Problem] = {"a": WorldProblem(WAITS, "for a host"), "b": PURGED_LANE}
    source = Source(None, refused)
    actor = BinlogReader("c", "shared", source, lambda _lane: source, SystemHost())
    assert actor.run(assignments("a", "b")) == refused
