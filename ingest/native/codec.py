"""The native codec's reader half in one object (``ingest.codec.ReaderCodec``)."""

from __future__ import annotations

from ingest.binlog.table_map import table_schema
from ingest.binlog.walker import PureRowWalker
from ingest.lane.flow import FlowPlan
from ingest.native.flow import NativeFlow
from ingest.native.stream import NativeEventFramer, NativeStreamDecoder
from ingest.schema import TableSchema


class NativeReaderCodec:
    """See ``ReaderCodec``. Rows that come out as events (a new table, a NULL key) are cut by the pure walker."""

    def framer(self, payload_limit_bytes: int) -> NativeEventFramer:
        """A framer for a new dump."""
        return NativeEventFramer(payload_limit_bytes)

    def stream(self, *, checksum: bool) -> NativeStreamDecoder:
        """A decoder for a new dump; ``checksum``: CRC-32 was negotiated."""
        return NativeStreamDecoder(checksum)

    def table_schema(self, body: bytes, supplement: bytes) -> TableSchema:
        """A TABLE_MAP's body (and what the server didn't send) to the table's schema."""
        return table_schema(body, supplement)

    def walker(self, schema: TableSchema, before_present: bytes, after_present: bytes) -> PureRowWalker:
        """A walker for rows events of this shape."""
        return PureRowWalker(schema, before_present, after_present)

    def flow(self, plan: FlowPlan) -> NativeFlow:
        """A lane's buffers and ledger."""
        return NativeFlow(plan)
