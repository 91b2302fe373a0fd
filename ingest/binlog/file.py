"""Binlog files cut into events: what a dump would send, taken from a file's bytes."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.binlog.framing import HEADER_SIZE, MALFORMED
from ingest.problems import DataProblem

MAGIC = b"\xfebin"


def split_file(data: bytes) -> Iterator[bytes]:
    """A binlog file's bytes to events, each with its header, as ``StreamDecoder.feed`` takes them.

    DataProblem when it is no binlog file, or ends within an event."""
    if data[:4] != MAGIC:
        raise DataProblem(MALFORMED, f"a binlog file starts with fe 62 69 6e, this one with {data[:4].hex(' ')!r}")
    at = 4
    while at < len(data):
        size = int.from_bytes(data[at + 9 : at + 13], "little")
        if size < HEADER_SIZE or at + size > len(data):
            raise DataProblem(MALFORMED, f"an event of {size} bytes doesn't fit", {"position": at})
        yield data[at : at + size]
        at += size
