"""One archived binlog file, looked through without decoding rows: which transactions it holds.

A copy may have been made while the server wrote the file: what comes behind its last whole transaction isn't read, and is
a gap when a later file follows. Invariant 5: a file that can't be understood (encrypted, without GTIDs) is refused by name.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from ingest.binlog.file import MAGIC, TransactionWalk, event_spans
from ingest.binlog.framing import EventType
from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.binlog.stream import PureStreamDecoder
from ingest.binlog.transaction import NO_GTID
from ingest.codec import TransactionEnd
from ingest.problems import DataProblem, declare

ENCRYPTED = declare(
    "replay.encrypted",
    "A binlog file is encrypted, as it lies in the server's data directory.",
    "Fetch it from a server that has the key: mysqlbinlog --read-from-remote-server --raw gives it in the clear.",
)

_ENCRYPTED_MAGIC = b"\xfdbin"
_ENDS_TRANSACTION = frozenset({EventType.GTID, EventType.GTID_TAGGED, EventType.ROTATE, EventType.STOP})


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """``previous``: every transaction before the file, as it says itself; ``contents``: those that it holds whole;
    ``end``: where the last of them ends; ``size_bytes``: of the file."""

    path: str
    previous: GtidSet
    contents: GtidSet
    end: int
    size_bytes: int


def look_through(path: str, data: bytes | mmap.mmap) -> ArchivedFile:
    """A file's bytes. DataProblem names the file: no binlog, encrypted, without GTIDs, damaged."""
    if data[: len(MAGIC)] == _ENCRYPTED_MAGIC:
        raise DataProblem(ENCRYPTED, f"{path} is encrypted", {"file": path})
    try:
        return _look_through(path, data)
    except DataProblem as problem:
        raise problem.with_where(file=path) from problem


def _look_through(path: str, data: bytes | mmap.mmap) -> ArchivedFile:
    walk = TransactionWalk()
    previous: GtidSet | None = None
    contents = GtidSetBuilder()
    open_gtid, opened_at, ended_at = "", 0, len(MAGIC)
    for kind, start, end in event_spans(data):
        if kind in _ENDS_TRANSACTION:
            if open_gtid:
                contents.add(open_gtid)
            open_gtid, ended_at = "", start
        if kind in (EventType.FORMAT_DESCRIPTION, EventType.GTID, EventType.GTID_TAGGED):
            one = walk.take(data[start:end])
            if one is not None:
                open_gtid, opened_at = one.gtid, start
        elif kind == EventType.PREVIOUS_GTIDS:
            previous = GtidSet.decode(walk.body(data[start:end]))
        elif kind == EventType.ANONYMOUS_GTID:
            raise DataProblem(NO_GTID, "a transaction is anonymous", {"position": start})
        if not open_gtid:
            ended_at = end
    if open_gtid and (whole := _end_of(path, data, opened_at)) is not None:
        contents.add(open_gtid)
        ended_at = whole
    if previous is None:
        raise DataProblem(NO_GTID, "the file doesn't say which transactions came before it")
    return ArchivedFile(path, previous, contents.freeze(), ended_at, len(data))


def _end_of(path: str, data: bytes | mmap.mmap, start: int) -> int | None:
    """Where the transaction that begins at ``start``, the file's last one, ends; None when it isn't whole."""
    decoder = PureStreamDecoder(checksum=True, file=path)
    (_, head, head_end) = next(event_spans(data))
    for event in decoder.feed(data[head:head_end]):
        raise AssertionError(f"a file begins with its format, not {event}")
    for _, at, end in event_spans(data, start):
        if any(isinstance(event, TransactionEnd) for event in decoder.feed(data[at:end])):
            return end
    return None
