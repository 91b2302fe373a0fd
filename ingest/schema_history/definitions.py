"""Column and key definitions of CREATE and ALTER TABLE (MySQL reference manual, "CREATE TABLE Statement").

Every attribute has to be known: one that isn't could change what the binlog holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.mysql.column_types import read_column_type
from ingest.mysql.lexer import Kind
from ingest.mysql.token_cursor import TokenCursor
from ingest.schema_history.changes import ColumnDefinition, Place

KEY_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK")
_INTRODUCERS = ("X", "B", "N")
_REFERENCE_ACTIONS = (("NO", "ACTION"), ("SET", "NULL"), ("SET", "DEFAULT"), ("CASCADE",), ("RESTRICT",))


@dataclass(slots=True)
class Definitions:
    """What a parenthesised list of definitions holds."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()


def read_definitions(cursor: TokenCursor) -> Definitions:
    """``( column or key, ... )``."""
    found = Definitions()
    cursor.expect_mark("(")
    while True:
        if cursor.peek().is_word(*KEY_WORDS):
            found.primary_key = read_key(cursor) or found.primary_key
        else:
            found.columns.append(read_column(cursor))
        if cursor.accept_mark(")"):
            break
        cursor.expect_mark(",")
    named = [column.name for column in found.columns if column.primary]
    found.primary_key = found.primary_key or tuple(named)
    return found


def read_column(cursor: TokenCursor) -> ColumnDefinition:
    """``name type attributes`` up to a comma, a closing parenthesis, FIRST, AFTER or the end."""
    name = cursor.name()
    column_type = read_column_type(cursor)
    attributes = _Attributes()
    while not (cursor.at_end or cursor.peek().is_mark(",") or cursor.peek().is_mark(")")):
        if cursor.peek().is_word("FIRST", "AFTER", "PARTITION", "REMOVE"):
            break
        _read_attribute(cursor, attributes)
    return ColumnDefinition(name, column_type, attributes.collation, attributes.primary, attributes.visible)


def read_place(cursor: TokenCursor) -> Place | None:
    """FIRST or AFTER, or None."""
    if cursor.accept("FIRST"):
        return Place()
    return Place(cursor.name()) if cursor.accept("AFTER") else None


def read_key(cursor: TokenCursor) -> tuple[str, ...]:
    """One key or constraint, consumed; the columns of a primary key, () for any other."""
    if cursor.accept("CONSTRAINT") and not cursor.peek().is_word("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        cursor.name()
    if cursor.accept("PRIMARY", "KEY"):
        if not cursor.peek().is_mark("("):
            _skip_key_options(cursor)  # an index name is allowed, and ignored by the server
        columns = _read_key_parts(cursor)
        _skip_key_options(cursor)
        return columns
    if cursor.accept("CHECK"):
        cursor.skip_parentheses()
        _accept_enforced(cursor)
    elif cursor.accept("FOREIGN", "KEY"):
        if not cursor.peek().is_mark("("):
            cursor.name()
        cursor.skip_parentheses()
        _read_reference(cursor)
    else:
        if cursor.accept_any("UNIQUE", "FULLTEXT", "SPATIAL"):
            cursor.accept_any("INDEX", "KEY")
        elif not cursor.accept_any("INDEX", "KEY"):
            raise cursor.confused()
        _skip_key_options(cursor)
        cursor.skip_parentheses()
        _skip_key_options(cursor)
    return ()


def _read_key_parts(cursor: TokenCursor) -> tuple[str, ...]:
    names: list[str] = []
    cursor.expect_mark("(")
    while True:
        names.append(cursor.name())
        if cursor.peek().is_mark("("):
            cursor.skip_parentheses()
        cursor.accept_any("ASC", "DESC")
        if cursor.accept_mark(")"):
            return tuple(names)
        cursor.expect_mark(",")


def _skip_key_options(cursor: TokenCursor) -> None:
    """A key's name, USING, and the options behind its columns: none of them matters."""
    while True:
        token = cursor.peek()
        if cursor.accept_any("USING", "TYPE") or cursor.accept("WITH", "PARSER"):
            cursor.name()
        elif cursor.accept_any("KEY_BLOCK_SIZE", "COMMENT", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"):
            cursor.accept_mark("=")
            cursor.take()
        elif token.kind in (Kind.WORD, Kind.NAME) and not token.is_word("PARTITION", "REMOVE"):
            cursor.take()  # its name, VISIBLE, INVISIBLE
        else:
            return


@dataclass(slots=True)
class _Attributes:
    collation: str | None = None
    primary: bool = False
    visible: bool = True


def _read_attribute(cursor: TokenCursor, into: _Attributes) -> None:
    """One attribute of a column."""
    if cursor.accept("COLLATE"):
        cursor.accept_mark("=")
        into.collation = cursor.take().text
    elif cursor.accept("PRIMARY", "KEY") or cursor.accept("KEY"):
        into.primary = True
    elif (word := cursor.accept_any("VISIBLE", "INVISIBLE")) is not None:
        into.visible = word == "VISIBLE"
    elif cursor.accept("UNIQUE"):
        cursor.accept("KEY")
    elif not _read_harmless(cursor):
        raise cursor.confused()


def _read_harmless(cursor: TokenCursor) -> bool:
    """An attribute that changes nothing in the binlog."""
    if cursor.accept("NOT", "NULL") or cursor.accept("NULL") or cursor.accept("AUTO_INCREMENT"):
        return True
    if cursor.accept("NOT", "SECONDARY") or cursor.accept("SERIAL", "DEFAULT", "VALUE"):
        return True
    if cursor.accept("DEFAULT"):
        _read_default(cursor)
    elif cursor.accept("ON", "UPDATE"):
        cursor.take()
        if cursor.peek().is_mark("("):
            cursor.skip_parentheses()
    elif cursor.accept("GENERATED", "ALWAYS", "AS") or cursor.accept("AS"):
        cursor.skip_parentheses()
        cursor.accept_any("VIRTUAL", "STORED", "PERSISTENT")
    elif cursor.accept_any("COMMENT", "COLUMN_FORMAT", "STORAGE", "SRID"):
        cursor.take()
    elif cursor.accept_any("ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"):
        cursor.accept_mark("=")
        cursor.take()
    elif cursor.peek().is_word("REFERENCES"):
        _read_reference(cursor)
    elif cursor.peek().is_word("CONSTRAINT", "CHECK"):
        if cursor.accept("CONSTRAINT") and not cursor.peek().is_word("CHECK"):
            cursor.name()
        if not cursor.accept("CHECK"):
            raise cursor.confused()
        cursor.skip_parentheses()
        _accept_enforced(cursor)
    else:
        return False
    return True


def _read_default(cursor: TokenCursor) -> None:
    """A literal, an expression in parentheses, or CURRENT_TIMESTAMP with its synonyms."""
    if cursor.peek().is_mark("("):
        cursor.skip_parentheses()
        return
    if not cursor.accept_mark("-"):
        cursor.accept_mark("+")
    if cursor.accept_mark("."):
        cursor.take()
        return
    token = cursor.take()
    if token.kind is Kind.MARK:
        raise cursor.confused()
    if token.kind is Kind.WORD and (token.is_word(*_INTRODUCERS) or token.text.startswith("_")):
        if cursor.peek().kind is not Kind.TEXT and not cursor.peek().is_word(*_INTRODUCERS):
            raise cursor.confused()
        token = cursor.take()
    if token.kind is Kind.TEXT or cursor.peek().kind is Kind.TEXT:
        while cursor.peek().kind is Kind.TEXT:
            cursor.take()
    elif token.kind is Kind.NUMBER and cursor.accept_mark("."):
        if cursor.peek().kind is Kind.NUMBER or cursor.peek().text[:1].isdigit():
            cursor.take()
    elif cursor.peek().is_mark("("):
        cursor.skip_parentheses()


def _read_reference(cursor: TokenCursor) -> None:
    if not cursor.accept("REFERENCES"):
        raise cursor.confused()
    cursor.name()
    if cursor.accept_mark("."):
        cursor.name()
    if cursor.peek().is_mark("("):
        cursor.skip_parentheses()
    while True:
        if cursor.accept("MATCH"):
            cursor.take()
        elif cursor.accept("ON", "DELETE") or cursor.accept("ON", "UPDATE"):
            if not any(cursor.accept(*words) for words in _REFERENCE_ACTIONS):
                raise cursor.confused()
        else:
            return


def _accept_enforced(cursor: TokenCursor) -> None:
    if not cursor.accept("NOT", "ENFORCED"):
        cursor.accept("ENFORCED")
