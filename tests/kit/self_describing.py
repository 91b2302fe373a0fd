"""What a reader asks of a schema history, when the table maps say all themselves (binlog_row_metadata = FULL)."""

from __future__ import annotations


class NoHistory:
    """See ``ingest.lane.routing.SchemaSource``."""

    encoded = ""

    def on_statement(self, gtid: str, database: str, sql: str) -> str | None:
        """Nothing is kept."""
        return None

    def supplement_for(self, gtid: str, body: bytes) -> bytes:
        """Nothing is added."""
        return b""
