"""The tail: what an earlier epoch may have applied beyond the frontier, kept as the last change of each key.

A tail row says what a document must be at the tail's end, not how it changed: the slice is marked ``tail``, so that a
row which doesn't pass the filter deletes, whether or not its before image passed.

Invariant: after the tail each identity stands once, with its newest change, and comes out in binlog order (a sink that
has one version per request, HBase, needs rising ones). The mapping is handed in and keeps insertion order; past a
bound the shell's spills to disk (invariant 6).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace
from itertools import islice

from ingest.lane.buffers import SliceShape
from ingest.slices import Kind

DRAIN_KEYS = 10_000
"""How many keys ``drain`` looks ahead."""

TailKey = tuple[int, str, str]
"""Which document, or part of one: rule index, what its table decides of its place, and its identity (its key, and the
columns that decide the rest of its place and the part). Two tables of one rule may have the same keys."""


@dataclass(frozen=True, slots=True)
class TailRow:
    """The newest change of one key; ``stamp`` is packed."""

    shard: int
    shape: SliceShape
    kind: Kind
    ordinal: int
    before: bytes
    after: bytes
    stamp: bytes


class TailCoalescer:
    """Collects the tail; ``drain`` gives what is left of it, once. ``kept``: empty, or the beginning of the tail."""

    def __init__(self, kept: MutableMapping[TailKey, TailRow]) -> None:
        self._kept = kept
        self._count = len(kept)
        self.read_rows = 0

    def add(self, identity: str, row: TailRow) -> None:
        """A later change of an identity replaces the earlier one."""
        key = (row.shape.rule, row.shape.place, identity)
        self._count += self._kept.pop(key, None) is None
        self._kept[key] = row
        self.read_rows += 1

    def holds(self, key: TailKey) -> bool:
        """Is there a change of this identity?"""
        return key in self._kept

    def __len__(self) -> int:
        return self._count

    def drain(self) -> Iterator[TailRow]:
        """The last change of each identity, ordinals rising, in slices marked ``tail``."""
        tails: dict[SliceShape, SliceShape] = {}
        while keys := list(islice(self._kept, DRAIN_KEYS)):
            for key in keys:
                row = self._kept.pop(key)
                self._count -= 1
                shape = tails.setdefault(row.shape, replace(row.shape, tail=True))
                yield replace(row, shape=shape)
