"""One operation per document: of several changes of one document in a parcel only the newest is sent.

A document is a (target, key, routing): the same key under another routing may lie on another shard of the index. Which
slice an operation came in doesn't matter; versions decide, so the order of the slices doesn't either. Only where two
rules write one document for one row change are versions equal; the later operation is the one that stays then.

Invariant: applying what is left gives what applying everything in the order of the versions gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from ingest.sinks.contract import Operations

_Document = tuple[str, str, str | None]


def coalesce(parcel: Sequence[Operations]) -> tuple[list[Operations], int]:
    """All operations of a parcel to those that count, and how many were left out. Operations that become empty go."""
    newest: dict[_Document, tuple[int, int, int]] = {}
    total = 0
    for number, operations in enumerate(parcel):
        total += len(operations.keys)
        for row, (document, version) in enumerate(zip(_documents(operations), operations.versions, strict=True)):
            known = newest.get(document)
            if known is None or version >= known[0]:
                newest[document] = (version, number, row)
    if len(newest) == total:
        return [operations for operations in parcel if operations.keys], 0
    rows: list[list[int]] = [[] for _ in parcel]
    for _, number, row in newest.values():
        rows[number].append(row)
    left = [_only(operations, sorted(chosen)) for operations, chosen in zip(parcel, rows, strict=True)]
    return [operations for operations in left if operations.keys], total - len(newest)


def _documents(operations: Operations) -> zip[_Document]:
    return zip(operations.targets, operations.keys, operations.routings, strict=True)


def _only(operations: Operations, rows: Sequence[int]) -> Operations:
    if len(rows) == len(operations.keys):
        return operations
    return replace(
        operations,
        keys=[operations.keys[row] for row in rows],
        versions=[operations.versions[row] for row in rows],
        deletes=[operations.deletes[row] for row in rows],
        targets=[operations.targets[row] for row in rows],
        routings=[operations.routings[row] for row in rows],
        documents=operations.documents.take(pa.array(rows, pa.int64())),
        sources=[operations.sources[row] for row in rows],
    )
