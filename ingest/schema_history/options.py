"""Options of tables and databases: of all there are, only character set and collation matter here.

Source: MySQL reference manual, "CREATE TABLE Statement" (table_options) and "CREATE DATABASE Statement".
"""

from __future__ import annotations

from ingest.mysql.lexer import Kind, NotUnderstood
from ingest.mysql.token_cursor import TokenCursor
from ingest.schema_history.changes import Charset

_ONE_VALUE = (
    "AUTOEXTEND_SIZE",
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "TABLE_CHECKSUM",
    "COMMENT",
    "COMPRESSION",
    "CONNECTION",
    "DELAY_KEY_WRITE",
    "ENCRYPTION",
    "ENGINE",
    "TYPE",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "INSERT_METHOD",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "PASSWORD",
    "ROW_FORMAT",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "TABLESPACE",
    "STORAGE",
)
_DATABASE_ONE_VALUE = ("ENCRYPTION",)


def read_charset(cursor: TokenCursor) -> Charset | None:
    """``[DEFAULT] CHARACTER SET [=] x`` or ``[DEFAULT] COLLATE [=] x`` at the cursor, or None."""
    words = [cursor.peek(index).text.upper() for index in range(3) if cursor.peek(index).kind is Kind.WORD]
    skip = 1 if words[:1] == ["DEFAULT"] else 0
    if words[skip : skip + 1] not in (["CHARSET"], ["COLLATE"], ["CHARACTER"], ["CHAR"]):
        return None
    if skip:
        cursor.take()
    if cursor.accept("COLLATE"):
        return Charset(collation=_value(cursor))
    if not (cursor.accept("CHARSET") or cursor.accept("CHARACTER", "SET") or cursor.accept("CHAR", "SET")):
        raise cursor.confused()
    cursor.accept_mark("=")
    if cursor.accept("DEFAULT"):
        return Charset(inherit=True)
    return Charset(charset=_value(cursor))


def read_charsets(cursor: TokenCursor, found: Charset) -> Charset | None:
    """One more character set or collation on top of ``found``, or None when there is none at the cursor."""
    more = read_charset(cursor)
    if more is None:
        return None
    if more.collation:
        return Charset(found.charset, more.collation, found.inherit)
    if found.collation:
        # Whether the collation or the character set wins differs between versions.
        raise NotUnderstood("a character set behind a collation")
    return more


def read_table_options(cursor: TokenCursor, found: Charset | None = None) -> Charset:
    """All table options at the cursor; stops at what is none of them."""
    result = found or Charset()
    while True:
        if (more := read_charsets(cursor, result)) is not None:
            result = more
        elif cursor.accept("START", "TRANSACTION"):
            pass
        elif cursor.accept("DATA", "DIRECTORY") or cursor.accept("INDEX", "DIRECTORY"):
            _value(cursor)
        elif cursor.accept("UNION"):
            cursor.accept_mark("=")
            cursor.skip_parentheses()
        elif cursor.accept_any(*_ONE_VALUE):
            _value(cursor)
        else:
            return result
        if cursor.peek().is_mark(","):
            if not _is_option(cursor):
                return result
            cursor.take()


def _is_option(cursor: TokenCursor) -> bool:
    """Whether another table option stands behind the comma."""
    follower = cursor.peek(1)
    return follower.is_word(*_ONE_VALUE, "DEFAULT", "CHARSET", "COLLATE", "CHARACTER", "UNION", "DATA", "INDEX")


def read_database_options(cursor: TokenCursor) -> Charset:
    """All options of a database; NotUnderstood for anything else."""
    result = Charset()
    while not cursor.at_end:
        if (more := read_charsets(cursor, result)) is not None:
            result = more
        elif cursor.accept("READ", "ONLY"):
            _value(cursor)
        else:
            cursor.accept("DEFAULT")
            if not cursor.accept_any(*_DATABASE_ONE_VALUE):
                raise cursor.confused()
            _value(cursor)
    return result


def _value(cursor: TokenCursor) -> str:
    cursor.accept_mark("=")
    token = cursor.take()
    if token.kind is Kind.MARK:
        raise cursor.confused()
    return token.text
