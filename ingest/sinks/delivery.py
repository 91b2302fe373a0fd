"""What to do after a sink answered: a pure decision per request.

    results of a request -> what is done, what is poison, what to try again, when, and how large

Retries back off exponentially with a bound in time; while a sink pushes back (429, timeouts) requests become smaller,
and grow again as they pass.

Invariant: an item leaves a request only as DONE, NEWER or POISON; nothing is given up on silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

from ingest.problems import WorldProblem, declare
from ingest.sinks.contract import DONE, ItemResult, Outcome, PayloadT, Request, RequestItem

GAVE_UP = declare(
    "sink.gave_up",
    "The sink kept refusing for longer than the bound; the lane's epoch ends and starts again from its frontier.",
    "Look at the sink named; nothing is lost meanwhile, the lane goes on by itself when the sink does.",
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Milliseconds. ``bound_ms``: how long one request may be tried before its epoch ends."""

    first_ms: float = 50.0
    factor: float = 2.0
    most_ms: float = 5_000.0
    bound_ms: float = 60_000.0

    def delay_ms(self, attempt: int, jitter: float) -> float:
        """How long to wait before attempt 2, 3, ... (``attempt`` failures so far); ``jitter`` in 0..1."""
        full = min(self.most_ms, self.first_ms * self.factor ** min(attempt - 1, 30))
        return full * (0.5 + jitter / 2)


@dataclass(frozen=True, slots=True)
class Poisoned(Generic[PayloadT]):
    """An item that the sink will never take."""

    item: RequestItem[PayloadT]
    result: ItemResult


@dataclass(slots=True)
class Delivery(Generic[PayloadT]):
    """One request on its way until every item is settled. Times are monotonic milliseconds.

    ``answers``: a dict to keep the last answer of every (target, key) in, for a trace; None: don't."""

    request: Request[PayloadT]
    policy: RetryPolicy
    started_ms: float
    attempts: int = 0
    newer: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    poisoned: list[Poisoned[PayloadT]] = field(default_factory=list)
    last_reason: str = ""
    answers: dict[tuple[str, str], ItemResult] | None = None

    @property
    def settled(self) -> bool:
        """Is there nothing left to send?"""
        return not self.request.items

    def answered(self, results: Sequence[ItemResult]) -> None:
        """Every item of the request as sent was answered."""
        if self.answers is None and results.count(DONE) == len(results):
            self.request = self.request.only([])
            return
        again: list[int] = []
        for index, result in enumerate(results):
            if self.answers is not None:
                item = self.request.items[index]
                self.answers[item.target, item.key] = result
            if result.outcome is Outcome.RETRY:
                again.append(index)
                self.retries[result.reason] += 1
                self.last_reason = f"{result.reason}: {result.detail}" if result.detail else result.reason
            elif result.outcome is Outcome.POISON:
                self.poisoned.append(Poisoned(self.request.items[index], result))
            elif result.outcome is Outcome.NEWER:
                self.newer += 1
        progress = len(again) < len(results)
        self.attempts = 0 if progress and again else self.attempts + bool(again)
        self.request = self.request.only(again)

    def failed(self, problem: WorldProblem) -> None:
        """The request as a whole failed; any item may or may not have been applied, which versions make harmless."""
        self.attempts += 1
        self.retries[problem.code.name] += 1
        self.last_reason = f"{problem.code.name}: {problem.what}"

    def wait_ms(self, now_ms: float, jitter: float) -> float:
        """How long to wait before sending what is left. WorldProblem ``sink.gave_up`` past the bound."""
        if now_ms - self.started_ms > self.policy.bound_ms:
            raise WorldProblem(
                GAVE_UP,
                f"{len(self.request.items)} documents refused for {self.policy.bound_ms / 1000:g} s; "
                f"last: {self.last_reason}",
            )
        return self.policy.delay_ms(max(1, self.attempts), jitter)
