"""A versioned sink, simulated, and the watch over it.

``SinkServer.apply`` is what is durable, and where invariants 2 and 3 are checked: what can be seen of a document never
goes back. A request may arrive late, twice, or after its sender died; some items may be refused (429) while others pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.problems import WorldProblem
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.sinks.faults import TIMEOUT, UNREACHABLE
from ingest.version import split_version
from tests.simulation.mysql import Document
from tests.simulation.scheduler import Home, Scheduler

POISON_EVERY = 4


class ViolationError(AssertionError):
    """An invariant was broken."""


@dataclass(frozen=True)
class SinkFaults:
    """How often: a request never arrives, its answer never comes, it arrives once more later; an item is refused."""

    delay_ms: float = 5.0
    lost: float = 0.0
    unanswered: float = 0.0
    again: float = 0.0
    refused: float = 0.0
    slow: float = 0.0
    slow_ms: float = 4_000.0


@dataclass(eq=False)
class SinkServer:
    """One lane's sink. ``one_version``: a request carries one version for all its items, as HBase's Thrift has it.
    ``poison``: some rows are refused whenever they come. ``under_way``: requests that haven't arrived yet. ``is_never_shown``:
    the lane must have dropped the row."""

    lane: str
    scheduler: Scheduler
    history: dict[Document, list[int | None]]
    one_version: bool
    faults: SinkFaults = SinkFaults()
    running: bool = True
    poison: bool = False
    stored: dict[Document, tuple[int, int | None]] = field(default_factory=dict)
    seen: dict[Document, int] = field(default_factory=dict)
    newest_epoch: int = 0
    applied: int = 0
    is_never_shown: Callable[[int], bool] = lambda _: False
    under_way: int = 0

    def apply(self, items: Sequence[RequestItem[bytes]]) -> list[ItemResult]:
        """A request arrives."""
        newest = max(item.version for item in items)
        return [self._apply(item, newest if self.one_version else item.version) for item in items]

    def _apply(self, item: RequestItem[bytes], version: int) -> ItemResult:
        if self.scheduler.random.random() < self.faults.refused:
            return ItemResult(Outcome.RETRY, "busy")
        document = (item.target, item.key)
        value = None if item.delete else int(json.loads(item.payload.splitlines()[1])["v"])
        if self.poison and value is not None and value % POISON_EVERY == 0:
            return ItemResult(Outcome.POISON, "mapper_parsing_exception", f"{value} is no date")
        if version <= self.stored.get(document, (-1, None))[0]:
            return NEWER
        self.stored[document] = (version, value)
        self.applied += 1
        self._watch(document, value)
        return DONE

    def _watch(self, document: Document, value: int | None) -> None:
        """Invariant 2: the place in the document's history only grows."""
        if value is not None and self.is_never_shown(value):
            raise ViolationError(f"{self.lane}: {document} shows {value}, of a transaction that must be dropped")
        states, seen = self.history.get(document, []), self.seen.get(document, -1)
        if value is None and seen == -1:
            return
        first = max(seen, 0)
        place = next((place for place in range(first, len(states)) if states[place] == value), None)
        if place is None:
            shown = states[seen] if seen >= 0 else "nothing"
            raise ViolationError(f"invariant 2: {self.lane}: {document} went back from {shown} to {value}")
        self.seen[document] = place

    def has_reached(self, document: Document, place: int) -> bool:
        """Invariant 1: is a state, or a later one, what is durable here?"""
        if self.seen.get(document, -1) >= place:
            return True
        states = self.history[document]
        if self.stored.get(document, (0, None))[1] is not None:
            return False
        deleted = next((at for at in range(place, len(states)) if states[at] is None), None)
        if deleted is not None:
            self.seen[document] = deleted
        return deleted is not None


class SimDriver:
    """A shard's connection: ``ingest.sinks.contract.SinkDriver``."""

    def __init__(
        self,
        server: SinkServer,
        scheduler: Scheduler,
        home: Home,
        is_letter: Callable[[RequestItem[bytes]], bool],
    ) -> None:
        self._server = server
        self._is_letter = is_letter
        self._scheduler = scheduler
        self._home = home

    def open(self) -> None:
        """Connect."""
        self._check()

    def close(self) -> None:
        """Nothing to let go."""

    def prepare(self, targets: Sequence[str]) -> None:
        """Nothing to create."""
        self._check()

    def send(self, request: Request[bytes]) -> Sequence[ItemResult]:
        """Send, and wait for the answer; what is on its way arrives whatever becomes of this process."""
        self._check()
        server, random, faults = self._server, self._scheduler.random, self._server.faults
        items = list(request.items)
        epoch = max(split_version(item.version)[0] for item in items)
        if epoch < server.newest_epoch and not all(map(self._is_letter, items)):
            raise ViolationError(f"invariant 4: {server.lane}: epoch {epoch} sends while {server.newest_epoch} reads")
        wait = self._scheduler.wait()

        def arrive() -> None:
            server.under_way -= 1
            if server.running:
                results = server.apply(items)
                if random.random() >= faults.unanswered:
                    self._scheduler.later(random.random() * faults.delay_ms, lambda: wait.resume(results), self._home)

        if random.random() >= faults.lost:
            server.under_way += 1
            self._scheduler.later(self._delay_ms(), arrive)
            if random.random() < faults.again:
                server.under_way += 1
                self._scheduler.later(random.random() * faults.slow_ms, arrive)
        results = self._scheduler.block(wait, faults.slow_ms / 2)
        self._check()
        if results is None:
            raise WorldProblem(TIMEOUT, "no answer from the simulated sink")
        return results  # type: ignore[return-value]

    def _delay_ms(self) -> float:
        random, faults = self._scheduler.random, self._server.faults
        return random.random() * (faults.slow_ms if random.random() < faults.slow else faults.delay_ms)

    def _check(self) -> None:
        if not self._server.running:
            raise WorldProblem(UNREACHABLE, "the simulated sink is down")
