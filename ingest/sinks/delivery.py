"""What to do after a sink answered: a pure decision per request.

    results of a request -> what is done, what is poison, what to try again, when, and how large

Retries back off exponentially with a bound in time without progress; while a sink pushes back (429, timeouts) requests
become smaller, and grow again as they pass (``RequestSize``, one per shard: the next request begins as small).

Invariant: an item leaves a request only as DONE, NEWER or POISON; nothing is given up on silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

from ingest.problems import WorldProblem, declare
from ingest.sinks.contract import DONE, ItemResult, Outcome, PayloadT, Request, RequestItem
from ingest.sinks.faults import BUSY, TIMEOUT

GAVE_UP = declare(
    "sink.gave_up",
    "The sink kept refusing for longer than the bound; the lane's epoch ends and starts again from its frontier.",
    "Look at the sink named; nothing is lost meanwhile, the lane goes on by itself when the sink does.",
)


SMALLER_AFTER = frozenset({BUSY, TIMEOUT})
"""Failures of a whole request that a smaller one may escape."""

UNLIMITED_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Milliseconds. ``most_ms``: what a lane may lose at most once a sink that was down is back. ``bound_ms``: how long one
    request may be tried without progress before its epoch ends."""

    first_ms: float = 50.0
    factor: float = 2.0
    most_ms: float = 2_000.0
    bound_ms: float = 60_000.0

    def delay_ms(self, attempt: int, jitter: float) -> float:
        """How long to wait before attempt 2, 3, ... (``attempt`` failures so far); ``jitter`` in 0..1."""
        full = min(self.most_ms, self.first_ms * self.factor ** min(attempt - 1, 30))
        return full * (0.5 + jitter / 2)


@dataclass(slots=True)
class RequestSize:
    """How many items go to the sink at once. ``limit`` None: all that there are."""

    limit: int | None = None

    def pushed_back(self, sent: int) -> None:
        """The sink refused half of them or more for now, or didn't answer in time: half as many."""
        self.limit = max(1, sent // 2)

    def passed(self, sent: int) -> None:
        """It took them all: twice as many, in the end without a limit."""
        if self.limit is not None and sent >= self.limit:
            self.limit = 2 * self.limit if 2 * self.limit < UNLIMITED_ITEMS else None


@dataclass(frozen=True, slots=True)
class Poisoned(Generic[PayloadT]):
    """An item that the sink will never take."""

    item: RequestItem[PayloadT]
    result: ItemResult


@dataclass(slots=True)
class Delivery(Generic[PayloadT]):
    """One request on its way until every item is settled: ``left`` of it, ``request`` being what to send now. Times are
    monotonic milliseconds.

    ``answers``: a dict to keep the last answer of every (target, key) in, for a trace; None: don't."""

    left: Request[PayloadT]
    policy: RetryPolicy
    started_ms: float
    size: RequestSize = field(default_factory=RequestSize)
    attempts: int = 0
    newer: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    poisoned: list[Poisoned[PayloadT]] = field(default_factory=list)
    last_reason: str = ""
    answers: dict[tuple[str, str], ItemResult] | None = None
    _moved: bool = False
    _refused: bool = False

    @property
    def settled(self) -> bool:
        """Is there nothing left to send?"""
        return not self.left.items

    @property
    def request(self) -> Request[PayloadT]:
        """What to send: the first of what is left, as many as the sink takes at present."""
        limit = self.size.limit
        return self.left if limit is None or limit >= len(self.left.items) else self.left.only(range(limit))

    def answered(self, results: Sequence[ItemResult]) -> None:
        """Every item of the request as sent was answered."""
        sent = len(results)
        if self.answers is None and results.count(DONE) == sent:
            self._go_on([], sent)
            return
        again: list[int] = []
        for index, result in enumerate(results):
            if self.answers is not None:
                item = self.left.items[index]
                self.answers[item.target, item.key] = result
            if result.outcome is Outcome.RETRY:
                again.append(index)
                self.retries[result.reason] += 1
                self.last_reason = f"{result.reason}: {result.detail}" if result.detail else result.reason
            elif result.outcome is Outcome.POISON:
                self.poisoned.append(Poisoned(self.left.items[index], result))
            elif result.outcome is Outcome.NEWER:
                self.newer += 1
        self._go_on(again, sent)

    def _go_on(self, again: Sequence[int], sent: int) -> None:
        if 2 * len(again) >= sent:
            self.size.pushed_back(sent)
        elif not again:
            self.size.passed(sent)
        self._moved, self._refused = len(again) < sent, bool(again)
        self.attempts = self.attempts + 1 if again and not self._moved else 0
        self.left = self.left.only([*again, *range(sent, len(self.left.items))])

    def failed(self, problem: WorldProblem) -> None:
        """The request as a whole failed; any item may or may not have been applied, which versions make harmless."""
        if problem.code in SMALLER_AFTER:
            self.size.pushed_back(len(self.request.items))
        self._moved, self._refused = False, True
        self.attempts += 1
        self.retries[problem.code.name] += 1
        self.last_reason = f"{problem.code.name}: {problem.what}"

    def wait_ms(self, now_ms: float, jitter: float) -> float:
        """How long to wait before sending what is left; not at all when the sink took all that was sent. WorldProblem
        ``sink.gave_up`` past the bound."""
        if self._moved:
            self.started_ms = now_ms
            if not self._refused:
                return 0.0
        if now_ms - self.started_ms > self.policy.bound_ms:
            raise WorldProblem(
                GAVE_UP,
                f"{len(self.left.items)} documents refused for {self.policy.bound_ms / 1000:g} s; "
                f"last: {self.last_reason}",
            )
        return self.policy.delay_ms(max(1, self.attempts), jitter)
