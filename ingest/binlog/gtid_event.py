"""GTID events to the GTID's text and its commit time.

Three layouts: 5.6 and 5.7 (flags, UUID, number, logical clock), 8.0 and newer (commit timestamps behind it), and the
tagged one of 8.3 and newer, which is a message of MySQL's serialization library. Sources: MySQL's
libs/mysql/binlog/event/control_events.h (Gtid_event) and libs/mysql/serialization/readme.md.

The commit time is the *original* commit timestamp: when the transaction committed on the server where it was made,
however many replicas it came through, since that is what a lag seen by users is measured from.
"""

from __future__ import annotations

from functools import lru_cache

from ingest.binlog.cursor import Cursor, Damage
from ingest.binlog.gtid import GNO_END

_LOGICAL_CLOCK = 2
_TWO_TIMESTAMPS = 1 << 55

# Field ids of a tagged GTID event, in the order of Gtid_event::define_fields.
_UUID, _NUMBER, _TAG, _IMMEDIATE, _ORIGINAL = 1, 2, 3, 6, 7
_KNOWN_FIELDS = 12
_SERIALIZATION_VERSION = 1


def read_gtid(body: bytes) -> tuple[str, int | None]:
    """A GTID (33) body to (GTID text, original commit time in microseconds or None before 8.0.1)."""
    if len(body) < 25:
        raise Damage(f"a GTID event of {len(body)} bytes is too short")
    gtid = f"{_uuid_text(body[1:17])}:{_checked(int.from_bytes(body[17:25], 'little'))}"
    if len(body) < 49 or body[25] != _LOGICAL_CLOCK:
        return gtid, None
    commit_us = int.from_bytes(body[42:49], "little")
    if commit_us & _TWO_TIMESTAMPS:
        if len(body) < 56:
            raise Damage("the original commit timestamp is missing")
        commit_us = int.from_bytes(body[49:56], "little")
    return gtid, commit_us


def read_tagged_gtid(body: bytes) -> tuple[str, int | None]:
    """A GTID_TAGGED (42) body to (GTID text, original commit time in microseconds)."""
    cursor = Cursor(body)
    if cursor.varlen() != _SERIALIZATION_VERSION:
        raise Damage("a tagged GTID event has an unknown serialization version")
    size = cursor.varlen()
    if size != len(body):
        raise Damage(f"a tagged GTID event says {size} bytes and has {len(body)}")
    if cursor.varlen() > _KNOWN_FIELDS:
        raise Damage("a tagged GTID event has a newer field that may not be ignored")
    uuid = tag = b""
    numbers: dict[int, int] = {}
    while cursor.left:
        field = cursor.varlen()
        if field >= _KNOWN_FIELDS:
            break  # newer, and ignorable as checked above; ids rise, so nothing known comes behind it
        if field == _UUID:
            uuid = bytes(cursor.varlen() for _ in range(16))
        elif field == _TAG:
            tag = cursor.take(cursor.varlen())
        else:
            numbers[field] = cursor.varlen()
    if len(uuid) != 16 or _NUMBER not in numbers or _IMMEDIATE not in numbers:
        raise Damage("a tagged GTID event lacks its UUID, number or commit time")
    gno = numbers[_NUMBER] >> 1  # a signed field: its sign is the lowest bit
    tsid = f"{_uuid_text(uuid)}:{tag.decode('ascii')}" if tag else _uuid_text(uuid)
    return f"{tsid}:{_checked(gno)}", numbers.get(_ORIGINAL, numbers[_IMMEDIATE])


@lru_cache(maxsize=1024)
def _uuid_text(uuid: bytes) -> str:
    text = uuid.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _checked(gno: int) -> int:
    if not 0 < gno < GNO_END:
        raise Damage(f"{gno} is not a transaction number")
    return gno
