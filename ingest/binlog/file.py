"""Binlog files cut into events: what a dump would send, taken from a file's bytes; and their transactions, unopened."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.binlog.cursor import Damaged
from ingest.binlog.framing import CHECKSUM_SIZE, HEADER, HEADER_SIZE, MALFORMED, EventFormat, EventType, format_of
from ingest.binlog.gtid_event import read_gtid, read_tagged_gtid
from ingest.problems import DataProblem

MAGIC = b"\xfebin"


def split_file(data: bytes) -> Iterator[bytes]:
    """A binlog file's bytes to events, each with its header, as ``StreamDecoder.feed`` takes them.

    DataProblem when it is no binlog file, or ends within an event."""
    at = len(MAGIC)
    for _, start, end in event_spans(data):
        at = end
        yield data[start:end]
    if at < len(data):
        raise DataProblem(MALFORMED, "the file ends within an event", {"position": at})


def event_spans(data: bytes | mmap.mmap, start: int = len(MAGIC)) -> Iterator[tuple[int, int, int]]:
    """(event type, start, end) of each whole event of a file, from the event at ``start`` on; an unfinished one at its
    end is left out. DataProblem when it is no binlog file, or an event can't be as long as it says."""
    if data[: len(MAGIC)] != MAGIC:
        raise DataProblem(MALFORMED, f"a binlog file starts with fe 62 69 6e, this one with {data[:4].hex(' ')!r}")
    at, size = start, len(data)
    while at + HEADER_SIZE <= size:
        _, kind, _, length, _, _ = HEADER.unpack_from(data, at)
        if length < HEADER_SIZE:
            raise DataProblem(MALFORMED, f"an event of {length} bytes is shorter than its header", {"position": at})
        if at + length > size:
            return
        yield kind, at, at + length
        at += length


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction as its GTID event says. ``commit_us``: when it was committed where it was made; before MySQL 8.0.1,
    whose events know the second only, the end of that second. ``position``: where it begins."""

    gtid: str
    commit_us: int
    position: int


class TransactionWalk:
    """Reads the GTID events of a stream or file and passes over the rest, unopened: a look at a gigabyte in seconds."""

    def __init__(self) -> None:
        self.format: EventFormat | None = None

    def take(self, event: bytes) -> Committed | None:
        """The transaction that an event (with header and checksum) begins, or None. DataProblem when it is damaged."""
        timestamp, kind, _, _, end_position, _ = HEADER.unpack_from(event)
        if kind == EventType.FORMAT_DESCRIPTION:
            self._describe(event)
        if kind not in (EventType.GTID, EventType.GTID_TAGGED):
            return None
        try:
            body = self.body(event)
            gtid, commit_us = read_gtid(body) if kind == EventType.GTID else read_tagged_gtid(body)
        except Damaged as error:
            raise DataProblem(MALFORMED, str(error), {"position": end_position - len(event)}) from error
        known_us = commit_us if commit_us is not None else timestamp * 1_000_000 + 999_999
        return Committed(gtid, known_us, max(4, end_position - len(event)))

    def body(self, event: bytes) -> bytes:
        """An event without header and checksum."""
        return event[HEADER_SIZE : len(event) - (CHECKSUM_SIZE if self.format is None or self.format.checksum else 0)]

    def _describe(self, event: bytes) -> None:
        try:
            self.format = format_of(event[HEADER_SIZE:])
        except Damaged as error:
            raise DataProblem(MALFORMED, str(error), {"position": 4}) from error
