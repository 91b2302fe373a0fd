"""Where a document came from, as one field (or cell) of it: a JSON object.

    {"gtid": "...:5", "file": "binlog.000003", "position": 157, "commit_time": "2026-11-22T04:45:00.123456Z",
     "table": "shop.orders", "version": 2199023255553}

``position`` is where the transaction begins in ``file``, on the server that was read; ``commit_time`` is when it was
committed where it was made (null outside the years 1970 to 9999). A replay in a new epoch gives the same change another
version (and from another server another file and position), and nothing else. Written here for the pure encoders, and in
``src/requests/source.rs`` for the native ones; both texts are equal.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from json.encoder import encode_basestring

import pyarrow as pa

from ingest.binlog.arrow_types import TYPE_KEY
from ingest.problems import DataProblem, declare
from ingest.sinks.contract import Operations
from ingest.slices import TransactionStamp, unpack_stamps

FIELD_TAKEN = declare(
    "sink.source_field_taken",
    "A rule's documents have a field of the name under which their source is kept.",
    "Rename the field with AS, give the source another name (source_field), or switch it off (source_field = false).",
)

_EPOCH = datetime(1970, 1, 1)
_END_US = 253_402_300_800_000_000
"""The year 10000."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a field says, read back. ``stamp``: with ``commit_us`` 0 where no commit time was written."""

    stamp: TransactionStamp
    table: str
    version: int


def source_column(operations: Operations, name: str | None) -> str | None:
    """The name under which the operations' source is written: None without one, or where nothing is known of it.
    DataProblem ``sink.source_field_taken``."""
    if name is None or operations.provenance is None:
        return None
    if name in operations.documents.schema.names:
        what = f"a field of the documents is named {name!r}, as is the one that holds their source"
        raise DataProblem(FIELD_TAKEN, what, {"field": name, "rule": operations.rule})
    return name


def with_source(operations: Operations, name: str | None) -> pa.RecordBatch:
    """The operations' documents with their source as the last field. DataProblem ``sink.source_field_taken``."""
    column = source_column(operations, name)
    if column is None:
        return operations.documents
    described = pa.field(column, pa.string(), metadata={TYPE_KEY: b"json"})
    return operations.documents.append_column(described, pa.array(source_texts(operations), pa.string()))


def source_texts(operations: Operations) -> list[str]:
    """The source of each operation, in their order. Only for operations whose provenance is known."""
    provenance = operations.provenance
    assert provenance is not None
    table = encode_basestring(provenance.table)
    heads = [_head(stamp, table) for stamp in unpack_stamps(provenance.packed_stamps)]
    numbers = memoryview(stamp_numbers(operations)).cast("I")
    return [f"{heads[number]}{version}}}" for number, version in zip(numbers, operations.versions, strict=True)]


def stamp_numbers(operations: Operations) -> bytes:
    """The number of each operation's transaction among the stamps (little-endian u32)."""
    provenance, rows = operations.provenance, operations.sources
    assert provenance is not None
    count = len(provenance.stamp_of) // 4
    if rows == range(count):
        return provenance.stamp_of
    every = pa.Array.from_buffers(pa.uint32(), count, [None, pa.py_buffer(provenance.stamp_of)])
    chosen = every.take(_numbers(rows))
    return memoryview(chosen.buffers()[1]).cast("B")[: 4 * len(chosen)].tobytes()


def _numbers(rows: Sequence[int]) -> pa.Array:
    if isinstance(rows, memoryview):
        return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])
    return pa.array(rows, pa.int64())


def _head(stamp: TransactionStamp, table: str) -> str:
    """All but the version, which comes behind it."""
    return (
        f'{{"gtid":{encode_basestring(stamp.gtid)},"file":{encode_basestring(stamp.file)},"position":{stamp.position},'
        f'"commit_time":{_moment(stamp.commit_us)},"table":{table},"version":'
    )


def _moment(commit_us: int) -> str:
    if commit_us >= _END_US:
        return "null"
    moment = _EPOCH + timedelta(microseconds=commit_us)
    return f'"{moment.isoformat(timespec="microseconds")}Z"'


def parse_source(text: bytes) -> Source | None:
    """A field's text read back; None for what isn't one."""
    try:
        said = json.loads(text)
        moment = said["commit_time"]
        commit_us = 0 if moment is None else (datetime.fromisoformat(moment[:-1]) - _EPOCH) // timedelta(microseconds=1)
        stamp = TransactionStamp(str(said["gtid"]), commit_us, str(said["file"]), int(said["position"]))
        return Source(stamp, str(said["table"]), int(said["version"]))
    except (ValueError, TypeError, KeyError):
        return None
