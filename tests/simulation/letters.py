"""The dead-letter store, simulated, and the person who looks after it.

Letters are durable in the same server as the records and fail with it. What waits here counts as kept (invariant 1); a
retry may send under an older version than the epoch's, which only a letter may.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actors.mailbox import CONTROL, Answer
from ingest.dead_letters.contract import StoreChange
from ingest.dead_letters.letter import DeadLetter, OpenLetter, Place
from ingest.sinks.contract import RequestItem
from tests.kit.letter_world import MemoryLetters
from tests.simulation.actors import Actors, SimPeer
from tests.simulation.mysql import Document
from tests.simulation.store import SimStore, StoreServer

_WITHOUT_VALUE = 1 << 1
"""The last column is NULL."""


@dataclass(eq=False)
class LaneLetters:
    """What is durable of one lane's letters. ``ever``: the versions that a letter had, by document."""

    memory: MemoryLetters = field(default_factory=MemoryLetters)
    ever: set[tuple[str, str, int]] = field(default_factory=set)

    def record(self, lane: str, epoch: int, change: StoreChange) -> int:
        """Write, for an epoch that was looked at."""
        self.memory.epoch = epoch
        weighs = self.memory.record(lane, epoch, change)
        self.ever.update((one.target, one.key, one.version) for one in self.memory.letters.values())
        return weighs

    def is_letter(self, item: RequestItem[bytes]) -> bool:
        """Is it a letter that is sent again?"""
        return (item.target, item.key, item.version) in self.ever

    @property
    def places(self) -> tuple[Place, ...]:
        """The documents that have one."""
        return tuple(dict.fromkeys((one.target, one.key) for one in self.memory.letters.values()))

    def holds(self, document: Document, place: int, states: Sequence[int | None]) -> bool:
        """Is that state of the document, or a later one, kept here? ``states``: its history."""
        letters = (one for one in self.memory.letters.values() if (one.target, one.key) == document)
        return any(place <= _place(one, states) for one in letters)


def _place(letter: DeadLetter, states: Sequence[int | None]) -> int:
    """Where in its document's history a letter leads to: by the image's last column, which no two rows share (but one that
    is shown again after a loss)."""
    row = letter.row
    if row.before and row.before[0] & _WITHOUT_VALUE:  # a deletion of a document that no row asked for
        return max(place for place, value in enumerate(states) if value is None)
    (value,) = struct.unpack("<i", (row.after or row.before)[-4:])
    newest = max(place for place, state in enumerate(states) if state == value)
    return newest + (0 if row.after else 1)


class SimLetters(SimStore):
    """A process's connection; ``ingest.dead_letters.contract.LetterStore``."""

    def __init__(self, server: StoreServer, letters: LaneLetters) -> None:
        super().__init__(server)
        self._letters = letters

    def opened(self, lane: str) -> Sequence[OpenLetter]:
        """See ``LetterStore``."""
        return self._call(lambda: self._letters.memory.opened(lane))

    def record(self, lane: str, epoch: int, change: StoreChange) -> int:
        """See ``LetterStore``."""

        def write() -> int:
            self._held(lane, epoch)
            return self._letters.record(lane, epoch, change)

        return self._call(write)

    def letter(self, lane: str, change: str) -> DeadLetter | None:
        """See ``LetterStore``."""
        return self._call(lambda: self._letters.memory.letter(lane, change))


class Person:
    """Somebody with ``ingest dlq`` at hand. ``settled``: how often a retry was answered."""

    def __init__(self, actors: Actors, supervisor: Callable[[], SimPeer]) -> None:
        self._actors = actors
        self._supervisor = supervisor
        self.settled = 0

    def retry(self, lane: str, places: Sequence[Place]) -> None:
        """``ingest dlq retry``: asked, and not waited for."""
        self._ask("retry_letters", lane, places)

    def wake(self, lane: str) -> None:
        """``ingest pause``, then ``ingest resume``: an idle lane's shards serve a new epoch."""
        self._ask("pause", lane, then=lambda: self._ask("resume", lane))

    def _ask(self, method: str, *arguments: object, then: Callable[[], None] | None = None) -> None:
        home, _ = self._actors.process("person")

        def answered(answer: Answer) -> None:
            self.settled += answer.problem is None
            if then is not None:
                then()

        supervisor = self._supervisor()
        self._actors.scheduler.spawn(home, lambda: supervisor.send(method, *arguments, done=answered, group=CONTROL))
