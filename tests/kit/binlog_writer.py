"""Real binlog bytes from Python values: what a MySQL 9 with ROW format, FULL image and FULL metadata would write.

For tests and for simulations whose fake MySQL must emit real bytes. A ``BinlogWriter`` is one binlog file being
written: each method returns the event's bytes (header and CRC-32 included) and keeps them, so that ``file_bytes`` is
the file so far and positions are right. Written from MySQL's format pages, not from the decoder, and checked against
mysql-replication as well (tests/unit/kit/test_binlog_writer.py).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

Value = int | str | None
Row = Sequence[Value]

_INTEGERS = {"tinyint": (1, 1), "smallint": (2, 2), "mediumint": (9, 3), "int": (3, 4), "bigint": (8, 8)}
GTID_EVENT_BYTES = 80
_VARCHAR = 15
_UTF8MB4 = 255

QUERY, ROTATE, FORMAT_DESCRIPTION, XID, TABLE_MAP = 2, 4, 15, 16, 19
HEARTBEAT, WRITE_ROWS, UPDATE_ROWS, DELETE_ROWS = 27, 30, 31, 32
GTID, ANONYMOUS_GTID, PREVIOUS_GTIDS, TRANSACTION_PAYLOAD, GTID_TAGGED = 33, 34, 35, 40, 42
ARTIFICIAL, IGNORABLE = 0x20, 0x80

#: Post-header lengths of MySQL 9, by event type from 1 on (as a 9.7 server sends them).
POST_HEADERS = bytes.fromhex("000d0008000000000400040000006300041a08000000000000020000000a0a0a2a2a001234000a280000")


@dataclass(frozen=True)
class ColumnSpec:
    """A column: ``kind`` is tinyint, smallint, mediumint, int, bigint or varchar; ``length`` of a varchar in bytes."""

    name: str
    kind: str = "int"
    nullable: bool = False
    unsigned: bool = False
    length: int = 80


@dataclass(frozen=True)
class TableSpec:
    """A table with its id in the binlog; ``primary_key`` as column indexes."""

    database: str
    name: str
    columns: tuple[ColumnSpec, ...]
    primary_key: tuple[int, ...] = (0,)
    table_id: int = 100


@dataclass(frozen=True)
class Change:
    """One row changed: an insert has no ``before``, a delete no ``after``."""

    table: TableSpec
    before: tuple[Value, ...] | None
    after: tuple[Value, ...] | None


@dataclass
class BinlogWriter:
    """One binlog file. ``timestamp``: the seconds in the event headers."""

    server_uuid: str = "11111111-2222-3333-4444-555555555555"
    server_id: int = 1
    server_version: str = "9.7.0"
    file: str = "binlog.000001"
    checksum: bool = True
    timestamp: int = 1_700_000_000
    position: int = 4
    _events: list[bytes] = field(default_factory=list)

    # --- the file --------------------------------------------------------------------------------------------------

    def file_bytes(self) -> bytes:
        """The file so far, magic number included."""
        return b"\xfebin" + b"".join(self._events)

    def events(self) -> list[bytes]:
        """The file's events so far."""
        return list(self._events)

    def format_description(self) -> bytes:
        """The first event of a file."""
        version = self.server_version.encode().ljust(50, b"\0")
        body = struct.pack("<H50sIB", 4, version, self.timestamp, 19) + POST_HEADERS + bytes([self.checksum])
        return self.append_event(FORMAT_DESCRIPTION, body, always_checksum=True)

    def previous_gtids(self, encoded: bytes) -> bytes:
        """The second event of a file: ``GtidSet.encode()`` of all before it."""
        return self.append_event(PREVIOUS_GTIDS, encoded, flags=IGNORABLE)

    def rotate(self, next_file: str) -> bytes:
        """The last event of a file that is followed by another one."""
        return self.append_event(ROTATE, struct.pack("<Q", 4) + next_file.encode())

    # --- not in the file: what a server sends besides ------------------------------------------------------------------

    def fake_rotate(self, position: int = 4) -> bytes:
        """The event before a file's events in a dump: names the file."""
        body = struct.pack("<Q", position) + self.file.encode()
        return self.event(ROTATE, body, end_position=0, flags=ARTIFICIAL, timestamp=0)

    def heartbeat(self) -> bytes:
        """What an idle server sends."""
        return self.event(HEARTBEAT, self.file.encode(), end_position=self.position, flags=ARTIFICIAL, timestamp=0)

    # --- transactions --------------------------------------------------------------------------------------------------

    def transaction(
        self,
        gno: int,
        changes: Sequence[Change],
        commit_us: int | None = None,
        tag: str = "",
        states_length: bool = True,
    ) -> bytes:
        """A whole transaction: GTID, BEGIN, a table map and a rows event per run of like changes, XID. ``states_length``:
        as since MySQL 8.0.2; else it has no commit timestamps either, as in 5.6 and 5.7."""
        length = self._length_of(changes) if states_length else None
        parts = [self.gtid(gno, commit_us, tag, length=length), self.query("", "BEGIN")]
        for run in _runs(changes):
            parts += [self.table_map(run[0].table), self.rows(run)]
        parts.append(self.xid(gno))
        return b"".join(parts)

    def _length_of(self, changes: Sequence[Change]) -> int:
        """What a server states: all events of the transaction, the GTID event too (about)."""
        other = BinlogWriter(self.server_uuid, self.server_id, self.server_version, checksum=self.checksum)
        other.query("", "BEGIN")
        for run in _runs(changes):
            other.table_map(run[0].table)
            other.rows(run)
        other.xid(1)
        return GTID_EVENT_BYTES + sum(map(len, other.events()))

    def compressed(self, gno: int, changes: Sequence[Change], commit_us: int | None = None) -> bytes:
        """A transaction as binlog_transaction_compression=ON writes it."""
        inner = BinlogWriter(self.server_uuid, self.server_id, self.server_version, checksum=False)
        inner.query("", "BEGIN")
        for run in _runs(changes):
            inner.table_map(run[0].table)
            inner.rows(run)
        inner.xid(gno)
        inflated = b"".join(inner.events())
        length = GTID_EVENT_BYTES + len(_payload_body(inflated)) + 23
        return self.gtid(gno, commit_us, length=length) + self.payload(inflated)

    def payload(self, inflated: bytes) -> bytes:
        """A TRANSACTION_PAYLOAD event of events without checksums."""
        return self.append_event(TRANSACTION_PAYLOAD, _payload_body(inflated))

    def gtid(self, gno: int, commit_us: int | None = None, tag: str = "", length: int | None = 200) -> bytes:
        """A GTID event, tagged if there is a tag. ``length``: of the transaction, as it is stated; None: as before 8.0."""
        commit_us = self.timestamp * 1_000_000 if commit_us is None else commit_us
        uuid = bytes.fromhex(self.server_uuid.replace("-", ""))
        if tag:
            return self.append_event(GTID_TAGGED, _tagged_gtid(uuid, gno, tag, commit_us, length or 0))
        clock = struct.pack("<BQQ", 2, gno - 1, gno)
        body = struct.pack("<B16sQ", 0, uuid, gno) + clock
        if length is not None:
            body += commit_us.to_bytes(7, "little") + packed(length) + struct.pack("<I", 90700)
        return self.append_event(GTID, body)

    def query(self, database: str, sql: str) -> bytes:
        """A statement; BEGIN and COMMIT too."""
        charset = struct.pack("<BHHH", 4, 255, 255, 255)
        status = struct.pack("<BIBQ", 0, 0, 1, 0x20) + b"\x06\x03std" + charset
        name = database.encode()
        body = struct.pack("<IIBHH", 7, 0, len(name), 0, len(status)) + status + name + b"\0" + sql.encode()
        return self.append_event(QUERY, body)

    def xid(self, number: int) -> bytes:
        """The commit of a transaction."""
        return self.append_event(XID, struct.pack("<Q", number))

    def table_map(self, table: TableSpec) -> bytes:
        """A table's layout with full metadata."""
        return self.append_event(TABLE_MAP, table_map_body(table))

    def rows(self, changes: Sequence[Change]) -> bytes:
        """A rows event of changes of one kind to one table."""
        table = changes[0].table
        kind = _event_type(changes[0])
        present = b"\xff" * ((len(table.columns) + 7) // 8)
        head = table.table_id.to_bytes(6, "little") + struct.pack("<HH", 1, 2) + packed(len(table.columns)) + present
        if kind == UPDATE_ROWS:
            head += present
        images = [row_image(table, row) for change in changes for row in (change.before, change.after) if row]
        return self.append_event(kind, head + b"".join(images))

    # --- one event -------------------------------------------------------------------------------------------------------

    def event(self, kind: int, body: bytes, end_position: int, flags: int = 0, timestamp: int | None = None) -> bytes:
        """An event that isn't part of the file."""
        return self._framed(kind, body, end_position, flags, timestamp, self.checksum)

    def append_event(self, kind: int, body: bytes, flags: int = 0, always_checksum: bool = False) -> bytes:
        """Any event, as the file's next."""
        checksum = self.checksum or always_checksum
        self.position += 19 + len(body) + (4 if checksum else 0)
        event = self._framed(kind, body, self.position, flags, None, checksum)
        self._events.append(event)
        return event

    def _framed(
        self, kind: int, body: bytes, end_position: int, flags: int, timestamp: int | None, checksum: bool
    ) -> bytes:
        size = 19 + len(body) + (4 if checksum else 0)
        seconds = self.timestamp if timestamp is None else timestamp
        head = struct.pack("<IBIIIH", seconds, kind, self.server_id, size, end_position & 0xFFFFFFFF, flags)
        event = head + body
        return event + struct.pack("<I", zlib.crc32(event)) if checksum else event


def packed(number: int) -> bytes:
    """A length-encoded integer."""
    if number < 251:
        return bytes([number])
    for mark, size in ((252, 2), (253, 3), (254, 8)):
        if number < 1 << 8 * size:
            return bytes([mark]) + number.to_bytes(size, "little")
    raise ValueError(f"{number} is too large")


def varlen(number: int) -> bytes:
    """A variable-length integer of MySQL's serialization library."""
    for follow in range(8):
        if number < 1 << 7 * (follow + 1):
            return (number << (follow + 1) | (1 << follow) - 1).to_bytes(follow + 1, "little")
    return b"\xff" + number.to_bytes(8, "little")


def table_map_body(table: TableSpec) -> bytes:
    """A TABLE_MAP event's body with full metadata."""
    columns = table.columns
    database, name = table.database.encode(), table.name.encode()
    types = bytes(_INTEGERS[column.kind][0] if column.kind in _INTEGERS else _VARCHAR for column in columns)
    lengths = b"".join(struct.pack("<H", column.length) for column in columns if column.kind == "varchar")
    names = b"".join(packed(len(column.name.encode())) + column.name.encode() for column in columns)
    optional = _field(1, _high_bits([column.unsigned for column in columns if column.kind in _INTEGERS]))
    if lengths:
        optional += _field(2, packed(_UTF8MB4))
    optional += _field(4, names)
    if table.primary_key:
        optional += _field(8, b"".join(packed(index) for index in table.primary_key))
    optional += _field(12, _high_bits([True] * len(columns)))
    return (
        table.table_id.to_bytes(6, "little")
        + struct.pack("<H", 1)
        + packed(len(database)) + database + b"\0"
        + packed(len(name)) + name + b"\0"
        + packed(len(columns)) + types
        + packed(len(lengths)) + lengths
        + _low_bits([column.nullable for column in columns])
        + optional
    )  # fmt: skip


def row_image(table: TableSpec, row: Row) -> bytes:
    """A full row image."""
    if len(row) != len(table.columns):
        raise ValueError(f"{table.name} has {len(table.columns)} columns, the row {len(row)}")
    image = _low_bits([value is None for value in row])
    for column, value in zip(table.columns, row, strict=True):
        if isinstance(value, int):
            image += value.to_bytes(_INTEGERS[column.kind][1], "little", signed=not column.unsigned)
        elif isinstance(value, str):
            data = value.encode()
            image += len(data).to_bytes(1 if column.length < 256 else 2, "little") + data
    return image


def _payload_body(inflated: bytes) -> bytes:
    deflated = pa.Codec("zstd").compress(inflated, asbytes=True)
    fields = ((1, len(deflated)), (2, 0), (3, len(inflated)))
    head = b"".join(packed(number) + packed(len(packed(value))) + packed(value) for number, value in fields)
    return head + b"\0" + deflated


def _tagged_gtid(uuid: bytes, gno: int, tag: str, commit_us: int, length: int) -> bytes:
    fields = [
        (0, varlen(0)),
        (1, b"".join(varlen(byte) for byte in uuid)),
        (2, varlen(gno << 1)),
        (3, varlen(len(tag)) + tag.encode()),
        (4, varlen((gno - 1) << 1)),
        (5, varlen(gno << 1)),
        (6, varlen(commit_us)),
        (8, varlen(length)),
        (9, varlen(90700)),
    ]
    body = b"".join(varlen(number) + value for number, value in fields)
    for guess in range(len(body) + 3, len(body) + 12):
        message = varlen(1) + varlen(guess) + varlen(0) + body
        if len(message) == guess:
            return message
    raise AssertionError("a message's size includes itself")


def _runs(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes cut where the table or the kind of change changes."""
    runs: list[list[Change]] = []
    for change in changes:
        if runs and runs[-1][0].table == change.table and _event_type(runs[-1][0]) == _event_type(change):
            runs[-1].append(change)
        else:
            runs.append([change])
    return runs


def _event_type(change: Change) -> int:
    if change.before is None:
        return WRITE_ROWS
    return DELETE_ROWS if change.after is None else UPDATE_ROWS


def _field(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + packed(len(value)) + value


def _low_bits(flags: Sequence[bool]) -> bytes:
    """First flag in the lowest bit of the first byte."""
    number = sum(flag << place for place, flag in enumerate(flags))
    return number.to_bytes((len(flags) + 7) // 8, "little")


def _high_bits(flags: Sequence[bool]) -> bytes:
    """First flag in the highest bit of the first byte."""
    size = (len(flags) + 7) // 8
    return sum(flag << (8 * size - 1 - place) for place, flag in enumerate(flags)).to_bytes(size, "big")
