"""The store's contract: what the epoch protocol needs of a durable store, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.checkpoint.record import CheckpointRecord
from ingest.problems import declare

FENCED = declare(
    "checkpoint.fenced",
    "A newer epoch has claimed the lane; this one may not write any more.",
    "Nothing to do if a restart or a second supervisor was intended; else find who runs the lane twice.",
)
STORE_UNAVAILABLE = declare(
    "checkpoint.store_unavailable",
    "The checkpoint store can't be read or written.",
    "Look at the disk (full?) or the database behind `checkpoint.store`; the lane goes on by itself afterwards.",
)


@dataclass(frozen=True, slots=True)
class Member:
    """A process that may write for an epoch: enough to prove that it is gone. ``started``: the kernel's start time of
    the process, so that a recycled pid isn't mistaken for it; ``host``: the machine and pid namespace.
    """

    role: str
    host: str
    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed epoch, what the lane's last record says, and who may still be writing for earlier epochs."""

    epoch: int
    record: CheckpointRecord | None
    earlier_members: Sequence[Member]


class CheckpointStore(Protocol):
    """All methods raise WorldProblem ``checkpoint.store_unavailable`` when the store fails, and DataProblem
    ``checkpoint.fenced`` when the epoch isn't the lane's any more.
    """

    def claim(self, lane: str, claimant: Member, *, own: bool = False) -> Claim:
        """Take the next epoch by compare-and-set. Durable when it returns, and perhaps when it fails. ``own``: only a lane that
        the same one claimed last (DataProblem ``checkpoint.fenced``)."""

    def claimant(self, lane: str) -> Member | None:
        """Who claimed the lane last: a claim may have failed and be durable all the same."""

    def enlist(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """Name processes that may write for the epoch, beside those of earlier epochs (until ``settle``)."""

    def settle(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """Only these processes can still write: forget those of earlier epochs."""

    def commit(self, record: CheckpointRecord) -> None:
        """Write a record for its epoch by compare-and-set. Durable when it returns."""

    def holds(self, lane: str, epoch: int) -> bool:
        """Is this epoch still the lane's?"""

    def latest(self, lane: str) -> CheckpointRecord | None:
        """The lane's last record."""

    def wish(self, lane: str) -> str | None:
        """What a person last said of a lane (``paused``, ``drained``), or None: it shall run."""

    def set_wish(self, lane: str, wish: str | None) -> None:
        """Remember it, over restarts."""
