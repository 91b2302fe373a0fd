"""What a supervisor knows of a lane, and how long one that left the shared reader stays away.

Plain values; the supervisor's lock guards them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from actors.backoff import Backoff
from actors.lane_actors import LaneActors
from ingest.problems import Problem
from ingest.status import LaneState

SETTLED = frozenset({LaneState.PAUSED, LaneState.DRAINING, LaneState.DRAINED, LaneState.STOPPED})
"""States that only a command, or the lane's own end, changes."""

STAYS_MS = (2_000.0, 30_000.0, 120_000.0, 600_000.0)
"""How long a lane stays on a reader of its own, by how often it has left the shared one lately: each joining costs it an
epoch, and a lane that falls behind holds the others up for a moment."""

FORGOTTEN_MS = 1_800_000.0
"""A lane that left the shared reader longer ago than this starts with the first stay again."""


@dataclass(slots=True)
class Stay:
    """A lane's times away from the shared reader. Monotonic milliseconds."""

    count: int = 0
    since_ms: float = float("-inf")

    def begin(self, now_ms: float) -> None:
        """The lane has left the shared reader."""
        self.count = 1 if now_ms - self.since_ms > FORGOTTEN_MS else self.count + 1
        self.since_ms = now_ms

    def is_over(self, now_ms: float, stays_ms: Sequence[float]) -> bool:
        """May it come back?"""
        return now_ms - self.since_ms >= stays_ms[min(max(self.count, 1), len(stays_ms)) - 1]


@dataclass(slots=True)
class KnownLane:
    """``group``: the name of the group that it is in, "" for none. ``is_joining``: it is leaving its own reader for the
    shared one. ``silent_epoch``: one in which a shard was seen that doesn't serve it."""

    state: LaneState = LaneState.STARTING
    epoch: int = 0
    restarts: int = 0
    problem: Problem | None = None
    frontier: str = ""
    group: str = ""
    backoff: Backoff = field(default_factory=Backoff)
    stay: Stay = field(default_factory=Stay)
    actors: LaneActors | None = None
    rewinding: bool = False
    is_joining: bool = False
    silent_epoch: int = 0

    def begin_anew(self) -> None:
        """As if nothing had happened to it."""
        self.state, self.problem, self.backoff = LaneState.STARTING, None, Backoff()

    def is_told_to_rest(self, state: LaneState) -> bool:
        """Is this state of its group's overruled by what a person or its data said?"""
        if self.state is LaneState.DRAINING:
            return state in {LaneState.RESNAPSHOTTING, LaneState.TAIL, LaneState.RUNNING}
        return self.state in SETTLED
