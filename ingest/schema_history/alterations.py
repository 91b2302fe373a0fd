"""The actions of ALTER TABLE (MySQL reference manual, "ALTER TABLE Statement")."""

from __future__ import annotations

from ingest.mysql.token_cursor import TokenCursor
from ingest.schema_history.changes import (
    Action,
    AddColumn,
    AddPrimaryKey,
    ChangeColumn,
    Charset,
    ColumnDefinition,
    ConvertCharset,
    DropColumn,
    DropPrimaryKey,
    Name,
    RenameColumn,
    RenameTo,
    SetDefaultCharset,
    ShowColumn,
)
from ingest.schema_history.definitions import KEY_WORDS, read_column, read_definitions, read_key, read_place
from ingest.schema_history.options import read_charsets, read_table_options

# Operations on partitions stand alone and change no column.
_PARTITION_OPERATIONS = (
    "ANALYZE",
    "CHECK",
    "COALESCE",
    "DISCARD",
    "EXCHANGE",
    "IMPORT",
    "OPTIMIZE",
    "REBUILD",
    "REORGANIZE",
    "REPAIR",
    "TRUNCATE",
)


def read_table_name(cursor: TokenCursor) -> Name:
    """``table`` or ``database.table``."""
    first = cursor.name()
    return Name(first, cursor.name()) if cursor.accept_mark(".") else Name("", first)


def read_actions(cursor: TokenCursor) -> list[Action]:
    """All actions, up to the end of the statement. NotUnderstood when one isn't known."""
    actions: list[Action] = []
    while not cursor.at_end:
        if _ends_in_partitions(cursor):
            return actions
        actions += _read_action(cursor)
        if not cursor.accept_mark(",") and not (cursor.at_end or _ends_in_partitions(cursor)):
            raise cursor.confused()
    return actions


def _ends_in_partitions(cursor: TokenCursor) -> bool:
    """Whether the rest is about partitions only."""
    if cursor.peek().is_word("PARTITION") and cursor.peek(1).is_word("BY"):
        return True
    if cursor.peek().is_word("REMOVE", "UPGRADE") and cursor.peek(1).is_word("PARTITIONING"):
        return True
    if cursor.peek().is_word("ADD", "DROP") and cursor.peek(1).is_word("PARTITION"):
        return True
    return cursor.peek().is_word(*_PARTITION_OPERATIONS) and cursor.peek(1).is_word("PARTITION")


def _read_action(cursor: TokenCursor) -> list[Action]:
    if cursor.accept("ADD"):
        return _read_add(cursor)
    if cursor.accept("DROP"):
        return _read_drop(cursor)
    if (word := cursor.accept_any("CHANGE", "MODIFY")) is not None:
        cursor.accept("COLUMN")
        name = cursor.name() if word == "CHANGE" else ""
        definition = read_column(cursor)
        return [ChangeColumn(name or definition.name, definition, read_place(cursor)), *_inline_key(definition)]
    if cursor.accept("RENAME"):
        return _read_rename(cursor)
    if cursor.accept("ALTER"):
        return _read_alter_column(cursor)
    if cursor.accept("CONVERT", "TO"):
        return [ConvertCharset(_read_charset_and_collation(cursor))]
    return _read_other(cursor)


def _read_add(cursor: TokenCursor) -> list[Action]:
    if not cursor.peek().is_word(*KEY_WORDS):
        cursor.accept("COLUMN")
        if cursor.peek().is_mark("("):
            return _read_add_list(cursor)
        definition = read_column(cursor)
        return [AddColumn(definition, read_place(cursor)), *_inline_key(definition)]
    key = read_key(cursor)
    return [AddPrimaryKey(key)] if key else []


def _inline_key(definition: ColumnDefinition) -> list[Action]:
    return [AddPrimaryKey((definition.name,))] if definition.primary else []


def _read_add_list(cursor: TokenCursor) -> list[Action]:
    definitions = read_definitions(cursor)
    actions: list[Action] = [AddColumn(definition) for definition in definitions.columns]
    return [*actions, AddPrimaryKey(definitions.primary_key)] if definitions.primary_key else actions


def _read_drop(cursor: TokenCursor) -> list[Action]:
    if cursor.accept("PRIMARY", "KEY"):
        return [DropPrimaryKey()]
    if cursor.accept_any("INDEX", "KEY", "CHECK", "CONSTRAINT") or cursor.accept("FOREIGN", "KEY"):
        cursor.name()
        return []
    cursor.accept("COLUMN")
    name = cursor.name()
    cursor.accept_any("RESTRICT", "CASCADE")
    return [DropColumn(name)]


def _read_rename(cursor: TokenCursor) -> list[Action]:
    if cursor.accept("COLUMN"):
        old = cursor.name()
        if not cursor.accept("TO"):
            raise cursor.confused()
        return [RenameColumn(old, cursor.name())]
    if cursor.accept_any("INDEX", "KEY"):
        cursor.name()
        if not cursor.accept("TO"):
            raise cursor.confused()
        cursor.name()
        return []
    if not cursor.accept_any("TO", "AS"):
        cursor.accept_mark("=")
    return [RenameTo(read_table_name(cursor))]


def _read_alter_column(cursor: TokenCursor) -> list[Action]:
    if cursor.accept_any("INDEX", "CHECK", "CONSTRAINT"):
        cursor.name()
        if not cursor.accept("NOT", "ENFORCED") and not cursor.accept_any("VISIBLE", "INVISIBLE", "ENFORCED"):
            raise cursor.confused()
        return []
    cursor.accept("COLUMN")
    name = cursor.name()
    if cursor.accept("DROP", "DEFAULT"):
        return []
    if not cursor.accept("SET"):
        raise cursor.confused()
    word = cursor.accept_any("VISIBLE", "INVISIBLE")
    if word is not None:
        return [ShowColumn(name, word == "VISIBLE")]
    if not cursor.accept("DEFAULT"):
        raise cursor.confused()
    _skip_value(cursor)
    return []


def _read_charset_and_collation(cursor: TokenCursor) -> Charset:
    found = read_charsets(cursor, Charset())
    if found is None:
        raise cursor.confused()
    return read_charsets(cursor, found) or found


def _read_other(cursor: TokenCursor) -> list[Action]:
    """What changes no column: options, ways to run, and the table's place."""
    if cursor.accept_any("ALGORITHM", "LOCK"):
        cursor.accept_mark("=")
        cursor.take()
    elif cursor.accept_any("ENABLE", "DISABLE"):
        if not cursor.accept("KEYS"):
            raise cursor.confused()
    elif cursor.accept_any("DISCARD", "IMPORT"):
        if not cursor.accept("TABLESPACE"):
            raise cursor.confused()
    elif cursor.accept_any("WITH", "WITHOUT"):
        if not cursor.accept("VALIDATION"):
            raise cursor.confused()
    elif cursor.accept("ORDER", "BY"):
        while not cursor.at_end and not _ends_in_partitions(cursor):
            cursor.take()
    elif not cursor.accept_any("FORCE", "SECONDARY_LOAD", "SECONDARY_UNLOAD"):
        before = cursor.left
        charset = read_table_options(cursor)
        if cursor.left == before:
            raise cursor.confused()
        return [SetDefaultCharset(charset)] if charset != Charset() else []
    return []


def _skip_value(cursor: TokenCursor) -> None:
    """A DEFAULT's value, which may be an expression in parentheses."""
    if cursor.peek().is_mark("("):
        cursor.skip_parentheses()
        return
    while not (cursor.at_end or cursor.peek().is_mark(",")):
        if cursor.peek().is_mark("("):
            cursor.skip_parentheses()
        else:
            cursor.take()
