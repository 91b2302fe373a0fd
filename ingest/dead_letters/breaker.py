"""When poison is the rule, not the exception: a wrong mapping or rule, which no letter mends. Pure.

Two bounds: the share of poison among the last items that a shard sent, and how many letters a lane may have open. Past
either the lane stops with a problem that says how many, why mostly, and names a key to look at.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.problems import DataProblem, declare

MOSTLY_POISON = declare(
    "dead_letters.mostly_poison",
    "The sink refuses so many documents that the cause isn't in single rows.",
    "Correct the mapping or the rule, then resume the lane; `poison_share` and `poison_items` set the bound.",
)
TOO_MANY = declare(
    "dead_letters.too_many",
    "A lane has more open dead letters than it may have.",
    "Look at `ingest dlq list`, mend the cause, resume the lane and `ingest dlq retry`, or `ingest dlq drop` what isn't "
    "wanted; `dead_letters_max` sets the bound.",
)


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """``share`` (0..1) of the last ``items`` sent may be poison; ``letters_max`` letters of the lane may be open."""

    items: int
    share: float
    letters_max: int


class Breaker:
    """One shard's, for one epoch: a lane that is resumed gets a new one."""

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._requests: deque[tuple[int, int]] = deque()
        self._seen = 0
        self._poison = 0
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self.is_open = False

    @property
    def share(self) -> float:
        """How much of what was sent last is poison, 0..1 (while little was sent: of as many items as are looked at)."""
        return self._poison / max(self._limits.items, self._seen)

    def sent(self, items: int, poisoned: Sequence[tuple[str, str]]) -> None:
        """A request of so many items was answered; ``poisoned``: the (reason, key) of each that is poison."""
        self._requests.append((items, len(poisoned)))
        self._seen += items
        self._poison += len(poisoned)
        while self._seen - self._requests[0][0] >= self._limits.items:
            gone, bad = self._requests.popleft()
            self._seen -= gone
            self._poison -= bad
        for reason, key in poisoned:
            self._reasons[reason] += 1
            self._examples[reason] = key

    def check_share(self, where: Mapping[str, object]) -> None:
        """DataProblem ``dead_letters.mostly_poison`` when too much of what was sent last is poison."""
        if self.share > self._limits.share:
            self.is_open = True
            what = f"{self._poison} of the last {self._seen} documents are poison{self._commonest()}"
            raise DataProblem(MOSTLY_POISON, what, where)

    def check_open(self, letters: int, where: Mapping[str, object]) -> None:
        """DataProblem ``dead_letters.too_many`` when the lane has more open letters than it may."""
        if letters > self._limits.letters_max:
            self.is_open = True
            what = f"{letters} dead letters are open, {self._limits.letters_max} may be{self._commonest()}"
            raise DataProblem(TOO_MANY, what, where)

    def _commonest(self) -> str:
        if not self._reasons:
            return ""
        [(reason, count)] = self._reasons.most_common(1)
        return f"; mostly {reason} ({count} since the lane started), e.g. key {self._examples[reason]}"
