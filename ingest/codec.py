"""The codec interface: bytes in, values out. The pure decoder implements it; a native one may replace it whole.

Reader side: ``StreamDecoder`` turns the packets of a dump into events, and ``RowWalker`` cuts a rows event into row
images without decoding them, with the document key of each. Sink side: ``SliceDecoder`` turns a slice into Arrow
record batches. None of them does I/O. All raise ``DataProblem`` and nothing else, whatever the bytes (invariant 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ingest.schema import TableName, TableSchema
from ingest.slices import Kind, Slice

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.lane.flow import FlowPlan, LaneFlow
    from ingest.lane.routing import ShortRoute


@dataclass(frozen=True, slots=True)
class TransactionBegin:
    """A GTID event: the transaction that the next events belong to. ``commit_us`` is None before MySQL 8.0.1 (the
    event header's seconds are used then).
    """

    gtid: str
    commit_us: int
    file: str
    position: int


@dataclass(frozen=True, slots=True)
class TableMap:
    """A TABLE_MAP event: ``body`` without header and checksum; names ready, the rest parsed on demand."""

    table_id: int
    name: TableName
    body: bytes


@dataclass(frozen=True, slots=True)
class RowsEvent:
    """A rows event of the table map ``table_id``. ``images`` is the run of row images after the bitmaps."""

    table_id: int
    kind: Kind
    column_count: int
    before_present: bytes
    after_present: bytes
    images: bytes
    partial_json: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A QUERY event which is not BEGIN: DDL, or a data change written as a statement (which stops the lane).
    ``sql_mode``: the session's, as bits (4, ANSI_QUOTES, changes how the text is read)."""

    database: str
    sql: str
    sql_mode: int = 0


@dataclass(frozen=True, slots=True)
class TransactionEnd:
    """The transaction is complete (XID, COMMIT, or the end of a DDL). ``position`` is that of the next event."""

    gtid: str
    position: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """The stream goes on in another binlog file."""

    file: str
    position: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The server has nothing to send; it is alive."""

    file: str
    position: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Events that a native stream has put into the flows by itself: where it stands after them. ``gtid``: the newest
    transaction, "" when none began. ``executed``: the transactions that ended, as (source, first, last). ``is_within``: the
    newest one hasn't ended."""

    gtid: str
    file: str
    position: int
    commit_us: int
    transactions: int
    row_changes: int
    executed: Sequence[tuple[str, int, int]]
    is_within: bool


BinlogEvent = TransactionBegin | TableMap | RowsEvent | Statement | TransactionEnd | Rotated | Heartbeat | Progress


class EventPackets(Protocol):
    """Events of a dump that came together, in order, each with its checksum and without the packet's status byte."""

    def __len__(self) -> int:
        """How many events."""

    def __getitem__(self, index: int, /) -> bytes:
        """One event."""

    @property
    def size_bytes(self) -> int:
        """The size of all events."""

    @property
    def ending(self) -> bytes | None:
        """The payload behind them that is no event (an error, an end), or None; what came behind it is gone."""


class EventFramer(Protocol):
    """Sans-IO: the bytes of a dump's socket to events."""

    @property
    def buffered_bytes(self) -> int:
        """Bytes held back because their payload isn't whole yet; 0 at a packet's end."""

    def feed(self, data: bytes) -> EventPackets:
        """The events that ``data`` completes. WorldProblem ``mysql.stream_corrupt``; DataProblem
        ``mysql.payload_too_large``. After a Problem the framer is of no use."""


class ShortWay(Protocol):
    """A stream that can put the rows of learned tables into the flows itself, without a value per event or row.

    What it can't do wholly (a new table, a statement, a NULL key, damage) comes out as an event, nothing of it done.
    """

    def flow_into(self, flows: Sequence[LaneFlow], limit_bytes: int | None = None) -> None:
        """From now on learned rows go to these flows (none: every event comes out). Nothing is learned any more. Of a
        transaction that may be longer than ``limit_bytes``, uncompressed, every event comes out."""

    def forget(self) -> None:
        """Nothing is learned any more."""

    def learn(
        self,
        table_map: bytes,
        schema: TableSchema,
        before_present: bytes,
        after_present: bytes,
        lanes: Sequence[tuple[int, Sequence[ShortRoute]]],
    ) -> None:
        """Rows of this table map and these bitmaps go to the flows, by number."""

    def pass_over(self, table_map: bytes, before_present: bytes, after_present: bytes) -> None:
        """Rows of this table map and these bitmaps concern no lane."""


class StreamDecoder(Protocol):
    """Sans-IO decoder of one dump: payloads of the packets after COM_BINLOG_DUMP_GTID, in order."""

    @property
    def short_way(self) -> ShortWay | None:
        """How rows can go to the flows without coming out; None in the pure decoder."""

    def push(self, packets: EventPackets) -> None:
        """Events behind those that wait."""

    def next_event(self) -> BinlogEvent | None:
        """The next event, or None when the payloads are used up.

        Compressed transactions give the events inside one by one, so that the caller can pause between them. Raises
        DataProblem: a checksum that doesn't fit, a truncated event, an event that isn't understood (named).
        """


@dataclass(frozen=True, slots=True)
class RowBlock:
    """The rows of one rows event. ``before[i]`` / ``after[i]``: raw image (null bitmap and values) or b""."""

    kind: Kind
    before: Sequence[bytes]
    after: Sequence[bytes]


class RowWalker(Protocol):
    """Cuts rows events of one (table map, columns-present bitmaps) pair."""

    def walk(self, event: RowsEvent) -> RowBlock:
        """Cut the event's run of images. DataProblem when it doesn't end where the event ends."""

    def keys(
        self,
        images: Sequence[bytes],
        columns: Sequence[int],
        after: bool | None = None,
        null_text: str | None = None,
    ) -> list[str]:
        """The key text of each image: see ``ingest.keys.join_key``; the columns by index into the schema.

        ``after``: the images are after images (False: before images). None will do where both kinds hold the same
        columns, as they do unless binlog_row_image is MINIMAL or NOBLOB. ``null_text`` stands for NULL; without one
        a NULL is a DataProblem, as is a column that isn't in the image.
        """


@dataclass(frozen=True, slots=True)
class DecodedSlice:
    """A slice as columns. ``before`` and ``after`` have one row per row of the slice (all null where the image is
    absent) and the requested columns, in the requested order; ``versions`` etc. stay in the slice.
    """

    schema: TableSchema
    before: pa.RecordBatch
    after: pa.RecordBatch
    kinds: Sequence[Kind]
    ordinals: Sequence[int]


class SliceDecoder(Protocol):
    """Row images to Arrow record batches."""

    def schema_of(self, part: Slice) -> TableSchema:
        """The table of a slice (cached by its bytes)."""

    def decode(self, part: Slice, columns: Sequence[int], before: Sequence[int] | None = None) -> DecodedSlice:
        """Decode the columns by index into the schema. ``before``: those of them to read of images before (None: all);
        the others are null there. DataProblem names table, column and what wasn't understood."""


class ReaderCodec(Protocol):
    """What the reader needs of a codec, in one object (``ingest.binlog.codec`` gives the pure one)."""

    def framer(self, payload_limit_bytes: int) -> EventFramer:
        """A framer for a new dump; the bound is on one event."""

    def stream(self, *, checksum: bool) -> StreamDecoder:
        """A decoder for a new dump; ``checksum``: CRC-32 was negotiated."""

    def table_schema(self, body: bytes, supplement: bytes) -> TableSchema:
        """A TABLE_MAP's body (and what the server didn't send) to the table's schema. DataProblem when names or types
        aren't known or don't fit.
        """

    def walker(self, schema: TableSchema, before_present: bytes, after_present: bytes) -> RowWalker:
        """A walker for rows events of this shape."""

    def flow(self, plan: FlowPlan) -> LaneFlow:
        """A lane's buffers and ledger."""
