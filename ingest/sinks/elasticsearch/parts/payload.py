"""What an item says of a document's parts: two lines, as an action of a ``_bulk`` body, with an action of our own.

    {"part":{"_index":..,"_id":..,"routing":..}}
    {"sources":[{"part":"lines","into":"lines","many":true,"fields":[],"changes":[["1",5,{..}],["2",6,null]]}],
     "delete_empty":false}

A change is the part's key, its version, the part itself (null: it is gone), and, if it is kept, where that came from
(``ingest.sinks.source_field``). ``fields``: those that go with a part
that stands at the top of the document. The text is neither for the script nor for the merge alone, so a dead letter
that was kept under one can be retried under the other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.sinks.contract import RequestItem
from ingest.sinks.elasticsearch.raw_json import array_elements, object_members

HEAD = b'{"part":'
GONE_MAX = 100
"""Deletions that are remembered of one rule's parts in one document."""


@dataclass(frozen=True, slots=True)
class PartChange:
    """``content``: the JSON text of the part, None: it is gone. ``source``: that of where it came from, if it is kept."""

    key: str
    version: int
    content: str | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """One rule's changes of a document, versions rising. ``into``: the field that holds the part, None: the ``fields`` at
    the top do; ``many``: it holds an array of parts."""

    part: str
    into: str | None
    many: bool
    fields: Sequence[str]
    changes: Sequence[PartChange]


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """What an item says. ``index``, ``id``, ``routing``: which document; ``delete_empty``: it goes with its last part."""

    index: str
    id: str
    routing: str | None
    sources: Sequence[SourceChanges]
    delete_empty: bool


def is_part(item: RequestItem[bytes]) -> bool:
    """Is the item about a document's parts?"""
    return item.payload.startswith(HEAD)


def lines_of(payload: bytes) -> tuple[bytes, bytes]:
    """Where the document is (a JSON object), and what changes of it."""
    action, _, changes = payload.partition(b"\n")
    return action[len(HEAD) : -1], changes[:-1]


def parsed(payload: bytes) -> DocumentChanges:
    """A payload read; parts stay the texts that they are. ValueError when it isn't one."""
    action, changes = lines_of(payload)
    place, members = json.loads(action), object_members(changes.decode())
    sources = [_source(object_members(text)) for text in array_elements(members["sources"])]
    return DocumentChanges(
        place["_index"], place["_id"], place.get("routing"), sources, members["delete_empty"] == "true"
    )


def _source(members: dict[str, str]) -> SourceChanges:
    return SourceChanges(
        json.loads(members["part"]),
        json.loads(members["into"]),
        members["many"] == "true",
        json.loads(members["fields"]),
        [_change(array_elements(text)) for text in array_elements(members["changes"])],
    )


def _change(elements: list[str]) -> PartChange:
    key, version, content, *source = elements
    return PartChange(json.loads(key), int(version), None if content == "null" else content, *source)


def key_order(key: str) -> tuple[int, bytes]:
    """What parts of an array are sorted by: shorter keys first, then by their UTF-16 units (as Java compares)."""
    units = key.encode("utf-16-be", "surrogatepass")
    return len(units), units
