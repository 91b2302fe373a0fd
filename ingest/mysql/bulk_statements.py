"""Statements that change many rows of a table at once and leave no rows event behind: TRUNCATE, DROP, and ALTER TABLE
on partitions and tablespaces.

Read with the lexer, from MySQL's grammar (reference manual, "ALTER TABLE Partition Operations", "DROP TABLE",
"TRUNCATE TABLE", "IMPORT TABLE"). What can't be read raises ``NotUnderstood``: it might be one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.mysql.lexer import NotUnderstood, tokenize
from ingest.mysql.server_version import ServerVersion
from ingest.mysql.token_cursor import TokenCursor

_NEWEST = ServerVersion(99, 0, 0)  # executable comments of every version count

Place = tuple[str, str]
"""Database ("" for the session's) and table ("" for all of its tables)."""


@dataclass(frozen=True, slots=True)
class BulkChange:
    """``places``: what is concerned; ``brings_rows``: rows came in without events, else rows went."""

    places: tuple[Place, ...]
    brings_rows: bool


def bulk_change(sql: str) -> BulkChange | None:
    """The change, None when the statement makes none. NotUnderstood when that can't be said."""
    cursor = TokenCursor(tokenize(sql, _NEWEST))
    if cursor.accept("TRUNCATE"):
        cursor.accept("TABLE")
        return BulkChange((_place(cursor),), brings_rows=False)
    if cursor.accept("DROP"):
        return _drop(cursor)
    if cursor.accept("IMPORT", "TABLE"):
        raise NotUnderstood("IMPORT TABLE brings tables that it doesn't name")
    if cursor.accept("ALTER"):
        cursor.accept_any("ONLINE", "OFFLINE")
        cursor.accept("IGNORE")
        return _alter(cursor, _place(cursor)) if cursor.accept("TABLE") else None
    return None


def _drop(cursor: TokenCursor) -> BulkChange | None:
    if cursor.accept_any("DATABASE", "SCHEMA"):
        cursor.accept("IF", "EXISTS")
        return BulkChange(((cursor.name(), ""),), brings_rows=False)
    if not cursor.accept_any("TABLE", "TABLES"):  # TEMPORARY tables are no concern either
        return None
    cursor.accept("IF", "EXISTS")
    places = [_place(cursor)]
    while cursor.accept_mark(","):
        places.append(_place(cursor))
    return BulkChange(tuple(places), brings_rows=False)


def _alter(cursor: TokenCursor, table: Place) -> BulkChange | None:
    """Behind ALTER TABLE and the name; actions begin there and behind each comma outside of parentheses."""
    change = _action(cursor, table)
    while not cursor.at_end:
        if cursor.accept_mark(","):
            change = _action(cursor, table) or change
        elif cursor.peek().is_mark("("):
            cursor.skip_parentheses()
        else:
            cursor.take()
    return change


def _action(cursor: TokenCursor, table: Place) -> BulkChange | None:
    if cursor.accept("DROP", "PARTITION") or cursor.accept("TRUNCATE", "PARTITION"):
        return BulkChange((table,), brings_rows=False)
    if cursor.accept("EXCHANGE", "PARTITION"):
        cursor.name()
        if not cursor.accept("WITH", "TABLE"):
            raise cursor.confused()
        return BulkChange((table, _place(cursor)), brings_rows=True)
    for word, brings_rows in (("IMPORT", True), ("DISCARD", False)):
        if cursor.accept(word, "TABLESPACE") or cursor.accept(word, "PARTITION"):
            return BulkChange((table,), brings_rows)
    return None


def _place(cursor: TokenCursor) -> Place:
    first = cursor.name()
    return (first, cursor.name()) if cursor.accept_mark(".") else ("", first)
