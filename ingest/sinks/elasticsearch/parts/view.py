"""The parts that a document holds, each as a document of its own: what a comparison with MySQL's rows looks at.

A part's key is the document's, the part's name and its key among several, joined as composite keys are
(``ingest.keys``): ``42|lines|3``, ``42|order|``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.keys import join_key, split_key
from ingest.problems import DataProblem
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchTarget, PartOptions
from ingest.sinks.elasticsearch.parts.merge import elements_of, sources_of
from ingest.sinks.elasticsearch.parts.payload import key_order
from ingest.sinks.elasticsearch.raw_json import Members, object_members
from ingest.sinks.stored import StoredDocument


def part_id(key: str, part: str, part_key: str) -> str:
    """The key of a part of a document."""
    return join_key((key, part, part_key))


def document_of(part: str) -> str:
    """The key of the document that a part belongs to."""
    return split_key(part)[0]


class PartsView:
    """``targets``: the rules that write parts of one index and are looked at; ``others``: those of other lanes."""

    def __init__(self, targets: Sequence[ElasticsearchTarget], others: Sequence[ElasticsearchTarget] = ()) -> None:
        self._parts = {target.part.part: target.part for target in targets if target.part is not None}
        self._foreign = {target.part.part for target in others if target.part is not None} - set(self._parts)
        self._keeps_empty = all(part.when_empty == "keep" for part in self._parts.values())

    def parts(self, document: StoredDocument) -> list[StoredDocument]:
        """The parts that are there. One that no rule asks for is among them, and so is the document itself where it has
        no versions, or should have gone with its last part: a comparison finds them to be too many."""
        members = {name: text.decode() for name, text in document.fields.items()}
        sources = sources_of(members)
        there = [
            StoredDocument(part_id(document.key, name, key), version, fields, document.routing)
            for name, source in sources.items()
            if name not in self._foreign
            for (key, version), fields in zip(
                sorted(source.live.items(), key=lambda one: key_order(one[0])),
                self._fields(members, name, len(source.live)),
                strict=True,
            )
        ]
        is_empty = not any(source.live for source in sources.values())
        if PARTS_FIELD in members and (self._keeps_empty or not is_empty):
            return there
        return [StoredDocument(part_id(document.key, "", ""), document.version, document.fields, document.routing)]

    def _fields(self, members: Members, name: str, count: int) -> list[dict[str, bytes]]:
        """The fields of each part that a rule has in the document, in order; none for a part that isn't there after
        all."""
        part = self._parts.get(name)
        if part is None:
            return [{}] * count
        try:
            texts = _texts(members, part, count)
        except (DataProblem, ValueError):
            return [{}] * count
        return [{field: text.encode() for field, text in one.items()} for one in texts]


def _texts(members: Members, part: PartOptions, count: int) -> list[Members]:
    if part.into is None:
        top = {name: text for name, text in members.items() if name != PARTS_FIELD}
        return [top] * count
    if part.key is None:
        return [object_members(members.get(part.into, "{}"))] * count
    return [object_members(text) for text in elements_of(members, part.into, count)]
