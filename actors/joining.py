"""A lane with a reader of its own comes back to the shared stream.

    own reader, nearly caught up --ends--> new epoch --> a strand of its own inside the shared reader
        --> both strands between two transactions, its own at or ahead of the shared one --> one strand

The change over moves the lane's dispatcher from one router to another, within one process, thread and epoch: nothing is
read again, no other lane's epoch ends. The shared strand stands still for ``HOLD_MS`` at most, when the lane is nearly
there; what the lane's own strand has read beyond the shared one is passed over there (``RoutedLane.ahead``).

Invariant: the lane has begun every transaction that either strand has read, once (1, 2).
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.strand import Strand
from ingest.lane.dispatcher import LaneDispatcher

NEAR_TRANSACTIONS = 500
"""How far behind the shared strand a lane may be for the shared one to wait."""

NEAR_ROWS = 10_000
"""Of the transaction that the lane is in, how many row changes may be applied for it to be near: within a large one it isn't,
however few transactions come behind."""

HOLD_MS = 50.0
HOLD_AGAIN_MS = 1_000.0
LATE_MS = 30_000.0
"""A lane that hasn't joined by then goes back to a reader of its own."""


@dataclass(slots=True)
class Joining:
    """A lane on its way into the shared strand. Times are monotonic milliseconds."""

    lane: str
    strand: Strand
    began_ms: float
    held_since_ms: float = float("-inf")

    def holds_up(self, shared: Strand, now_ms: float) -> bool:
        """Shall the shared strand stand still now? Only between two transactions, and not for long."""
        if now_ms - self.held_since_ms < HOLD_MS:
            return not shared.router.is_within
        if now_ms - self.held_since_ms < HOLD_AGAIN_MS or shared.router.is_within:
            return False
        missing = shared.router.read_gtids().subtract(self.strand.router.read_gtids())
        if missing.count() > NEAR_TRANSACTIONS:
            return False
        self.held_since_ms = now_ms
        return True

    def may_change_over(self, shared: Strand, dispatcher: LaneDispatcher) -> bool:
        """Are both between two transactions, the lane at or ahead of the shared strand and through with its tail?"""
        mine = self.strand.router
        if shared.router.is_within or mine.is_within or not dispatcher.is_flowing:
            return False
        return shared.router.read_gtids().issubset(mine.read_gtids())

    def change_over(self, shared: Strand) -> None:
        """Move the lane."""
        ahead = self.strand.router.read_gtids().subtract(shared.router.read_gtids())
        shared.router.add(self.lane, self.strand.router.hand_over(self.lane), ahead)

    def is_late(self, now_ms: float) -> bool:
        """Has it taken too long?"""
        return now_ms - self.began_ms > LATE_MS
