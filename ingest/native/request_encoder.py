"""NativeEncoder: operations to requests by the native core, each request one body.

    Operations -> buffers (operation_buffers.py) -> bodies (core, without the GIL) -> Request(PackedItems)

Invariants: the requests equal those of the pure encoder, item by item and byte by byte. What the core has no text for
goes to that encoder, which encodes it after all or raises the right problem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from types import ModuleType
from typing import Any

import pyarrow as pa

from ingest.native import core
from ingest.native.operation_buffers import Column, cell_column, json_column, placed
from ingest.problems import DataProblem
from ingest.sinks.blackhole.encode import MOST_BYTES, BlackholeEncoder
from ingest.sinks.blackhole.options import BlackholeOptions
from ingest.sinks.contract import Encoded, Encoder, Operations, PackedItems, Request
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.encode import DocumentsAndParts, PartEncoder
from ingest.sinks.hbase.encode import HbaseEncoder, commit_times, deletions, source_cell, written_columns
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.hbase.thrift_bytes import deletion, put_head
from ingest.sinks.source_field import source_column, stamp_numbers

Written = tuple[tuple[object, ...], list[Column], tuple[bytes, bytes, bytes] | None]
"""How operations are written: an envelope (``src/requests``), the columns in it, and where their rows came from, which is
written behind them (the envelope has one name more then)."""


class NativeEncoder:
    """See ``ingest.sinks.contract.Encoder``. ``written``: see ``Written``; ``by_target``: each request is for one
    target; ``commits``: when operations were committed, where the sink asks for that."""

    def __init__(
        self,
        native: ModuleType,
        pure: Encoder[bytes],
        written: Callable[[Operations], Written],
        most_items: int,
        most_bytes: int,
        *,
        by_target: bool,
        commits: Callable[[Operations], Sequence[int]] | None = None,
    ) -> None:
        self._core = native
        self._pure = pure
        self._written = written
        self._limits = (most_items, most_bytes, by_target)
        self._commits = commits

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """See ``Encoder.encode``."""
        encoded = self._encode(operations, newest=False)
        return self._pure.encode(operations) if encoded is None else encoded.requests

    def encode_newest(self, operations: Sequence[Operations]) -> Encoded[bytes]:
        """See ``Encoder.encode_newest``."""
        return self._encode(operations, newest=True) or self._pure.encode_newest(operations)

    def _encode(self, operations: Sequence[Operations], *, newest: bool) -> Encoded[bytes] | None:
        """None: this is for the pure encoder."""
        try:
            parts = [(placed(part), *self._written(part)) for part in operations]
            found = self._core.encode_requests(parts, *self._limits, newest)
        except (DataProblem, pa.ArrowException, UnicodeError, OverflowError):
            return None
        if found is None:
            return None
        requests, upserts, deletes = found
        total = sum(len(part.keys) for part in operations)
        commits = () if self._commits is None else [self._commits(part) for part in operations]
        packed = [Request(_items(operations, commits, *request)) for request in requests]
        return Encoded(packed, upserts, deletes, total - upserts - deletes)


def _items(
    operations: Sequence[Operations],
    commits: Sequence[Sequence[int]],
    body: bytes,
    ends: bytes,
    parts: bytes,
    rows: bytes,
    *key_sizes: int,
) -> PackedItems:
    least, most = key_sizes
    return PackedItems(
        operations,
        body,
        memoryview(ends).cast("Q"),
        memoryview(parts).cast("I"),
        memoryview(rows).cast("I"),
        least,
        most,
        commits,
    )


def elasticsearch_encoder(options: ElasticsearchOptions, targets: Sequence[ElasticsearchTarget]) -> Encoder[bytes]:
    """The native encoder where the core was built, else the pure one; parts of documents always go to theirs."""
    documents = _document_encoder(options, targets)
    if all(target.part is None for target in targets):
        return documents
    return DocumentsAndParts(documents, PartEncoder(options, targets))


def _document_encoder(options: ElasticsearchOptions, targets: Sequence[ElasticsearchTarget]) -> Encoder[bytes]:
    native = core()
    pure = ElasticsearchEncoder(options, targets)
    if native is None:
        return pure

    def written(part: Operations) -> Written:
        target = targets[part.rule]
        envelope = "upsert" if target.write == "upsert" else "index"
        source = source_column(part, target.source)
        return (envelope, _names(part, source)), _columns(part.documents, json_column), _provenance(part, source)

    return NativeEncoder(native, pure, written, options.bulk_items, options.bulk_bytes, by_target=False)


def hbase_encoder(options: HbaseOptions, targets: Sequence[HbaseTarget]) -> Encoder[bytes]:
    """The native encoder where the core was built, else the pure one."""
    native = core()
    pure = HbaseEncoder(options, targets)
    if native is None:
        return pure

    def written(part: Operations) -> Written:
        target = targets[part.rule]
        columns = written_columns(part.documents.schema, target)
        names = [name.encode() for _, _, name in columns]
        source = source_column(part, target.source)
        cell = None if source is None else source_cell(source, target)
        names += [] if cell is None else [cell.encode()]
        gone = deletions(target, names)
        envelope = (
            "hbase",
            [put_head(name) for name in names],
            [deletion(name) for name in names],
            (len(gone), b"".join(gone)),
        )
        cells = [cell_column(part.documents.column(index), field) for index, field, _ in columns]
        return envelope, cells, _provenance(part, cell)

    def committed(part: Operations) -> Sequence[int]:
        return commit_times(part, targets[part.rule])

    asked = committed if any(target.timestamps == "commit_time" for target in targets) else None
    limits = (options.batch_rows, options.batch_bytes)
    return NativeEncoder(native, pure, written, *limits, by_target=True, commits=asked)


def blackhole_encoder(options: BlackholeOptions) -> Encoder[bytes]:
    """The native encoder where the core was built, else the pure one."""
    native = core()
    pure = BlackholeEncoder(options)
    if native is None:
        return pure

    def written(part: Operations) -> Written:
        if options.encode == "nothing":
            return ("bare", None), [], None
        return ("bare", _names(part)), _columns(part.documents, json_column), None

    return NativeEncoder(native, pure, written, options.batch_items, MOST_BYTES, by_target=False)


def _names(part: Operations, source: str | None = None) -> list[bytes]:
    """The fields' names in JSON, and that of their source."""
    names = part.documents.schema.names if source is None else [*part.documents.schema.names, source]
    return [f"{encode_basestring(name)}:".encode() for name in names]


def _provenance(part: Operations, source: str | None) -> tuple[bytes, bytes, bytes] | None:
    provenance = part.provenance
    if source is None or provenance is None:
        return None
    return encode_basestring(provenance.table).encode(), provenance.packed_stamps, stamp_numbers(part)


def _columns(documents: pa.RecordBatch, column: Callable[[Any, Any], Column]) -> list[Column]:
    return [column(array, field) for array, field in zip(documents.columns, documents.schema, strict=True)]
