"""What each rule makes of the rows of an event: which documents they are, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.binlog.walker import KEY_NULL
from ingest.codec import RowBlock, RowWalker
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import DocumentChange
from ingest.lane.routing import NOWHERE, NULL_PLACE, RuleRoute
from ingest.problems import DataProblem
from ingest.slices import Kind


def document_changes(
    changes: list[list[DocumentChange]],
    kind: Kind,
    block: RowBlock,
    walker: RowWalker,
    route: RuleRoute,
    shape: SliceShape,
) -> None:
    """What one rule makes of each row of a block; a changed identity gives a delete and an insert."""
    before = identities(walker, block.before, route, after=False) if kind is not Kind.INSERT else []
    after = identities(walker, block.after, route, after=True) if kind is not Kind.DELETE else []
    if kind is Kind.INSERT:
        for change, (key, identity), image in zip(changes, after, block.after, strict=True):
            change.append((key, identity, shape, kind, b"", image))
    elif kind is Kind.DELETE:
        for change, (key, identity), image in zip(changes, before, block.before, strict=True):
            change.append((key, identity, shape, kind, image, b""))
    else:
        images = zip(block.before, block.after, strict=True)
        for change, old, new, (was, now) in zip(changes, before, after, images, strict=True):
            if old == new:
                change.append((*new, shape, kind, was, now))
            else:
                change.append((*old, shape, Kind.DELETE, was, b""))
                change.append((*new, shape, Kind.INSERT, b"", now))


def identities(walker: RowWalker, images: Sequence[bytes], route: RuleRoute, *, after: bool) -> list[tuple[str, str]]:
    """(document key, identity) of each image. A place column may be NULL; a key column only where a row may be nowhere."""
    try:
        keys = walker.keys(images, route.key_columns, after)
    except DataProblem as problem:
        if problem.code != KEY_NULL or not route.may_be_nowhere:
            raise
        if len(images) == 1:
            return [NOWHERE]
        return [one for image in images for one in identities(walker, [image], route, after=after)]
    if not route.place_columns:
        return list(zip(keys, keys, strict=True))
    columns = route.key_columns + route.place_columns
    return list(zip(keys, walker.keys(images, columns, after, NULL_PLACE), strict=True))
