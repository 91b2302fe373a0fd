"""TRANSACTION_PAYLOAD events (``binlog_transaction_compression``): the events inside, one after the other.

The payload is a run of events without checksums, compressed as one zstd stream. It is inflated piece by piece, so that
no more than one event and one piece are in memory, whatever it inflates to. Sources: MySQL's
libs/mysql/binlog/event/codecs/binary.cpp (fields) and compression/base.h (types).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from ingest.binlog.cursor import Cursor, Damage
from ingest.binlog.framing import HEADER_SIZE
from ingest.problems import DataProblem, declare

COMPRESSION = declare(
    "binlog.compression",
    "A transaction is compressed in a way that isn't known.",
    "Set binlog_transaction_compression=OFF on the source, or upgrade ray-binlog-ingest.",
)

_PIECE_BYTES = 256 * 1024
_MAX_EVENT_BYTES = 1 << 30  # max_log_event_size in MySQL's binlog_event.h
_END, _PAYLOAD_SIZE, _TYPE, _INFLATED_SIZE = range(4)
_ZSTD, _NONE = 0, 255


def inner_events(body: bytes) -> Iterator[bytes]:
    """A TRANSACTION_PAYLOAD body to its events, each with its header. Damage when it is damaged."""
    cursor = Cursor(body)
    fields = _fields(cursor)
    size = fields.get(_PAYLOAD_SIZE, cursor.left)
    payload = cursor.take(size)
    kind = fields.get(_TYPE, _NONE)
    if kind not in (_ZSTD, _NONE):
        raise DataProblem(COMPRESSION, f"a transaction is compressed by type {kind}; 0 (zstd) and 255 (none) are known")
    pieces = _inflate(payload) if kind == _ZSTD else iter((payload,))
    inflated = 0
    for event in split_events(pieces):
        inflated += len(event)
        yield event
    if inflated != fields.get(_INFLATED_SIZE, inflated):
        raise Damage(f"a payload says {fields[_INFLATED_SIZE]} bytes and inflates to {inflated}")


def _fields(cursor: Cursor) -> dict[int, int]:
    """Type, length and value of each field, up to the end mark. Newer fields are passed over, as MySQL does."""
    fields: dict[int, int] = {}
    while (kind := cursor.packed()) != _END:
        value = Cursor(cursor.take(cursor.packed()))
        if kind in (_PAYLOAD_SIZE, _TYPE, _INFLATED_SIZE):
            fields[kind] = value.packed()
    return fields


def _inflate(payload: bytes) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.BufferReader(payload), "zstd") as stream:
        while True:
            try:
                piece = stream.read(_PIECE_BYTES)
            except OSError as error:
                raise Damage(f"a compressed transaction doesn't inflate: {error}") from error
            if not piece:
                return
            yield piece


def split_events(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the events out of a run of bytes that comes in pieces of any size. Damage when it ends within an event."""
    pending = bytearray()
    wanted = HEADER_SIZE
    for piece in pieces:
        pending += piece
        at = 0
        while len(pending) - at >= wanted:
            size = int.from_bytes(pending[at + 9 : at + 13], "little")
            if not HEADER_SIZE <= size <= _MAX_EVENT_BYTES:
                raise Damage(f"an event of {size} bytes within a compressed transaction")
            if len(pending) - at < size:
                wanted = size
                break
            yield bytes(pending[at : at + size])
            at += size
            wanted = HEADER_SIZE
        del pending[:at]
    if pending:
        raise Damage("a compressed transaction ends within an event")
