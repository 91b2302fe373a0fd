"""A statement of the binlog to the change that it makes to tables, if any.

Everything that can stand in a QUERY event is sorted by its first words: what surely changes no table gives None, what
changes tables gives the change, and what isn't understood gives ``Unclear`` with the tables it is about.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.mysql.lexer import Kind, NotUnderstood, tokenize
from ingest.mysql.server_version import ServerVersion
from ingest.mysql.token_cursor import TokenCursor
from ingest.schema_history.alterations import read_actions, read_table_name
from ingest.schema_history.changes import (
    AlterTable,
    Change,
    ChangeDatabase,
    CreateTable,
    CreateTableLike,
    DropTables,
    Name,
    RenameTables,
    Unclear,
)
from ingest.schema_history.definitions import read_definitions
from ingest.schema_history.options import read_database_options, read_table_options

# First words of statements that change no table's columns. TRUNCATE empties a table, and that is all.
_NO_CHANGE = {
    "ANALYZE",
    "BEGIN",
    "BINLOG",
    "CALL",
    "CHECK",
    "CHECKSUM",
    "CLONE",
    "COMMIT",
    "DEALLOCATE",
    "DELETE",
    "DO",
    "EXECUTE",
    "FLUSH",
    "GRANT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "PREPARE",
    "PURGE",
    "RELEASE",
    "REPAIR",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNINSTALL",
    "UNLOCK",
    "UPDATE",
    "USE",
    "WITH",
    "XA",
}
# What CREATE, ALTER and DROP may be about besides tables and databases.
_OTHER_OBJECTS = {
    "AGGREGATE",
    "ALGORITHM",
    "DEFINER",
    "EVENT",
    "FULLTEXT",
    "FUNCTION",
    "INDEX",
    "INSTANCE",
    "JSON",
    "LIBRARY",
    "LOGFILE",
    "OR",
    "PREPARE",
    "PROCEDURE",
    "RESOURCE",
    "ROLE",
    "SERVER",
    "SPATIAL",
    "SQL",
    "TABLESPACE",
    "TRIGGER",
    "UNDO",
    "UNIQUE",
    "USER",
    "VIEW",
}
_SELECT_WORDS = ("AS", "SELECT", "IGNORE", "REPLACE", "WITH", "VALUES", "TABLE")


def read_statement(sql: str, version: ServerVersion) -> Change | None:
    """The change, None when no table's columns change, ``Unclear`` when that can't be said."""
    try:
        cursor = TokenCursor(tokenize(sql, version))
        if cursor.at_end or cursor.peek().is_mark("("):  # nothing but comments, or a parenthesised SELECT
            return None
        word = cursor.take()
        if word.kind is not Kind.WORD:
            raise cursor.confused()
        first = word.text.upper()
        if first in _NO_CHANGE:
            return None
        reader = _READERS.get(first)
        if reader is None:
            return Unclear((), f"a statement that starts with {word.text!r} isn't known")
        return reader(cursor)
    except NotUnderstood as error:
        return Unclear((), str(error))


def _create(cursor: TokenCursor) -> Change | None:
    if cursor.accept_any("DATABASE", "SCHEMA"):
        return _create_database(cursor)
    if cursor.accept("TEMPORARY", "TABLE"):
        return None  # temporary tables are never in a row-format binlog
    if not cursor.accept("TABLE"):
        return _expect_other_object(cursor)
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = read_table_name(cursor)
    return _about((name,), lambda: _create_table(cursor, name, if_not_exists))


def _create_table(cursor: TokenCursor, name: Name, if_not_exists: bool) -> Change:
    if cursor.accept("LIKE"):
        return CreateTableLike(name, _last_name(cursor), if_not_exists)
    if cursor.peek().is_mark("(") and cursor.peek(1).is_word("LIKE"):
        cursor.expect_mark("(")
        cursor.accept("LIKE")
        source = read_table_name(cursor)
        cursor.expect_mark(")")
        return CreateTableLike(name, source, if_not_exists)
    if not cursor.peek().is_mark("(") or cursor.peek(1).is_word("SELECT"):
        raise NotUnderstood("columns that come from a SELECT")
    definitions = read_definitions(cursor)
    charset = read_table_options(cursor)
    if cursor.peek().is_word(*_SELECT_WORDS) or cursor.peek().is_mark("("):
        raise NotUnderstood("columns that come from a SELECT")
    if not cursor.at_end:
        _read_partitions(cursor)
    return CreateTable(name, tuple(definitions.columns), definitions.primary_key, charset, if_not_exists)


def _read_partitions(cursor: TokenCursor) -> None:
    """PARTITION BY and all behind it, which may still end in a SELECT."""
    if not cursor.accept("PARTITION", "BY"):
        raise cursor.confused()
    while not cursor.at_end:
        if cursor.peek().is_mark("("):
            cursor.skip_parentheses()
        elif cursor.take().is_word("SELECT"):
            raise NotUnderstood("columns that come from a SELECT")


def _create_database(cursor: TokenCursor) -> Change:
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name()
    return ChangeDatabase("create", name, read_database_options(cursor), if_not_exists)


def _alter(cursor: TokenCursor) -> Change | None:
    if cursor.accept_any("DATABASE", "SCHEMA"):
        named = not cursor.peek().is_word("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ")
        database = cursor.name() if named else ""
        return ChangeDatabase("alter", database, read_database_options(cursor))
    cursor.accept_any("ONLINE", "OFFLINE")
    cursor.accept("IGNORE")
    if not cursor.accept("TABLE"):
        return _expect_other_object(cursor)
    name = read_table_name(cursor)
    return _about((name,), lambda: AlterTable(name, tuple(read_actions(cursor))))


def _drop(cursor: TokenCursor) -> Change | None:
    if cursor.accept_any("DATABASE", "SCHEMA"):
        cursor.accept("IF", "EXISTS")
        return ChangeDatabase("drop", cursor.name())
    if cursor.accept("TEMPORARY"):
        return None
    if not cursor.accept_any("TABLE", "TABLES"):
        return _expect_other_object(cursor)
    cursor.accept("IF", "EXISTS")
    names = [read_table_name(cursor)]
    while cursor.accept_mark(","):
        names.append(read_table_name(cursor))
    cursor.accept_any("RESTRICT", "CASCADE")
    if not cursor.at_end:
        raise cursor.confused()
    return DropTables(tuple(names))


def _rename(cursor: TokenCursor) -> Change | None:
    if cursor.accept("USER"):
        return None
    if not cursor.accept_any("TABLE", "TABLES"):
        raise cursor.confused()
    pairs: list[tuple[Name, Name]] = []
    while True:
        old = read_table_name(cursor)
        if not cursor.accept("TO"):
            raise cursor.confused()
        pairs.append((old, read_table_name(cursor)))
        if not cursor.accept_mark(","):
            break
    if not cursor.at_end:
        raise cursor.confused()
    return RenameTables(tuple(pairs))


def _import(cursor: TokenCursor) -> Change:
    """IMPORT TABLE makes tables out of files."""
    raise cursor.confused()


def _expect_other_object(cursor: TokenCursor) -> Change | None:
    cursor.accept_any("ONLINE", "OFFLINE")
    if cursor.peek().text.upper() not in _OTHER_OBJECTS:
        raise cursor.confused()
    return None


def _last_name(cursor: TokenCursor) -> Name:
    name = read_table_name(cursor)
    if not cursor.at_end:
        raise cursor.confused()
    return name


def _about(names: tuple[Name, ...], read: Callable[[], Change]) -> Change:
    """What ``read`` gives; if it doesn't understand, the change is unclear for these tables only."""
    try:
        return read()
    except NotUnderstood as error:
        return Unclear(names, str(error))


_READERS: dict[str, Callable[[TokenCursor], Change | None]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "RENAME": _rename,
    "IMPORT": _import,
}
