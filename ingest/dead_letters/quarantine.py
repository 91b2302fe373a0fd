"""The documents of one shard that have letters: what is held back, what supersedes what, what a retry sends.

    item of a parcel --is_held--> sent, or a letter (``bury``) --retry--> ``to_send`` --> ``closed_by`` --> ``close``

A document with a letter is in quarantine: its later changes become letters too, so that none overtakes the one that
waits. Where changes are whole documents only the newest is ever sent; beside it the first cause is kept, for people.

Invariants: what ``to_send`` gives ends each document at its newest letter, in the order of the versions (2); one change
is one letter, also when it is replayed in a new epoch with a higher version (3); every letter leaves as closed, and says
how many it stood for (5). The store is the truth: a shard makes a new one of it in each epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ingest.dead_letters.letter import QUARANTINED, Document, OpenLetter, Place

NameT = TypeVar("NameT")


@dataclass(frozen=True, slots=True)
class Burial:
    """What one change does to the store. ``kept``: the letter that is there afterwards, None when newer ones stand for
    it already; ``is_new``: it is to be added, else its version and count are to be renewed. ``closed``: the letters that
    it supersedes, by change."""

    kept: OpenLetter | None
    is_new: bool
    closed: Sequence[str] = ()


class Quarantine:
    """See the module. ``holds``: False lets later changes through; one that succeeds supersedes its letters."""

    def __init__(self, letters: Iterable[OpenLetter] = (), *, holds: bool = True) -> None:
        self._holds = holds
        self._letters: dict[str, OpenLetter] = {}
        self._documents: dict[Document, set[str]] = {}
        self._places: dict[Place, int] = {}
        self._keys: dict[str, int] = {}
        for letter in letters:
            self._put(letter)

    def __len__(self) -> int:
        return len(self._letters)

    @property
    def letters(self) -> Collection[OpenLetter]:
        """All open letters."""
        return self._letters.values()

    @property
    def keys(self) -> Collection[str]:
        """The keys of all documents with letters: a first, cheap look at an item."""
        return self._keys.keys()

    @property
    def oldest_us(self) -> int | None:
        """When the oldest letter was buried, microseconds since 1970."""
        return min((letter.buried_us for letter in self._letters.values()), default=None)

    def has(self, target: str, key: str) -> bool:
        """Has the document a letter?"""
        return (target, key) in self._places

    def is_held(self, target: str, key: str) -> bool:
        """Is a change of this document to be held back?"""
        return self._holds and (target, key) in self._places

    # --- changes ------------------------------------------------------------------------------------------------

    def bury(self, letter: OpenLetter) -> Burial:
        """A change that the sink will never take, or that is held back. It counts from now on; whoever can't write it
        to the store ends the epoch."""
        known = self._letters.get(letter.change)
        if known is not None:
            letter = replace(known, version=max(known.version, letter.version))
        others = [one for one in self._of(letter.document) if one.change != letter.change]
        stays = _worth_keeping([*others, letter])
        gone = [one for one in others if one.change not in stays]
        closed = [one.change for one in gone]
        if letter.change not in stays:
            self.close([*closed, letter.change])
            return Burial(None, is_new=False, closed=[*closed, letter.change] if known is not None else closed)
        letter = replace(letter, superseded=letter.superseded + sum(1 + one.superseded for one in gone))
        self.close(closed)
        self._put(letter)
        return Burial(letter, known is None, closed)

    def written(self, document: Document, version: int) -> Sequence[str]:
        """The letters that a whole document superseded, which the sink took (or had already) with this version."""
        return [one.change for one in self._of(document) if one.whole and one.version < version]

    # --- retries ------------------------------------------------------------------------------------------------

    def to_send(self, places: Collection[Place]) -> list[list[OpenLetter]]:
        """What a retry of these documents sends: per document its newest whole change and every partial one after it,
        by version; documents by version of their first. When one is poison again, what follows in its document stays.
        """
        chains = [_chain(self._of(document)) for document in self._documents if document[:2] in places]
        return sorted(chains, key=lambda chain: chain[0].version)

    def closed_by(self, change: str) -> Sequence[str]:
        """The letters that are settled once this one is: itself, and what a whole change supersedes."""
        letter = self._letters.get(change)
        if letter is None:
            return ()
        older = [one.change for one in self._of(letter.document) if letter.whole and one.version < letter.version]
        return [*older, change]

    def refused(self, change: str, reason: str) -> None:
        """A retried letter is poison again."""
        if change in self._letters:
            self._put(replace(self._letters[change], reason=reason))

    def close(self, changes: Iterable[str]) -> None:
        """These letters are settled, superseded or dropped; a document without any goes on."""
        for change in changes:
            letter = self._letters.pop(change, None)
            if letter is None:
                continue
            rest = self._documents[letter.document]
            rest.discard(change)
            if not rest:
                del self._documents[letter.document]
            _count_down(self._places, letter.place)
            _count_down(self._keys, letter.key)

    def _put(self, letter: OpenLetter) -> None:
        if letter.change not in self._letters:
            self._documents.setdefault(letter.document, set()).add(letter.change)
            self._places[letter.place] = self._places.get(letter.place, 0) + 1
            self._keys[letter.key] = self._keys.get(letter.key, 0) + 1
        self._letters[letter.change] = letter

    def _of(self, document: Document) -> list[OpenLetter]:
        letters = [self._letters[change] for change in self._documents.get(document, ())]
        return sorted(letters, key=lambda letter: letter.version)


def _worth_keeping(letters: Sequence[OpenLetter]) -> set[str]:
    """Of one document's letters, by change: what a retry would send, and the first cause."""
    ordered = sorted(letters, key=lambda letter: letter.version)
    cause = next((letter for letter in ordered if letter.reason != QUARANTINED), ordered[0])
    return {cause.change, *(letter.change for letter in _chain(ordered))}


def _chain(ordered: Sequence[OpenLetter]) -> list[OpenLetter]:
    """The newest whole change and all that follows; everything when there is no whole one."""
    whole = [place for place, letter in enumerate(ordered) if letter.whole]
    return list(ordered[whole[-1] if whole else 0 :])


def _count_down(counts: dict[NameT, int], name: NameT) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
