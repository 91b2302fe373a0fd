"""One operation per document: of several changes of one document in a parcel only the newest is sent.

A document is a (target, key, routing): the same key under another routing may lie on another shard of the index. Where
rules write parts of documents, the newest operation of each part is sent. Which slice an operation came in doesn't matter; versions decide, so the order of the slices doesn't either. Only where two
rules write one document for one row change are versions equal; the later operation is the one that stays then.

Invariant: applying what is left gives what applying everything in the order of the versions gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import Generic

import pyarrow as pa

from ingest.sinks.contract import Encoded, Operations, Parts, PayloadT, Request
from ingest.sinks.operation_columns import taken

_Document = tuple[str, str, str | None, tuple[str, str] | None]
"""Target, key, routing, and which part of the document (None: all of it)."""


def coalesce(parcel: Sequence[Operations]) -> tuple[list[Operations], int]:
    """All operations of a parcel to those that count, and how many were left out. Operations that become empty go."""
    rows = _newest_rows(parcel)
    left = list(parcel)
    if rows is not None:
        left = [_only(operations, chosen) for operations, chosen in zip(parcel, rows, strict=True)]
    dropped = sum(len(operations.keys) for operations in parcel) - sum(len(operations.keys) for operations in left)
    return [operations for operations in left if operations.keys], dropped


class CoalescingEncoder(ABC, Generic[PayloadT]):
    """The part of an ``Encoder`` that is the same for every sink."""

    @abstractmethod
    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[PayloadT]]:
        """See ``Encoder.encode``."""

    def encode_newest(self, operations: Sequence[Operations]) -> Encoded[PayloadT]:
        """See ``Encoder.encode_newest``."""
        kept, coalesced = coalesce(operations)
        deletes = sum(part.deletes.count(True) for part in kept)
        return Encoded(self.encode(kept), sum(len(part.keys) for part in kept) - deletes, deletes, coalesced)


def _newest_rows(parcel: Sequence[Operations]) -> Sequence[Sequence[int]] | None:
    """The rows that count of each of the operations, rising; None when all do."""
    newest: dict[_Document, tuple[int, int, int]] = {}
    total = 0
    for number, operations in enumerate(parcel):
        total += len(operations.keys)
        for row, (document, version) in enumerate(zip(_documents(operations), operations.versions, strict=True)):
            known = newest.get(document)
            if known is None or version >= known[0]:
                newest[document] = (version, number, row)
    if len(newest) == total:
        return None
    rows: list[list[int]] = [[] for _ in parcel]
    for _, number, row in newest.values():
        rows[number].append(row)
    return [sorted(chosen) for chosen in rows]


def _documents(operations: Operations) -> zip[_Document]:
    parts = operations.parts
    which = repeat(None, len(operations.keys)) if parts is None else [(parts.name, key) for key in parts.keys]
    return zip(operations.targets, operations.keys, operations.routings, which, strict=True)


def _only(operations: Operations, rows: Sequence[int]) -> Operations:
    if len(rows) == len(operations.keys):
        return operations
    parts = operations.parts
    return replace(
        operations,
        keys=taken(operations.keys, rows),
        versions=taken(operations.versions, rows),
        deletes=taken(operations.deletes, rows),
        targets=taken(operations.targets, rows),
        routings=taken(operations.routings, rows),
        documents=operations.documents.take(pa.array(rows, pa.int64())),
        sources=taken(operations.sources, rows),
        parts=None if parts is None else Parts(parts.name, taken(parts.keys, rows)),
    )
