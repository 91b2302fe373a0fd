"""What frames an event: its 19-byte header, its CRC-32, and the FORMAT_DESCRIPTION that says how to read the rest.

Sources: MySQL's libs/mysql/binlog/event/binlog_event.h (header, flags, event types) and control_events.h
(Format_description_event); the page "Replication: Binary Log Event" of the MySQL internals documentation.
"""

from __future__ import annotations

import enum
import re
import struct
import zlib
from dataclasses import dataclass

from ingest.binlog.cursor import Damage
from ingest.problems import DataProblem, declare

MALFORMED = declare(
    "binlog.malformed",
    "A binlog event is damaged: it doesn't follow its own format.",
    "Read the stream again from the frontier. If it comes back at the same position, the source's binlog is damaged "
    "there (check with mysqlbinlog --verify-binlog-checksum): take another replica as source, or snapshot again.",
)
CHECKSUM = declare(
    "binlog.checksum",
    "A binlog event's CRC-32 doesn't fit its bytes.",
    "Read the stream again from the frontier: a fault of the network goes away. If it comes back at the same "
    "position, the source's binlog file is damaged: take another replica as source.",
)
LENGTH = declare(
    "binlog.length",
    "A packet isn't as long as the binlog event in it says.",
    "Read the stream again from the frontier: a fault of the network goes away. If it comes back at the same "
    "position, the source's binlog file is damaged: take another replica as source.",
)
DAMAGED_IN_TRANSIT = frozenset({CHECKSUM, LENGTH})
"""What a second reading of the same events may mend."""

CHECKSUM_ALGORITHM = declare(
    "binlog.checksum_algorithm",
    "The source uses a checksum algorithm that isn't known.",
    "Set binlog_checksum to CRC32 or NONE on the source.",
)

HEADER = struct.Struct("<IBIIIH")
HEADER_SIZE = HEADER.size
CHECKSUM_SIZE = 4

FLAG_IN_USE = 0x01
FLAG_ARTIFICIAL = 0x20
FLAG_IGNORABLE = 0x80


class EventType(enum.IntEnum):
    """Event types of MySQL 5.0 to 9.x (Log_event_type)."""

    START_V3 = 1
    QUERY = 2
    STOP = 3
    ROTATE = 4
    INTVAR = 5
    LOAD = 6
    SLAVE = 7
    CREATE_FILE = 8
    APPEND_BLOCK = 9
    EXEC_LOAD = 10
    DELETE_FILE = 11
    NEW_LOAD = 12
    RAND = 13
    USER_VAR = 14
    FORMAT_DESCRIPTION = 15
    XID = 16
    BEGIN_LOAD_QUERY = 17
    EXECUTE_LOAD_QUERY = 18
    TABLE_MAP = 19
    WRITE_ROWS_V1 = 23
    UPDATE_ROWS_V1 = 24
    DELETE_ROWS_V1 = 25
    INCIDENT = 26
    HEARTBEAT = 27
    IGNORABLE = 28
    ROWS_QUERY = 29
    WRITE_ROWS = 30
    UPDATE_ROWS = 31
    DELETE_ROWS = 32
    GTID = 33
    ANONYMOUS_GTID = 34
    PREVIOUS_GTIDS = 35
    TRANSACTION_CONTEXT = 36
    VIEW_CHANGE = 37
    XA_PREPARE = 38
    PARTIAL_UPDATE_ROWS = 39
    TRANSACTION_PAYLOAD = 40
    HEARTBEAT_V2 = 41
    GTID_TAGGED = 42


def event_name(number: int) -> str:
    """``WRITE_ROWS (30)``, or the bare number where it isn't known."""
    try:
        return f"{EventType(number).name} ({number})"
    except ValueError:
        return f"type {number}"


@dataclass(frozen=True, slots=True)
class EventFormat:
    """What a FORMAT_DESCRIPTION event says: the server's version text, the post-header length of each event type
    (index: type - 1) and whether the file's events carry a CRC-32."""

    server_version: str
    post_header_lengths: bytes
    checksum: bool

    def post_header_length(self, event_type: int) -> int:
        """The post-header length of an event type; 0 for one that the server doesn't list."""
        index = event_type - 1
        return self.post_header_lengths[index] if index < len(self.post_header_lengths) else 0


def format_of(body: bytes) -> EventFormat:
    """A FORMAT_DESCRIPTION body (with its checksum, which it always has room for from 5.6.1 on) to an EventFormat."""
    if len(body) < 57:
        raise Damage(f"a FORMAT_DESCRIPTION of {len(body)} bytes is too short")
    binlog_version = int.from_bytes(body[:2], "little")
    version = body[2:52].partition(b"\0")[0].decode("ascii", "backslashreplace")
    if binlog_version != 4 or body[56] != HEADER_SIZE:
        raise Damage(f"binlog version {binlog_version} with headers of {body[56]} bytes (4 and 19 are known)")
    if not has_checksum_field(version):
        return EventFormat(version, body[57:], checksum=False)
    if len(body) < 57 + 1 + CHECKSUM_SIZE:
        raise Damage("a FORMAT_DESCRIPTION ends before its checksum")
    algorithm = body[-5]
    if algorithm not in (0, 1):
        raise DataProblem(
            CHECKSUM_ALGORITHM, f"checksum algorithm {algorithm} isn't known", {"server_version": version}
        )
    return EventFormat(version, body[57:-5], checksum=algorithm == 1)


def has_checksum_field(version: str) -> bool:
    """Whether a server of this version writes the checksum algorithm into FORMAT_DESCRIPTION (5.6.1 and newer)."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return match is not None and (int(match[1]), int(match[2]), int(match[3] or 0)) >= (5, 6, 1)


def verify_checksum(event: bytes, end: int, mask_in_use: bool = False) -> None:
    """Check the CRC-32 in ``event[end:end+4]`` over what is before it. DataProblem when it doesn't fit.

    ``mask_in_use``: FORMAT_DESCRIPTION events are summed as if their in-use flag weren't set.
    """
    view = memoryview(event)
    if mask_in_use:
        flags = HEADER_SIZE - 2
        crc = zlib.crc32(view[:flags])
        crc = zlib.crc32(bytes([event[flags] & ~FLAG_IN_USE]), crc)
        crc = zlib.crc32(view[flags + 1 : end], crc)
    else:
        crc = zlib.crc32(view[:end])
    stored = int.from_bytes(view[end : end + CHECKSUM_SIZE], "little")
    if crc != stored:
        raise DataProblem(CHECKSUM, f"the event says CRC-32 {stored:#010x}, its bytes give {crc:#010x}")
