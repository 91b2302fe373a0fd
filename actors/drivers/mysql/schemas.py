"""The schema source of a stream: nothing, where the table maps say everything."""

from __future__ import annotations

from actors.drivers.mysql.session import Session


class SelfDescribing:
    """``ingest.lane.router.SchemaSource`` of a server with binlog_row_metadata=FULL."""

    def on_statement(self, _gtid: str, _database: str, _sql: str) -> str | None:
        """The next table map tells."""
        return None

    def supplement_for(self, _gtid: str, _body: bytes) -> bytes:
        """Nothing to add."""
        return b""


def schemas_for(_session: Session, _history: str, _held: str) -> SelfDescribing:
    """What the table maps of this stream don't say."""
    return SelfDescribing()
