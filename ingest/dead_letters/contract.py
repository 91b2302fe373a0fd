"""What a shard needs of the dead-letter store, what it writes there, and the lane's policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.dead_letters.breaker import BreakerLimits
from ingest.dead_letters.letter import QUARANTINED, DeadLetter, OpenLetter
from ingest.sinks.contract import ItemResult, Outcome

HELD = ItemResult(Outcome.POISON, QUARANTINED, "an older change of this document waits as a dead letter")
"""What becomes of an item whose document is in quarantine."""


@dataclass(frozen=True, slots=True)
class LetterPolicy:
    """``stops``: poison stops the lane. ``holds``: a document with a letter is in quarantine. ``whole``: by rule number,
    does a write replace the whole document?"""

    stops: bool
    holds: bool
    limits: BreakerLimits
    whole: Sequence[bool]


@dataclass(frozen=True, slots=True)
class RefusedLetter:
    """A retried letter that is poison again."""

    letter: OpenLetter
    result: ItemResult


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What is written in one transaction. ``renewed``: letters whose version and count of superseded ones changed.
    ``closed``: by change."""

    added: Sequence[DeadLetter] = ()
    renewed: Sequence[OpenLetter] = ()
    refused: Sequence[RefusedLetter] = ()
    closed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What became of the documents that were retried. ``settled``: letters that the sink took or had newer;
    ``superseded``: older ones that went with them. ``refused``: those that are poison again."""

    settled: int = 0
    superseded: int = 0
    refused: Sequence[RefusedLetter] = ()

    def plus(self, other: RetryReport) -> RetryReport:
        """Both together."""
        refused = (*self.refused, *other.refused)
        return RetryReport(self.settled + other.settled, self.superseded + other.superseded, refused)


class LetterStore(Protocol):
    """All methods raise WorldProblem ``checkpoint.store_unavailable`` when the store fails."""

    def opened(self, lane: str) -> Sequence[OpenLetter]:
        """Every open letter of a lane."""

    def record(self, lane: str, epoch: int, change: StoreChange) -> int:
        """Write; durable when it returns. Gives how many letters of the lane are open then, of those that count
        (``OpenLetter.weighs``). DataProblem ``checkpoint.fenced`` when the epoch isn't the lane's any more."""

    def letter(self, lane: str, change: str) -> DeadLetter | None:
        """A letter, or None when it isn't there any more."""
