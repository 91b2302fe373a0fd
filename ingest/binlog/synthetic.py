"""Events that no file holds, as a server makes them up for a dump: which file comes, and how its events are framed."""

from __future__ import annotations

import zlib

from ingest.binlog.framing import (
    CHECKSUM_SIZE,
    FLAG_ARTIFICIAL,
    FLAG_IN_USE,
    HEADER,
    HEADER_SIZE,
    EventType,
    has_checksum_field,
)


def rotate_to(file: str, *, checksum: bool) -> bytes:
    """ROTATE to the start of a file. ``checksum``: with a CRC-32, as the events before it."""
    body = (4).to_bytes(8, "little") + file.encode()
    size = HEADER_SIZE + len(body) + (CHECKSUM_SIZE if checksum else 0)
    event = HEADER.pack(0, EventType.ROTATE, 0, size, 0, FLAG_ARTIFICIAL) + body
    return event + zlib.crc32(event).to_bytes(CHECKSUM_SIZE, "little") if checksum else event


def format_saying(description: bytes, *, checksum: bool) -> bytes:
    """A FORMAT_DESCRIPTION event like another, but for whether the events behind it carry a CRC-32. Of a server that knows
    of none (before 5.6.1) it is the same."""
    version = description[HEADER_SIZE + 2 : HEADER_SIZE + 52].partition(b"\0")[0].decode("ascii", "replace")
    if not has_checksum_field(version):
        return description
    timestamp, kind, server_id, size, _, flags = HEADER.unpack_from(description)
    head = HEADER.pack(timestamp, kind, server_id, size, 0, (flags | FLAG_ARTIFICIAL) & ~FLAG_IN_USE)
    event = head + description[HEADER_SIZE : -CHECKSUM_SIZE - 1] + bytes([checksum])
    return event + zlib.crc32(event).to_bytes(CHECKSUM_SIZE, "little")
