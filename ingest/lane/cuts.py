"""Consistent cuts of a lane's stream: the state of every shard as of one ordinal.

    begin(W) --> a barrier departs to each shard, behind everything up to W --> arrived(state) of each --> complete

Chandy and Lamport's snapshot with one source, as Flink's aligned barriers: a shard has one channel, so nothing is held up,
and no state of a channel is kept (it is read again from the frontier).

Invariants: one cut at a time; a barrier departs on or behind the last row up to W, and ahead of every later one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DurableState:
    """What a durable record holds of a lane's state: of each shard its bytes, as of the cut at ``ordinal``."""

    epoch: int
    ordinal: int
    shards: tuple[bytes, ...]


class Cuts:
    """The cuts of one epoch. ``ordinal``: where the last one lies; -1 before the first. ``is_recorded``: its states are in a
    record (or there is none yet)."""

    def __init__(self, shards: int) -> None:
        self.ordinal = -1
        self.is_recorded = True
        self._shards = shards
        self._due: set[int] = set()
        self._states: dict[int, bytes] = {}

    def begin(self, ordinal: int) -> None:
        """Cut at the newest ordinal; no batch that waits may hold rows of both sides."""
        assert self.is_recorded, "one cut at a time"
        self.ordinal, self.is_recorded = ordinal, False
        self._due = set(range(self._shards))
        self._states = {}

    def is_due(self, shard: int, waiting: int | None) -> bool:
        """Has a barrier to go to a shard in which nothing up to the cut waits? ``waiting``: the lowest ordinal there."""
        return shard in self._due and (waiting is None or waiting > self.ordinal)

    def departs(self, shard: int, waiting: int | None) -> int | None:
        """What a parcel that leaves for a shard carries; ``waiting``: the lowest ordinal that stays."""
        if not self.is_due(shard, waiting):
            return None
        self._due.discard(shard)
        return self.ordinal

    def arrived(self, shard: int, state: bytes) -> None:
        """A shard gave its state as of its barrier."""
        self._states[shard] = state

    @property
    def is_complete(self) -> bool:
        """Are the states of all shards there?"""
        return len(self._states) == self._shards

    def recorded(self) -> tuple[bytes, ...]:
        """A record takes the states; another cut may begin."""
        self.is_recorded = True
        return self.states

    @property
    def states(self) -> tuple[bytes, ...]:
        """Of a complete cut, by shard."""
        return tuple(self._states[shard] for shard in range(self._shards))
