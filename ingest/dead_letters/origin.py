"""From an item of a request back to the row change that it came from: what a dead letter keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.dead_letters.letter import DeadLetter
from ingest.dead_letters.stored_row import cut_row
from ingest.sinks.contract import ItemResult, RequestItem

if TYPE_CHECKING:
    from ingest.lane.applier import Applied

Name = tuple[str, str, int]
"""(target, key, version): what tells the items of a parcel apart."""


@dataclass(frozen=True, slots=True)
class Origin:
    """``row``: its number in the slice. ``routing``: the document's."""

    applied: Applied
    row: int
    routing: str | None


def name_of(item: RequestItem[Any]) -> Name:
    """An item's name."""
    return item.target, item.key, item.version


def origins(applied: Sequence[Applied], wanted: Collection[Name]) -> dict[Name, Origin]:
    """The rows of the wanted items. Looks at every operation: for the few parcels that need it."""
    versions = {version for _, _, version in wanted}
    found: dict[Name, Origin] = {}
    for one in applied:
        operations = one.operations
        for place, version in enumerate(operations.versions):
            if version in versions:
                name = (operations.targets[place], operations.keys[place], version)
                if name in wanted:  # of two operations of one name the later one was sent: ingest.sinks.coalesce
                    found[name] = Origin(one, operations.sources[place], operations.routings[place])
    return found


def letter_of(
    lane: str, item: RequestItem[Any], origin: Origin, result: ItemResult, *, whole: bool, buried_us: int
) -> DeadLetter:
    """The letter of an item, not yet bounded."""
    row, stamp = cut_row(origin.applied.part, origin.row)
    return DeadLetter(
        lane=lane,
        table=str(origin.applied.rule.schema.name),
        target=item.target,
        key=item.key,
        routing=origin.routing,
        document_key=origin.applied.key_of(origin.row),
        version=item.version,
        whole=whole,
        row=row,
        stamp=stamp,
        payload=item.payload if isinstance(item.payload, bytes) else b"",
        reason=result.reason,
        detail=result.detail,
        buried_us=buried_us,
    )
