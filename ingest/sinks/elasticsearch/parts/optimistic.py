"""Parts without scripts: what to read, and what to write of what was read. Pure.

    items --reading--> _mget --documents--> found --writing--> _bulk: index and delete with if_seq_no, create

A write is refused (409) when anybody wrote meanwhile; the item is tried again then, from reading on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.problems import DataProblem
from ingest.sinks.contract import NEWER, ItemResult, Outcome, RequestItem
from ingest.sinks.elasticsearch.classify import item_result
from ingest.sinks.elasticsearch.parts.merge import merged
from ingest.sinks.elasticsearch.parts.payload import DocumentChanges
from ingest.sinks.elasticsearch.raw_json import Members
from ingest.sinks.faults import NOT_UNDERSTOOD

Found = tuple[Members, Members | None]
"""What ``_mget`` says of a document, and its source."""


@dataclass(frozen=True, slots=True)
class Writing:
    """``settled``: the result of each item that needs no write, None for the others; ``body``: the lines of those."""

    settled: Sequence[ItemResult | None]
    body: bytes


def reading(said: Sequence[DocumentChanges]) -> bytes:
    """The body of a ``_mget`` for the documents of some items."""
    docs = [
        {"_index": one.index, "_id": one.id} | ({} if one.routing is None else {"routing": one.routing}) for one in said
    ]
    return json.dumps({"docs": docs}).encode()


def writing(items: Sequence[RequestItem[bytes]], said: Sequence[DocumentChanges], found: Sequence[Found]) -> Writing:
    """What follows from the documents as they were found, in the items' order. DataProblem: an index without
    ``_source``, credentials that don't allow to read."""
    settled: list[ItemResult | None] = []
    lines = []
    for item, one, (members, source) in zip(items, said, found, strict=True):
        answer = _write(item, one, members, source)
        if isinstance(answer, ItemResult):
            settled.append(answer)
        else:
            settled.append(None)
            lines.append(answer)
    return Writing(settled, "".join(lines).encode())


def _write(
    item: RequestItem[bytes], said: DocumentChanges, members: Members, source: Members | None
) -> ItemResult | str:
    """The lines that write a document, or why there is nothing to write."""
    if "error" in members:
        error = json.loads(members["error"])
        return item_result(item, {"get": {"status": 404 if "not_found" in str(error) else 400, "error": error}})
    is_there = members.get("found") == "true"
    if is_there and source is None:
        raise DataProblem(NOT_UNDERSTOOD, f"the index gives no _source of the document {item.key!r}", {"key": item.key})
    try:
        result = merged(source if is_there else None, said)
    except DataProblem as problem:
        return ItemResult(Outcome.POISON, problem.code.name, problem.what)
    if not result.changed:
        return NEWER
    place: dict[str, object] = {"_index": said.index, "_id": said.id}
    if said.routing is not None:
        place["routing"] = said.routing
    if is_there:
        place |= {"if_seq_no": int(members["_seq_no"]), "if_primary_term": int(members["_primary_term"])}
    action = "delete" if result.document is None else "index" if is_there else "create"
    document = "" if result.document is None else f"{result.document}\n"
    return f"{json.dumps({action: place}, ensure_ascii=False)}\n{document}"
