"""Watching a replay: until the durable frontier holds what was asked for, or the lane stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.clock import Clock
from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.status import ClusterStatus, LaneState, LaneStatus

STOPPED = declare(
    "replay.stopped",
    "The lane stopped while archived files were read.",
    "Mend what its problem names, then give the same command again: it goes on from the durable frontier.",
)

LOOK_MS = 250.0
SILENT_MS = 120_000.0


class Watched(Protocol):
    """A running pipeline (actors/control.py)."""

    def status(self) -> Sequence[ClusterStatus]:
        """One status per cluster."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Where a lane is after a replay. ``applied``: row changes, by its present processes."""

    epoch: int
    frontier: str
    applied: int


def follow(pipeline: Watched, goal: GtidSet, show: Callable[[Sequence[ClusterStatus]], None], clock: Clock) -> Finished:
    """Return when the only lane's durable frontier holds ``goal``. DataProblem ``replay.stopped`` when it can't;
    WorldProblem when the supervisor is silent for long (it may be restarting meanwhile)."""
    heard_ms = clock.monotonic_ms()
    while True:
        try:
            statuses = pipeline.status()
        except WorldProblem:
            if clock.monotonic_ms() - heard_ms > SILENT_MS:
                raise
        else:
            heard_ms = clock.monotonic_ms()
            show(statuses)
            lane = _lane(statuses)
            if lane.state is LaneState.STOPPED:
                raise DataProblem(STOPPED, f"lane {lane.lane} stopped:\n{lane.problem}", {"lane": lane.lane})
            if goal.issubset(GtidSet.parse(lane.frontier)):
                return Finished(lane.epoch, lane.frontier, lane.applied)
        clock.sleep_ms(LOOK_MS)


def _lane(statuses: Sequence[ClusterStatus]) -> LaneStatus:
    ((lane,),) = (status.lanes for status in statuses)
    return lane
