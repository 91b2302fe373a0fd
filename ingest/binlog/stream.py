"""PureStreamDecoder: the packets of one dump to events, in binlog order, with positions. No I/O.

It checks the frame (length, CRC-32), follows FORMAT_DESCRIPTION, ROTATE and the transactions, and refuses by name
what it doesn't understand. Passed over knowingly: what MySQL marks as ignorable, PREVIOUS_GTIDS, ROWS_QUERY (the SQL
behind row changes), STOP, and group replication's VIEW_CHANGE and TRANSACTION_CONTEXT.

Positions are 64-bit: a header holds the low 32 bits of its end position, and a file may be longer than that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ingest.binlog.cursor import Cursor, Damage, Damaged
from ingest.binlog.framing import (
    CHECKSUM_SIZE,
    FLAG_IGNORABLE,
    HEADER,
    HEADER_SIZE,
    LENGTH,
    MALFORMED,
    EventFormat,
    EventType,
    event_name,
    format_of,
    verify_checksum,
)
from ingest.binlog.gtid_event import read_gtid, read_tagged_gtid
from ingest.binlog.payload import inner_events
from ingest.binlog.query import read_query
from ingest.binlog.rows_event import read_rows_event
from ingest.binlog.table_map import table_name_of
from ingest.binlog.transaction import NO_GTID, TransactionState
from ingest.codec import (
    BinlogEvent,
    EventPackets,
    Heartbeat,
    Rotated,
    Statement,
    TableMap,
    TransactionBegin,
    TransactionEnd,
)
from ingest.problems import DataProblem, declare
from ingest.slices import Kind

UNKNOWN_EVENT = declare(
    "binlog.unknown_event",
    "The binlog holds an event of a type that this version doesn't understand.",
    "Upgrade ray-binlog-ingest; if the source isn't MySQL (MariaDB has event types of its own), use a MySQL source.",
)
INCIDENT = declare(
    "binlog.incident",
    "The source says that its binlog lost events (an INCIDENT event).",
    "Rows may be missing: take a new snapshot of the tables, then start the lane behind this position.",
)
STATEMENT_FORMAT = declare(
    "binlog.statement_format",
    "A data change is in the binlog as a statement, not as rows.",
    "Set binlog_format=ROW on the source and in every session that writes, then take a new snapshot of the tables.",
)
_MAX_TABLE_MAPS = 1024
_DUMMY_TABLE_ID = 0xFFFFFFFFFFFF
_ROWS = {
    EventType.WRITE_ROWS_V1: Kind.INSERT,
    EventType.WRITE_ROWS: Kind.INSERT,
    EventType.UPDATE_ROWS_V1: Kind.UPDATE,
    EventType.UPDATE_ROWS: Kind.UPDATE,
    EventType.DELETE_ROWS_V1: Kind.DELETE,
    EventType.DELETE_ROWS: Kind.DELETE,
    EventType.PARTIAL_UPDATE_ROWS: Kind.UPDATE,
}
_PASSED_OVER = {
    EventType.STOP,
    EventType.IGNORABLE,
    EventType.ROWS_QUERY,
    EventType.PREVIOUS_GTIDS,
    EventType.TRANSACTION_CONTEXT,
    EventType.VIEW_CHANGE,
}
_STATEMENT_EVENTS = {
    EventType.INTVAR,
    EventType.RAND,
    EventType.USER_VAR,
    EventType.BEGIN_LOAD_QUERY,
    EventType.EXECUTE_LOAD_QUERY,
    EventType.APPEND_BLOCK,
    EventType.DELETE_FILE,
}


class PureStreamDecoder:
    """See ``ingest.codec.StreamDecoder``; one per dump.

    ``checksum``: whether events carry a CRC-32 until the first FORMAT_DESCRIPTION says so itself (what the client
    asked for with @source_binlog_checksum). ``file``, ``position``: where the stream starts, where that is known.
    """

    def __init__(self, checksum: bool, file: str = "", position: int = 4) -> None:
        self._checksum = checksum
        self._file = file
        self._position = position
        self._format: EventFormat | None = None
        self._transaction = TransactionState()
        self._inflating = False
        self._payloads: deque[bytes] = deque()
        self._events: Iterator[BinlogEvent] = iter(())
        self._tables: set[int] = set()
        self._table_maps: dict[bytes, TableMap] = {}
        self._handlers: dict[int, Callable[[int, int, bytes, int, int], Iterable[BinlogEvent]]] = {
            EventType.GTID: self._gtid,
            EventType.GTID_TAGGED: self._gtid,
            EventType.ANONYMOUS_GTID: self._anonymous,
            EventType.QUERY: self._query,
            EventType.TABLE_MAP: self._table_map,
            EventType.XID: self._xid,
            EventType.XA_PREPARE: self._xa_prepare,
            EventType.ROTATE: self._rotate,
            EventType.HEARTBEAT: self._heartbeat,
            EventType.HEARTBEAT_V2: self._heartbeat_v2,
            EventType.TRANSACTION_PAYLOAD: self._payload,
            EventType.INCIDENT: self._incident,
            **dict.fromkeys(_ROWS, self._rows),
            **dict.fromkeys(_STATEMENT_EVENTS, self._statement_event),
            **dict.fromkeys(_PASSED_OVER, self._pass_over),
        }

    @property
    def short_way(self) -> None:
        """See ``StreamDecoder``."""
        return None

    def push(self, packets: EventPackets) -> None:
        """See ``StreamDecoder``."""
        self._payloads.extend(packets[index] for index in range(len(packets)))

    def next_event(self) -> BinlogEvent | None:
        """See ``StreamDecoder``."""
        while True:
            event = next(self._events, None)
            if event is not None:
                return event
            if not self._payloads:
                return None
            self._events = iter(self.feed(self._payloads.popleft()))

    def feed(self, payload: bytes) -> Iterable[BinlogEvent]:
        """One event (header and checksum included) to its BinlogEvents, to be consumed before the next call: a
        compressed transaction is inflated as they are taken (RuntimeError when the last one wasn't finished).
        DataProblem names file, position and transaction; the decoder is of no use after one.
        """
        if self._inflating:
            raise RuntimeError("the events of a compressed transaction were not all taken")
        try:
            events = self._feed(payload)
        except (DataProblem, *Damaged) as error:
            raise self._problem(payload, error) from error
        if isinstance(events, tuple):
            return events
        self._inflating = True
        return self._guarded(payload, events)

    def _guarded(self, payload: bytes, events: Iterable[BinlogEvent]) -> Iterator[BinlogEvent]:
        try:
            yield from events
        except (DataProblem, *Damaged) as error:
            raise self._problem(payload, error) from error
        self._inflating = False

    def _problem(self, payload: bytes, error: Exception) -> DataProblem:
        where = {"file": self._file, "position": self._position}
        if self._transaction.gtid is not None:
            where["gtid"] = self._transaction.gtid
        if isinstance(error, DataProblem):
            return DataProblem(error.code, error.what, {**where, **error.where}, error.hint)
        if len(payload) >= HEADER_SIZE:
            where["event"] = event_name(payload[4])
        return DataProblem(MALFORMED, str(error), where)

    def _feed(self, payload: bytes) -> Iterable[BinlogEvent]:
        end = len(payload)
        if end < HEADER_SIZE:
            raise DataProblem(LENGTH, f"a packet of {end} bytes is no event")
        timestamp, kind, _, size, end_position, flags = HEADER.unpack_from(payload)
        if size != end:
            raise DataProblem(LENGTH, f"an event says {size} bytes and has {end}")
        if kind == EventType.FORMAT_DESCRIPTION:
            return self._format_description(payload)
        if self._checksum:
            end -= CHECKSUM_SIZE
            if end < HEADER_SIZE:
                raise DataProblem(LENGTH, "an event ends before its checksum")
            verify_checksum(payload, end)
        if end_position:
            self._advance(end_position)
        return self._dispatch(kind, flags, timestamp, payload, HEADER_SIZE, end)

    def _dispatch(
        self, kind: int, flags: int, timestamp: int, data: bytes, start: int, end: int
    ) -> Iterable[BinlogEvent]:
        handler = self._handlers.get(kind)
        if handler is not None:
            return handler(kind, timestamp, data, start, end)
        if flags & FLAG_IGNORABLE:
            return ()
        raise DataProblem(UNKNOWN_EVENT, f"event {event_name(kind)} isn't understood")

    def _advance(self, low: int) -> None:
        """The end position of the event at hand, given its low 32 bits: positions rise within a file."""
        position = (self._position & ~0xFFFFFFFF) | low
        self._position = position if position >= self._position else position + (1 << 32)

    def _format_description(self, payload: bytes) -> tuple[BinlogEvent, ...]:
        self._format = format_of(payload[HEADER_SIZE:])
        self._checksum = self._format.checksum
        if self._checksum:
            verify_checksum(payload, len(payload) - CHECKSUM_SIZE, mask_in_use=True)
        end_position = int.from_bytes(payload[13:17], "little")
        if end_position:
            self._position = max(self._position, end_position)
        return ()

    def _post_header_length(self, kind: int) -> int:
        if self._format is None:
            raise Damage("an event comes before the FORMAT_DESCRIPTION")
        return self._format.post_header_length(kind)

    def _gtid(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        body = data[start:end]
        gtid, commit_us = read_gtid(body) if kind == EventType.GTID else read_tagged_gtid(body)
        self._transaction.begin(gtid)
        self._tables.clear()
        begins_at = max(4, self._position - int.from_bytes(data[start - 10 : start - 6], "little"))
        return (TransactionBegin(gtid, commit_us or timestamp * 1_000_000, self._file, begins_at),)

    def _anonymous(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        raise DataProblem(NO_GTID, "a transaction is anonymous")

    def _query(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        query = read_query(data[start:end], self._post_header_length(kind))
        ends = self._transaction.query(query.sql)
        if ends is not None:
            return self._end() if ends else ()
        collation, sql_mode = query.session()
        statement = Statement(query.database, query.text(collation), sql_mode)
        return (statement, *self._end()) if self._transaction.statement_ends() else (statement,)

    def _end(self) -> tuple[BinlogEvent, ...]:
        return (TransactionEnd(self._transaction.end(), self._position),)

    def _xid(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        return self._end()

    def _xa_prepare(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        self._transaction.prepared(one_phase=bool(data[start]))
        return self._end()

    def _table_map(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        body = data[start:end]
        table_map = self._table_maps.get(body)
        if table_map is None:
            table_map = self._new_table_map(body, self._post_header_length(kind))
        self._tables.add(table_map.table_id)
        return (table_map,)

    def _new_table_map(self, body: bytes, post_header_length: int) -> TableMap:
        widened = body if post_header_length != 6 else body[:4] + b"\0\0" + body[4:]  # 4-byte ids before 5.1.4
        table_map = TableMap(int.from_bytes(widened[:6], "little"), table_name_of(widened), widened)
        if len(self._table_maps) >= _MAX_TABLE_MAPS:
            self._table_maps.clear()
        self._table_maps[body] = table_map
        return table_map

    def _rows(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        partial = kind == EventType.PARTIAL_UPDATE_ROWS
        event = read_rows_event(_ROWS[EventType(kind)], data, start, end, self._post_header_length(kind), partial)
        if event.table_id not in self._tables:
            if event.table_id == _DUMMY_TABLE_ID and not event.images:
                return ()  # ends a statement that changed nothing
            raise Damage(f"rows of table id {event.table_id}, which no TABLE_MAP of this transaction names")
        self._transaction.rows()
        return (event,)

    def _payload(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> Iterator[BinlogEvent]:
        for event in inner_events(data[start:end]):
            seconds, inner_kind, _, _, _, flags = HEADER.unpack_from(event)
            if inner_kind == EventType.TRANSACTION_PAYLOAD:
                raise Damage("a compressed transaction within a compressed transaction")
            yield from self._dispatch(inner_kind, flags, seconds, event, HEADER_SIZE, len(event))

    def _rotate(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        cursor = Cursor(data, start, end)
        position, file = cursor.uint(8), cursor.rest().decode("utf-8")
        if (file, position) == (self._file, self._position):
            return ()  # both the end of a file and the start of the next one say it
        self._file, self._position = file, position
        return (Rotated(file, position),)

    def _heartbeat(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        self._file = data[start:end].decode("utf-8")
        return (Heartbeat(self._file, self._position),)

    def _heartbeat_v2(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        cursor = Cursor(data, start, end)
        while (field := cursor.packed()) != 0:
            value = Cursor(cursor.take(cursor.packed()))
            if field == 1:
                self._file = value.rest().decode("utf-8")
            elif field == 2:
                self._position = value.packed()
        return (Heartbeat(self._file, self._position),)

    def _incident(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        message = data[start + 3 : end].decode("utf-8", "backslashreplace")
        raise DataProblem(INCIDENT, f"incident {int.from_bytes(data[start : start + 2], 'little')}: {message}")

    def _statement_event(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        raise DataProblem(STATEMENT_FORMAT, f"event {event_name(kind)} belongs to a statement that changes data")

    def _pass_over(self, kind: int, timestamp: int, data: bytes, start: int, end: int) -> tuple[BinlogEvent, ...]:
        return ()
