"""A table's state and the actions of one ALTER TABLE to the state behind it.

The order of columns follows the server (``mysql_prepare_alter_table``): columns that stay keep their order, with
changed ones in place; then the added and the moved ones are put in, in the order of the statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.mysql.collations import BINARY, collation_id, default_collation
from ingest.mysql.lexer import NotUnderstood
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
    Place,
    RenameColumn,
    SetDefaultCharset,
    ShowColumn,
)
from ingest.schema_history.history import UNKNOWN_COLLATION, ColumnState, TableState


@dataclass(frozen=True, slots=True)
class Defaults:
    """Collations that stand where a statement names none: the database's, and utf8mb4's on this server.

    ``idle_convert``: before 8.0, a CONVERT TO CHARACTER SET that changes no column and comes alone leaves the table's
    default as it was; with a mere option beside it (which isn't seen here), it doesn't.
    """

    database: int
    utf8mb4: int
    idle_convert: bool = False

    def resolve(self, charset: Charset, otherwise: int) -> int:
        """The collation id of what a statement names, ``otherwise`` when it names nothing."""
        if charset.collation:
            return collation_id(charset.collation)
        if charset.inherit:
            return self.database
        return default_collation(charset.charset, self.utf8mb4) if charset.charset else otherwise


def column_state(definition: ColumnDefinition, table_collation: int, defaults: Defaults) -> ColumnState:
    """A column as defined, in a table with that default collation."""
    kind = definition.type
    if table_collation == UNKNOWN_COLLATION and kind.text and not (kind.charset or definition.collation):
        raise NotUnderstood("the table's default character set isn't known")
    return ColumnState(
        definition.name,
        int(kind.type),
        kind.unsigned,
        kind.collation(definition.collation, table_collation, defaults.utf8mb4),
        kind.members,
        definition.visible,
        kind.geometry_type,
    )


def altered(state: TableState, actions: Sequence[Action], defaults: Defaults) -> TableState:
    """The state behind an ALTER TABLE (RENAME TO aside). NotUnderstood when the actions don't fit the table, which
    means that the state was wrong."""
    collation = state.collation
    for action in actions:
        if isinstance(action, SetDefaultCharset | ConvertCharset):
            collation = defaults.resolve(action.charset, collation)
    columns = _columns(state, actions, collation, defaults)
    if any(isinstance(action, ConvertCharset) for action in actions):
        columns = [_converted(column, collation) for column in columns]
        if defaults.idle_convert and len(actions) == 1 and tuple(columns) == state.columns:
            collation = state.collation if collation == state.collation else UNKNOWN_COLLATION
    names = [column.name.lower() for column in columns]
    if not names or len(set(names)) < len(names):
        raise NotUnderstood("the table doesn't have the columns that the statement expects")
    key = _primary_key(state, actions)
    if any(name.lower() not in names for name in key):
        raise NotUnderstood("a primary key over a column that isn't there")
    return replace(state, columns=tuple(columns), primary_key=key, collation=collation)


def _columns(state: TableState, actions: Sequence[Action], collation: int, defaults: Defaults) -> list[ColumnState]:
    by_old_name = _by_old_name(state, actions)
    result: list[ColumnState] = []
    for old in state.columns:
        met = by_old_name.get(old.name.lower())
        if met is None:
            result.append(old)
        elif isinstance(met, RenameColumn):
            result.append(replace(old, name=met.new_name))
        elif isinstance(met, ShowColumn):
            result.append(replace(old, visible=met.visible))
        elif isinstance(met, ChangeColumn) and met.place is None:
            result.append(column_state(met.definition, collation, defaults))
    for action in actions:
        if isinstance(action, AddColumn) or (isinstance(action, ChangeColumn) and action.place is not None):
            _insert(result, column_state(action.definition, collation, defaults), action.place)
    return result


_ColumnAction = RenameColumn | ShowColumn | ChangeColumn | DropColumn


def _by_old_name(state: TableState, actions: Sequence[Action]) -> dict[str, _ColumnAction]:
    """Which action each existing column meets; NotUnderstood for a column that isn't there or meets two."""
    found: dict[str, _ColumnAction] = {}
    for action in actions:
        if isinstance(action, RenameColumn | ShowColumn | ChangeColumn | DropColumn):
            if state.index_of(action.name) is None:
                raise NotUnderstood(f"column {action.name!r} isn't in the table")
            if action.name.lower() in found:
                raise NotUnderstood(f"column {action.name!r} is changed twice")
            found[action.name.lower()] = action
    return found


def _insert(columns: list[ColumnState], column: ColumnState, place: Place | None) -> None:
    if place is None:
        columns.append(column)
        return
    if not place.after:
        columns.insert(0, column)
        return
    wanted = place.after.lower()
    index = next((index for index, one in enumerate(columns) if one.name.lower() == wanted), None)
    if index is None:
        raise NotUnderstood(f"column {place.after!r} isn't in the table")
    columns.insert(index + 1, column)


def _converted(column: ColumnState, collation: int) -> ColumnState:
    """CONVERT TO CHARACTER SET: every column of text, whatever the statement says of it; bytes stay bytes."""
    return column if column.collation in (None, BINARY) else replace(column, collation=collation)


def _primary_key(state: TableState, actions: Sequence[Action]) -> tuple[str, ...]:
    """The key's columns behind the statement: it follows renamed columns and loses dropped ones."""
    renamed: dict[str, str | None] = {}
    key: tuple[str, ...] | None = None
    dropped = False
    for action in actions:
        if isinstance(action, RenameColumn):
            renamed[action.name.lower()] = action.new_name
        elif isinstance(action, ChangeColumn):
            renamed[action.name.lower()] = action.definition.name
        elif isinstance(action, DropColumn):
            renamed[action.name.lower()] = None
        elif isinstance(action, DropPrimaryKey):
            dropped = True
        elif isinstance(action, AddPrimaryKey):
            if key is not None:
                raise NotUnderstood("two primary keys")
            key = action.columns
    kept = tuple(new for old in state.primary_key if (new := renamed.get(old.lower(), old)) is not None)
    if key is None:
        return () if dropped else kept
    if kept and not dropped:
        raise NotUnderstood("a second primary key")
    return key
