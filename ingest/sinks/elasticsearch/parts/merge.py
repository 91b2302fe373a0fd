"""The parts of a document put in by us: a document as it is and what is said of it, to the document that follows.

For clusters that forbid scripts (``script.py`` has the server do the same). Values stay the texts that they are, so
numbers keep their digits. Pure: who reads and writes sees to it that nothing came between (``if_seq_no``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

from ingest.problems import DataProblem, declare
from ingest.sinks.elasticsearch.options import PARTS_FIELD
from ingest.sinks.elasticsearch.parts.payload import GONE_MAX, DocumentChanges, PartChange, SourceChanges, key_order
from ingest.sinks.elasticsearch.raw_json import Members, array_elements, object_members

PARTS_TAMPERED = declare(
    "elasticsearch.parts_tampered",
    "A document's array doesn't hold the parts whose versions it keeps.",
    "Something else wrote into it: delete the document and load it again, or write the array from here only.",
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What follows. ``changed``: was any change newer than what is there? ``document``: None when there is to be none."""

    changed: bool
    document: str | None = None


@dataclass(slots=True)
class _Source:
    """What is known of one rule's parts in a document."""

    live: dict[str, int]
    gone: dict[str, int]
    floor: int
    origin: dict[str, Any] = field(default_factory=dict)

    def known(self, key: str) -> int:
        """The version that a change must be above."""
        return self.live.get(key, self.gone.get(key, self.floor))

    def note(self, change: PartChange) -> None:
        """A change is taken."""
        old, new = (self.live, self.gone) if change.content is None else (self.gone, self.live)
        old.pop(change.key, None)
        new[change.key] = change.version
        self.origin.pop(change.key, None)
        if change.content is not None and change.source is not None:
            self.origin[change.key] = json.loads(change.source)

    def prune(self) -> None:
        """Forget the oldest deletions past the bound."""
        while len(self.gone) > GONE_MAX:
            oldest = min(self.gone, key=self.gone.__getitem__)
            self.floor = max(self.floor, self.gone.pop(oldest))

    def as_json(self) -> dict[str, object]:
        """As it stands in the document."""
        said: dict[str, object] = {"live": self.live, "gone": self.gone, "floor": self.floor}
        return {**said, "origin": self.origin} if self.origin else said


def merged(source: Members | None, said: DocumentChanges) -> Merged:
    """``source``: the document's members (None: there is no document). ValueError when what is said isn't well formed;
    DataProblem ``elasticsearch.parts_tampered``."""
    document = dict(source or {})
    sources = sources_of(document)
    changed = [_apply(document, sources, one) for one in said.sources]
    if not any(changed):
        return Merged(False)
    live = any(one.live for one in sources.values())
    if not live and said.delete_empty:
        return Merged(source is not None)
    versions = {name: one.as_json() for name, one in sources.items()}
    document[PARTS_FIELD] = json.dumps({"live": live, "sources": versions}, ensure_ascii=False, separators=(",", ":"))
    return Merged(True, _text(document))


def sources_of(document: Members) -> dict[str, _Source]:
    """What a document says of its parts."""
    state: Mapping[str, Any] = json.loads(document.get(PARTS_FIELD, "{}"))
    return {
        name: _Source(dict(one["live"]), dict(one["gone"]), one["floor"], dict(one.get("origin", {})))
        for name, one in state.get("sources", {}).items()
    }


def _apply(document: Members, sources: dict[str, _Source], said: SourceChanges) -> bool:
    """One rule's changes; was any taken?"""
    source = sources.get(said.part) or _Source({}, {}, 0)
    before = sorted(source.live, key=key_order)
    taken = []
    for change in said.changes:
        if change.version > source.known(change.key):
            source.note(change)
            taken.append(change)
    if not taken:
        return False
    if said.many:
        assert said.into is not None
        _put_array(document, said.into, before, source, taken)
    else:
        for change in taken:
            _put(document, said, change)
    source.prune()
    sources[said.part] = source
    return True


def _put(document: Members, said: SourceChanges, change: PartChange) -> None:
    if said.into is None:
        if change.content is None:
            for name in said.fields:
                document.pop(name, None)
        else:
            document.update(object_members(change.content))
    elif change.content is None:
        document.pop(said.into, None)
    else:
        document[said.into] = change.content


def _put_array(
    document: Members, field: str, before: Sequence[str], source: _Source, taken: Sequence[PartChange]
) -> None:
    """``before``: the keys of the parts that the array holds, in its order."""
    parts = dict(zip(before, elements_of(document, field, len(before)), strict=True))
    for change in taken:
        parts.pop(change.key, None)
        if change.content is not None:
            parts[change.key] = change.content
    if parts:
        document[field] = f"[{','.join(parts[key] for key in sorted(source.live, key=key_order))}]"
    else:
        document.pop(field, None)


def elements_of(document: Members, field: str, count: int) -> list[str]:
    """The parts in an array. DataProblem ``elasticsearch.parts_tampered`` when they aren't so many."""
    text = document.get(field, "null")
    elements = [] if text == "null" else array_elements(text)
    if len(elements) != count:
        what = f"the array {field!r} has {len(elements)} parts, its versions are {count}"
        raise DataProblem(PARTS_TAMPERED, what, {"field": field})
    return elements


def _text(members: Members) -> str:
    return "{" + ",".join(f"{encode_basestring(name)}:{text}" for name, text in members.items()) + "}"
