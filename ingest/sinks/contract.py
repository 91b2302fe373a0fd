"""The values between rules, sinks and their drivers.

    Operations --encode--> Request(items) --driver.send--> [ItemResult] --> done | retry a smaller Request | poison

Invariant: results stand in the order of the request's items, one each.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, overload

import pyarrow as pa

from ingest.sinks.operation_columns import Same
from ingest.slices import unpack_stamps


@dataclass(frozen=True, slots=True)
class Parts:
    """Operations on parts of documents. ``name``: the part that the rule owns; ``keys``: which of several such parts of
    a document each operation is about ("" where there is but one)."""

    name: str
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the rows of a slice came from. ``table``: ``database.table``; ``packed_stamps``, ``stamp_of``: the slice's, by
    row of the slice (``ingest.slices``)."""

    table: str
    packed_stamps: bytes
    stamp_of: bytes

    def commits_us(self, rows: Sequence[int]) -> list[int]:
        """When each of these rows was committed, microseconds since 1970."""
        commits = [stamp.commit_us for stamp in unpack_stamps(self.packed_stamps)]
        numbers = memoryview(self.stamp_of).cast("I")
        return [commits[numbers[row]] for row in rows]


@dataclass(frozen=True, slots=True)
class Operations:
    """What one slice means for the sink, after rules and coalescing; all sequences have the same length.

    ``keys``: document keys. ``versions``: 63-bit versions, rising. ``deletes[i]``: delete the document (row i of
    ``documents`` is then all null), else write it whole. ``targets``: index or table name. ``routings``: the routing
    value or None. ``documents``: one row per operation, one column per field of the document, in the rule's order.
    ``sources``: row number in the slice each operation came from (for tracing and errors). ``dropped``: rows that
    gave no operation, counted by reason (invariant 5). ``parts``: the operations are on parts of documents, each written
    or deleted for itself; None: on whole documents. ``provenance``: None where the rows are no changes of a binlog.
    """

    rule: int
    keys: Sequence[str]
    versions: Sequence[int]
    deletes: Sequence[bool]
    targets: Sequence[str]
    routings: Sequence[str | None]
    documents: pa.RecordBatch
    sources: Sequence[int]
    dropped: Mapping[str, int] = field(default_factory=dict)
    parts: Parts | None = None
    provenance: Provenance | None = None


PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True, slots=True)
class RequestItem(Generic[PayloadT]):
    """One operation, encoded: the payload is the sink's own (bytes for Elasticsearch, mutations for HBase). All
    operations of a parcel on the parts of one document are one item, with the highest of their versions. ``commit_us``:
    when its change was committed, where the sink asks for that (0: it doesn't)."""

    key: str
    version: int
    target: str
    delete: bool
    payload: PayloadT
    size_bytes: int
    commit_us: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PackedItems(Sequence[RequestItem[bytes]]):
    """Items whose payloads stand one behind the other in ``body``; an item is made when it is asked for.

    ``ends``: where each payload ends; ``parts``, ``rows``: the operation that each is, by number in ``operations`` and
    row in it; ``key_bytes_min``, ``key_bytes_max``: the size of the shortest and longest key. ``commits``: when each
    operation was committed (``RequestItem.commit_us``), where the sink asks for that.
    """

    operations: Sequence[Operations]
    body: bytes
    ends: Sequence[int]
    parts: Sequence[int]
    rows: Sequence[int]
    key_bytes_min: int
    key_bytes_max: int
    commits: Sequence[Sequence[int]] = ()

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> RequestItem[bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RequestItem[bytes]]: ...
    def __getitem__(self, index: int | slice) -> RequestItem[bytes] | Sequence[RequestItem[bytes]]:
        if isinstance(index, slice):
            return [self._item(place) for place in range(len(self))[index]]
        return self._item(range(len(self))[index])

    def _item(self, place: int) -> RequestItem[bytes]:
        start, end = self.ends[place - 1] if place else 0, self.ends[place]
        part, row = self.operations[self.parts[place]], self.rows[place]
        payload = self.body[start:end]
        commit_us = self.commits[self.parts[place]][row] if self.commits else 0
        return RequestItem(
            part.keys[row],
            part.versions[row],
            part.targets[row],
            bool(part.deletes[row]),
            payload,
            len(payload),
            commit_us,
        )

    @property
    def newest_commit_us(self) -> int:
        """When the item that was committed last was; 0 where nobody asked."""
        places = zip(self.parts, self.rows, strict=True)
        return max((self.commits[part][row] for part, row in places), default=0) if self.commits else 0

    @property
    def newest(self) -> int:
        """The highest version: the last item's, since items are in the order of their versions."""
        return self.operations[self.parts[-1]].versions[self.rows[-1]]

    @property
    def targets(self) -> set[str]:
        """All targets of the items."""
        named = [self.operations[number].targets for number in set(self.parts)]
        if all(isinstance(targets, Same) for targets in named):
            return {targets[0] for targets in named}
        return {self.operations[part].targets[row] for part, row in zip(self.parts, self.rows, strict=True)}


@dataclass(frozen=True, slots=True)
class Request(Generic[PayloadT]):
    """Items sent together. Each (target, key) stands at most once in a request."""

    items: Sequence[RequestItem[PayloadT]]

    def only(self, indexes: Sequence[int]) -> Request[PayloadT]:
        """The request reduced to some of its items (for a retry)."""
        return Request([self.items[index] for index in indexes])

    @property
    def size_bytes(self) -> int:
        """Sum of the items' sizes."""
        if isinstance(self.items, PackedItems):
            return len(self.items.body)
        return sum(item.size_bytes for item in self.items)

    @property
    def targets(self) -> set[str]:
        """All targets of the items."""
        if isinstance(self.items, PackedItems):
            return self.items.targets
        return {item.target for item in self.items}


def payloads(request: Request[bytes]) -> list[bytes]:
    """The payload of each item."""
    items = request.items
    if isinstance(items, PackedItems):
        return [items.body[start:end] for start, end in zip([0, *items.ends], items.ends, strict=False)]
    return [item.payload for item in items]


def keys_of(request: Request[PayloadT]) -> Sequence[str]:
    """The key of each item."""
    items = request.items
    if isinstance(items, PackedItems):
        keys = [part.keys for part in items.operations]
        return [keys[part][row] for part, row in zip(items.parts, items.rows, strict=True)]
    return [item.key for item in items]


def body_of(request: Request[bytes]) -> bytes:
    """The payloads of a request's items, one behind the other."""
    items = request.items
    return items.body if isinstance(items, PackedItems) else b"".join(payloads(request))


class Outcome(enum.Enum):
    """What became of one item."""

    DONE = "done"
    NEWER = "newer"
    RETRY = "retry"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item's outcome; ``reason`` is the sink's error type (a bounded set, used as a metric label) and ``detail``
    its own words (for errors and logs)."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""


DONE = ItemResult(Outcome.DONE)
NEWER = ItemResult(Outcome.NEWER)


@dataclass(frozen=True, slots=True)
class Encoded(Generic[PayloadT]):
    """What a parcel's operations became: requests in order, and how many operations they hold by kind. ``coalesced``:
    the others, each replaced by a newer one of its document."""

    requests: Sequence[Request[PayloadT]]
    upserts: int
    deletes: int
    coalesced: int


class Encoder(Protocol[PayloadT]):
    """Pure: operations to requests, cut by the sink's limits (items, bytes)."""

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[PayloadT]]:
        """All operations of a parcel, by version, to requests, in order. DataProblem when a document can't be
        encoded at all (names key and field)."""

    def encode_newest(self, operations: Sequence[Operations]) -> Encoded[PayloadT]:
        """The newest operation of each document (``ingest.sinks.coalesce``), as ``encode``."""


class SinkDriver(Protocol[PayloadT]):
    """I/O: one shard's connection to the sink. Built without I/O; methods raise WorldProblem for what may be retried
    (connection, timeout, whole-request 429/5xx, Thrift gone) and DataProblem for what won't heal (401, wrong version,
    missing table, conflicting mapping)."""

    def open(self) -> None:
        """Connect and check credentials and version. May be called again after close() or a failure."""

    def prepare(self, targets: Sequence[str]) -> None:
        """See to it that the targets exist as configured (create the index; check table and families). Called
        before the first request that names a target; idempotent."""

    def send(self, request: Request[PayloadT]) -> Sequence[ItemResult]:
        """Send and wait for every item's answer. When it raises, any item may or may not have been applied."""

    def close(self) -> None:
        """Let the connection go. Never raises."""
