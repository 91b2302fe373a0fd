"""The rows of a server's tables: schemas, and values as the text protocol gives them.

Two connections to one server: one asks in words (schemas, GTIDs), the other reads rows as raw bytes in UTC. Rows are
read without locks, chunk by chunk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from pymysql.cursors import SSCursor
from typing_extensions import Self

from actors.drivers.mysql.session import ConnectOptions, Session, connect_any
from actors.drivers.mysql.tables import table_schemas
from ingest.binlog.gtid import GtidSet
from ingest.mysql.endpoint import Endpoint
from ingest.rules.match import TablePattern
from ingest.schema import TableSchema
from ingest.snapshot.chunks import Key, TableQueries, Texts

KEYS_PER_STATEMENT = 200
_OWNER = re.compile(r"#\d+")
"""The thread that owns a GTID, behind it."""
_SESSION = (
    "SET time_zone = '+00:00', sql_mode = ''",  # PAD_CHAR_TO_FULL_LENGTH would change values
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION net_write_timeout = 3600",  # seconds: a slow sink makes us read slowly
)

Rows = tuple[Sequence[Texts], Sequence[Key]]
"""Values column by column, and the rows' keys (empty keys when the table has none)."""


class SelectedRows:
    """A source of rows: one server of a cluster."""

    def __init__(self, endpoints: Sequence[Endpoint], options: ConnectOptions) -> None:
        """Log in to the first host that lets us. Raises Problem."""
        self._words = connect_any(endpoints, options)
        self._raw = self._words.reopened()
        for statement in _SESSION:
            self._raw.query(statement)
        self._raw.connection.use_unicode = False
        self._raw.connection.decoders = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let both connections go. Never raises."""
        self._words.close()
        self._raw.close()

    @property
    def endpoint(self) -> Endpoint:
        """The server."""
        return self._words.endpoint

    def schemas(self, patterns: Sequence[TablePattern]) -> list[TableSchema]:
        """The tables that any pattern matches, as the binlog describes them. Raises Problem."""
        metadata = self._words.show("SHOW GLOBAL VARIABLES LIKE 'binlog_row_metadata'")
        promote = bool(metadata) and metadata[0]["value"].upper() == "FULL"
        return table_schemas(self._words, patterns, promote)

    def uuid(self) -> str:
        """The server's name among servers."""
        ((uuid,),) = self._words.query("SELECT @@GLOBAL.server_uuid")
        return str(uuid)

    def executed(self) -> GtidSet:
        """The server's gtid_executed."""
        ((text,),) = self._words.query("SELECT @@GLOBAL.gtid_executed")
        return GtidSet.parse(str(text))

    def committing(self) -> GtidSet:
        """The transactions that have a GTID already and aren't in gtid_executed yet."""
        ((owned,),) = self._words.query("SELECT @@GLOBAL.gtid_owned")
        return GtidSet.parse(_OWNER.sub("", str(owned or "")))

    def rows_about(self, queries: TableQueries) -> int:
        """About how many rows the table has."""
        found = self._words.query(queries.count())
        return int(str(found[0][0] or 0)) if found else 0

    def chunks(self, queries: TableQueries, rows: int) -> Iterator[Rows]:
        """All rows, at most ``rows`` at a time, in key order; a table without a key comes by one long SELECT."""
        if not queries.has_key:
            yield from _cut(self._raw, queries, rows)
            return
        after: Key | None = None
        while True:
            found = self._raw.query(queries.chunk(after, rows))
            if found:
                values, keys = _split(queries, found)
                yield values, keys
                after = keys[-1]
            if len(found) < rows:
                return

    def by_keys(self, queries: TableQueries, keys: Sequence[Key]) -> Iterator[Rows]:
        """The rows that still have these keys."""
        for start in range(0, len(keys), KEYS_PER_STATEMENT):
            found = self._raw.query(queries.rows(keys[start : start + KEYS_PER_STATEMENT]))
            if found:
                yield _split(queries, found)

    def last(self, queries: TableQueries, rows: int) -> Rows:
        """The last rows by key, the last one first."""
        return _split(queries, self._raw.query(queries.last(rows)))


def _cut(session: Session, queries: TableQueries, rows: int) -> Iterator[Rows]:
    """The whole table by an unbuffered SELECT."""
    sql = queries.whole()
    cursor = session.guarded(lambda: session.connection.cursor(SSCursor), sql)
    try:
        session.guarded(lambda: cursor.execute(sql), sql)
        while found := session.guarded(lambda: cursor.fetchmany(rows), sql):
            yield _split(queries, found)
    finally:
        session.guarded(cursor.close, sql)


def _split(queries: TableQueries, found: Sequence[Sequence[Any]]) -> Rows:
    """Rows of one of the statements: values by column, then the key's parts."""
    count = len(queries.columns)
    columns = list(zip(*found, strict=True))
    keys = list(zip(*columns[count:], strict=True)) or [()] * len(found)
    return columns[:count] or [()] * count, keys
