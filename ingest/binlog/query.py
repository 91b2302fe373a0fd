"""QUERY events: the database, the SQL text and what is needed of the session it ran in.

Source: MySQL's libs/mysql/binlog/event/statement_events.h (Query_event, status variables).
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.binlog.charsets import codec_of
from ingest.binlog.cursor import Cursor, Damage

_FIXED = 13  # thread id 4, seconds 4, length of the database name 1, error code 2, length of the status variables 2

_BINARY = 63
_SQL_MODE, _CATALOG_NZ, _CHARSET = 1, 6, 4
#: Status variables that may stand before the character set, with their sizes; all others come behind it.
_SIZES = {0: 4, _SQL_MODE: 8, 3: 4, _CHARSET: 6}


@dataclass(frozen=True, slots=True)
class Query:
    """``sql`` in bytes, and the ``status`` variables of the session that it ran in."""

    database: str
    sql: bytes
    status: bytes

    def session(self) -> tuple[int | None, int]:
        """(client character set as a collation id, or None where it isn't said; sql_mode)."""
        return _session(Cursor(self.status))

    def text(self, collation: int | None) -> str:
        """The SQL as text. Text that its character set doesn't have (a comment or a literal may hold anything) comes
        as ASCII, its other bytes as ``\\xNN``: visible, and no name of the schema.
        """
        codec = "utf-8" if collation is None or collation == _BINARY else codec_of(collation)
        try:
            return self.sql.decode(codec)
        except UnicodeDecodeError:
            return self.sql.decode("ascii", "backslashreplace")


def read_query(body: bytes, post_header_length: int) -> Query:
    """A QUERY body to its parts. Damage when it is too short."""
    cursor = Cursor(body)
    fixed = cursor.take(max(post_header_length, _FIXED))
    status = cursor.take(fixed[11] | fixed[12] << 8)
    database = cursor.take(fixed[8]).decode("utf-8")
    if cursor.uint(1) != 0:
        raise Damage("the database name of a QUERY doesn't end")
    return Query(database, cursor.rest(), status)


def _session(status: Cursor) -> tuple[int | None, int]:
    """Reading ends at the first variable that isn't known: what is wanted comes before those."""
    sql_mode = 0
    while status.left:
        code = status.uint(1)
        if code == _CATALOG_NZ:
            status.take(status.uint(1))
            continue
        if code not in _SIZES:
            break
        value = status.take(_SIZES[code])
        if code == _SQL_MODE:
            sql_mode = int.from_bytes(value, "little")
        elif code == _CHARSET:
            return int.from_bytes(value[:2], "little"), sql_mode
    return None, sql_mode
