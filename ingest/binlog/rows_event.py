"""Rows events (WRITE, UPDATE, DELETE; v1 of 5.1 to 5.5, v2 of 5.6 and newer) to RowsEvent, images untouched.

Source: MySQL's libs/mysql/binlog/event/rows_event.h (Rows_event). The extra row information of v2 (NDB, partition
ids) is passed over by its length.
"""

from __future__ import annotations

from ingest.binlog.cursor import Cursor, Damage
from ingest.codec import RowsEvent
from ingest.slices import Kind

_OLD_POST_HEADER = 6  # before 5.1.4: table ids of 4 bytes
_V2_POST_HEADER = 10


def read_rows_event(
    kind: Kind, data: bytes, start: int, end: int, post_header_length: int, partial_json: bool
) -> RowsEvent:
    """The body ``data[start:end]`` of a rows event. Damage when it is too short."""
    at = start + post_header_length
    if post_header_length < _OLD_POST_HEADER:
        raise Damage("a rows event of a form that the FORMAT_DESCRIPTION says isn't used")
    if at >= end:
        raise Damage("a rows event ends within its header")
    table_id = int.from_bytes(data[start : start + (4 if post_header_length == _OLD_POST_HEADER else 6)], "little")
    if post_header_length == _V2_POST_HEADER:
        extra = data[start + 8] | data[start + 9] << 8  # counts its own two bytes
        if extra < 2:
            raise Damage(f"{extra} bytes of extra row information")
        at += extra - 2
    cursor = Cursor(data, at, end)
    count = cursor.packed()
    width = (count + 7) // 8
    before = cursor.take(width) if kind != Kind.INSERT else b""
    after = cursor.take(width) if kind != Kind.DELETE else b""
    if count == 0:
        raise Damage("a rows event without columns")
    return RowsEvent(table_id, kind, count, before, after, cursor.rest(), partial_json)
