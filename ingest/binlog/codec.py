"""The pure codec's reader half in one object: what the reader is built with (``ingest.codec.ReaderCodec``)."""

from __future__ import annotations

from ingest.binlog.stream import PureStreamDecoder
from ingest.binlog.table_map import table_schema
from ingest.binlog.walker import PureRowWalker
from ingest.lane.flow import FlowPlan, PureFlow
from ingest.mysql.framing import PureEventFramer
from ingest.schema import TableSchema


class PureReaderCodec:
    """See ``ingest.codec.ReaderCodec``."""

    def framer(self, payload_limit_bytes: int) -> PureEventFramer:
        """A framer for a new dump."""
        return PureEventFramer(payload_limit_bytes)

    def stream(self, *, checksum: bool) -> PureStreamDecoder:
        """A decoder for a new dump; ``checksum``: CRC-32 was negotiated."""
        return PureStreamDecoder(checksum)

    def table_schema(self, body: bytes, supplement: bytes) -> TableSchema:
        """A TABLE_MAP's body (and what the server didn't send) to the table's schema."""
        return table_schema(body, supplement)

    def walker(self, schema: TableSchema, before_present: bytes, after_present: bytes) -> PureRowWalker:
        """A walker for rows events of this shape."""
        return PureRowWalker(schema, before_present, after_present)

    def flow(self, plan: FlowPlan) -> PureFlow:
        """A lane's buffers and ledger."""
        return PureFlow(plan)
