"""A pipeline in the foreground: shown until it is asked to stop, then drained within a bound.

The first SIGINT or SIGTERM asks for a drain; the second one stops at once, which is still exact: the next start goes on
from the durable frontier. While the pipeline runs, handlers only count; everything else happens in the loop.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Protocol

from actors.cli.live import View
from ingest.problems import DataProblem, Problem, WorldProblem, declare
from ingest.status import ClusterStatus, LaneState

ALL_STOPPED = declare(
    "lane.all_stopped",
    "Every lane has stopped and waits for a person.",
    "Mend what the lanes' problems name, then start again; each goes on from its frontier.",
)

LOOK_EVERY_S = 0.5
POLL_S = 0.1
SILENT_S = 120.0

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Pipeline(Protocol):
    """What the loop asks of a running pipeline (actors/control.py)."""

    def status(self) -> Sequence[ClusterStatus]:
        """One status per cluster."""

    def drain(self, lane: str | None, timeout_s: float) -> bool:
        """Stop reading and wait until all that was read is applied; False when time was up."""


class Signals:
    """Takes SIGINT and SIGTERM while it is entered: as KeyboardInterrupt until ``count_from_now``, then counted."""

    def __init__(self) -> None:
        self.count = 0
        self._counting = False
        self._came = threading.Event()
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Signals:
        self._before = {number: signal.getsignal(number) for number in _NUMBERS}
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def take(self) -> None:
        """Take the signals (again, when something else has taken them meanwhile)."""
        for number in _NUMBERS:
            signal.signal(number, self._note)

    def count_from_now(self) -> None:
        """There is something to drain now: signals don't interrupt any more."""
        self._counting = True

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if not self._counting:
            raise KeyboardInterrupt
        self.count += 1
        self._came.set()

    def wait(self, timeout_s: float) -> int:
        """Wait for a signal or the time; how many have come so far."""
        self._came.wait(timeout_s)
        self._came.clear()
        return self.count


@dataclass(slots=True)
class _Drain:
    """A drain on a thread of its own (a daemon: a second signal doesn't wait for it)."""

    pipeline: Pipeline
    timeout_s: float
    drained: bool = False
    problem: Problem | None = None

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="drain", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            self.drained = self.pipeline.drain(None, self.timeout_s)
        except Problem as problem:
            self.problem = problem


@dataclass(slots=True)
class Session:
    """One pipeline, its view, and the signals that end it. ``clock``: seconds that never go back; ``look_every_s``: how
    often the lanes are looked at."""

    pipeline: Pipeline
    view: View
    signals: Signals
    drain_s: float
    clock: Callable[[], float]
    look_every_s: float = LOOK_EVERY_S
    statuses: Sequence[ClusterStatus] = field(default=(), init=False)
    _looked_s: float = field(default=0.0, init=False)
    _answered_s: float = field(default=0.0, init=False)

    def follow(self) -> bool:
        """Show until a signal comes, then drain; was everything that was read applied? DataProblem
        ``lane.all_stopped`` when nothing runs any more; the supervisors' own WorldProblem when they have been silent
        for SILENT_S.
        """
        self.signals.count_from_now()
        self._answered_s = self.clock()
        while not self.signals.wait(self.look_every_s):
            self._look()
            self._check_lanes()
        self.view.phase(f"draining, {self.drain_s:.0f} s at most (again to stop at once)")
        drained = self._drain()
        self._refresh()
        return drained

    def _look(self) -> None:
        problem = self._refresh()
        if problem is not None and self.clock() - self._answered_s > SILENT_S:
            raise problem
        self.view.phase(f"no answer: {problem.what}" if problem else "")

    def _refresh(self) -> WorldProblem | None:
        """Show the newest status; the problem when there is none to be had."""
        self._looked_s = self.clock()
        try:
            self.statuses = self.pipeline.status()
        except WorldProblem as problem:
            return problem
        self._answered_s = self.clock()
        self.view.update(self.statuses)
        return None

    def _check_lanes(self) -> None:
        lanes = [(status.cluster, lane) for status in self.statuses for lane in status.lanes]
        if lanes and all(lane.state is LaneState.STOPPED for _cluster, lane in lanes):
            names = ", ".join(f"{cluster}/{lane.lane}" for cluster, lane in lanes)
            text = "\n\n".join(lane.problem for _cluster, lane in lanes)
            raise DataProblem(ALL_STOPPED, f"no lane runs any more ({names}):\n{text}")

    def _drain(self) -> bool:
        drain = _Drain(self.pipeline, self.drain_s)
        thread = drain.start()
        while thread.is_alive():
            if self.signals.wait(POLL_S) > 1:
                return False
            if self.clock() - self._looked_s >= self.look_every_s:
                self._refresh()  # without an answer: the drain's own counts
        if drain.problem is not None:
            self.view.say(f"not drained: {drain.problem.what}")
        return drain.drained
