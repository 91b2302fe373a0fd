"""Archived binlog files as a source of packets, beside the dump of a server.

    file, file, ... (whole transactions that the lane lacks) -> the dump of what comes behind them, if there is one

Invariants: a transaction comes once, whole; a file that isn't what it was when it was looked through is refused; about
``CHUNK_BYTES`` (or one event) are in memory at a time.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from actors.strand import PacketSource
from ingest.binlog.file import MAGIC, TransactionWalk, event_spans
from ingest.binlog.framing import EventType
from ingest.binlog.synthetic import format_saying, rotate_to
from ingest.codec import EventPackets
from ingest.mysql.framing import PureEventPackets
from ingest.problems import DataProblem, declare
from ingest.replay.archive import ArchivedFile, look_through
from ingest.replay.order import FileReading

UNREADABLE = declare(
    "replay.unreadable",
    "A binlog file can't be read.",
    "Give the paths of files that are on the machine where the command runs, and that it may read.",
)
CHUNK_BYTES = 1_000_000

_LEFT_OUT = frozenset({EventType.ROTATE, EventType.STOP})
_BEGINS = frozenset({EventType.GTID, EventType.GTID_TAGGED})


@contextlib.contextmanager
def opened(path: str) -> Iterator[bytes | mmap.mmap]:
    """A file's bytes, mapped. DataProblem ``replay.unreadable``."""
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                yield b""
                return
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                yield data
    except OSError as error:
        raise DataProblem(UNREADABLE, f"{path}: {error.strerror or error}", {"file": path}) from error


def look_at(path: Path) -> ArchivedFile:
    """What a file holds. DataProblem names it."""
    with opened(str(path)) as data:
        return look_through(str(path.resolve()), data)


class ArchivePackets:
    """See the module and ``actors.stream.PacketSource``. ``then``: opens what comes behind the files, None: nothing
    does. The first byte after the files is the dump's own; ``checksum``: whether its events carry a CRC-32."""

    def __init__(
        self, readings: Sequence[FileReading], then: Callable[[], PacketSource] | None = None, *, checksum: bool = True
    ) -> None:
        self._then = then
        self._checksum = checksum
        self._events: Iterator[bytes] | None = self._read(readings)
        self._dump: PacketSource | None = None
        self._never, self._unused = os.pipe()
        self._always = os.open(os.devnull, os.O_RDONLY)

    def fileno(self) -> int:
        """Readable while there are files, then as the dump is; never when there is none."""
        if self._events is not None:
            return self._always
        return self._dump.fileno() if self._dump is not None else self._never

    def read_available(self) -> EventPackets:
        """See ``PacketSource``."""
        if self._events is None:
            return self._dump.read_available() if self._dump is not None else PureEventPackets(())
        events: list[bytes] = []
        size = 0
        for event in self._events:
            events.append(event)
            size += len(event)
            if size >= CHUNK_BYTES:
                return PureEventPackets(tuple(events))
        self._events = None
        if self._then is not None:
            self._dump = self._then()
        return PureEventPackets(tuple(events))

    def close(self) -> None:
        """Let everything go."""
        self._events = None
        if self._dump is not None:
            self._dump.close()
        for descriptor in (self._never, self._unused, self._always):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _read(self, readings: Sequence[FileReading]) -> Iterator[bytes]:
        """What a server would send: each file announced, its format, and its transactions but for those held."""
        checksum, head = True, b""  # what the decoder begins with
        for reading in readings:
            yield rotate_to(Path(reading.file.path).name, checksum=checksum)
            walk = TransactionWalk()
            with opened(reading.file.path) as data:
                _check_unchanged(reading.file, data)
                for event in _wanted(reading, data, walk):
                    head = event if event[4] == EventType.FORMAT_DESCRIPTION else head
                    yield event
            checksum = walk.format is None or walk.format.checksum
        if head and self._then is not None and checksum != self._checksum:
            yield format_saying(head, checksum=self._checksum)


def _wanted(reading: FileReading, data: bytes | mmap.mmap, walk: TransactionWalk) -> Iterator[bytes]:
    passing = False
    for kind, start, end in event_spans(data, len(MAGIC)):
        if end > reading.file.end:
            return
        if kind in _BEGINS:
            one = walk.take(data[start:end])
            passing = one is None or one.gtid not in reading.fresh
        elif kind == EventType.FORMAT_DESCRIPTION:
            walk.take(data[start:end])
        if not passing and kind not in _LEFT_OUT:
            yield data[start:end]


def _check_unchanged(file: ArchivedFile, data: bytes | mmap.mmap) -> None:
    if len(data) < file.end:
        what = f"{file.path} has {len(data):,} bytes; it had {file.size_bytes:,} when it was looked through"
        raise DataProblem(UNREADABLE, what, {"file": file.path})
