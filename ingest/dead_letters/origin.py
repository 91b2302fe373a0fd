"""From an item of a request back to the row change that it came from: what a dead letter keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.dead_letters.letter import DeadLetter, Document
from ingest.dead_letters.stored_row import cut_row
from ingest.sinks.contract import ItemResult, RequestItem

if TYPE_CHECKING:
    from ingest.lane.applier import Applied

Name = tuple[str, str, int]
"""(target, key, version): what tells the items of a parcel apart."""


@dataclass(frozen=True, slots=True)
class Origin:
    """``row``: its number in the slice. ``version``, ``routing``: the operation's."""

    applied: Applied
    row: int
    version: int
    routing: str | None


def name_of(item: RequestItem[Any]) -> Name:
    """An item's name."""
    return item.target, item.key, item.version


def origins(applied: Sequence[Applied], wanted: Collection[Name]) -> dict[Name, Sequence[Origin]]:
    """The rows of the wanted items: one each, or, of an item about parts of a document, one for each part. Looks at every
    operation: for the few parcels that need it."""
    versions = {version for _, _, version in wanted}
    found: dict[Name, Sequence[Origin]] = {}
    for one in applied:
        operations = one.operations
        for place, version in enumerate(operations.versions):
            if version in versions:
                name = (operations.targets[place], operations.keys[place], version)
                if name in wanted:  # of two operations of one name the later one was sent: ingest.sinks.coalesce
                    found[name] = [_origin(one, place)]
    for name, [origin] in found.items():
        if origin.applied.operations.parts is not None:
            found[name] = _of_parts(applied, (name[0], name[1], origin.routing))
    return found


def _origin(one: Applied, place: int) -> Origin:
    operations = one.operations
    return Origin(one, operations.sources[place], operations.versions[place], operations.routings[place])


def _of_parts(applied: Sequence[Applied], document: Document) -> Sequence[Origin]:
    """The newest row of every part that a parcel says something of, by version."""
    newest: dict[tuple[str, str], Origin] = {}
    for one in applied:
        operations, parts = one.operations, one.operations.parts
        if parts is None:
            continue
        places = zip(operations.targets, operations.keys, operations.routings, parts.keys, strict=True)
        for place, (target, key, routing, part) in enumerate(places):
            known = newest.get((parts.name, part))
            if (target, key, routing) == document and (known is None or operations.versions[place] >= known.version):
                newest[parts.name, part] = _origin(one, place)
    return sorted(newest.values(), key=lambda origin: origin.version)


def letter_of(
    lane: str, item: RequestItem[Any], origin: Origin, result: ItemResult, *, whole: bool, buried_us: int
) -> DeadLetter:
    """The letter of one row of an item, not yet bounded."""
    row, stamp = cut_row(origin.applied.part, origin.row)
    return DeadLetter(
        lane=lane,
        table=str(origin.applied.rule.schema.name),
        target=item.target,
        key=item.key,
        routing=origin.routing,
        document_key=origin.applied.key_of(origin.row),
        version=origin.version,
        whole=whole,
        row=row,
        stamp=stamp,
        payload=item.payload if isinstance(item.payload, bytes) else b"",
        reason=result.reason,
        detail=result.detail,
        buried_us=buried_us,
    )
