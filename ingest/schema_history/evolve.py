"""A history and a change to the history behind it.

``in_snapshot``: the change's transaction was over when the snapshot was read. Then the snapshot's states have it
already and only exact states take it; but what it says of a table's birth or end is certain, and makes its state exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingest.mysql.lexer import NotUnderstood
from ingest.schema import TableName
from ingest.schema_history.alter import Defaults, altered, column_state
from ingest.schema_history.changes import (
    AlterTable,
    Change,
    ChangeDatabase,
    CreateTable,
    CreateTableLike,
    DropTables,
    Name,
    RenameTables,
    RenameTo,
    Unclear,
)
from ingest.schema_history.history import ABSENT, DatabaseState, Doubt, History, TableState

SQL_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """The statement that a change comes from: its default database, text and GTID, and whether the snapshot has it."""

    database: str
    sql: str
    gtid: str
    in_snapshot: bool

    def doubt(self, why: str, early: bool = False) -> Doubt:
        """A doubt that names the statement."""
        return Doubt(early, why, self.sql[:SQL_KEPT], self.gtid)


def evolve(history: History, change: Change, occasion: Occasion) -> History:
    """The history behind the change. Never raises: what can't be is a doubt about the tables."""
    if isinstance(change, CreateTable):
        return _create(history, change, occasion)
    if isinstance(change, CreateTableLike):
        return _create_like(history, change, occasion)
    if isinstance(change, AlterTable):
        return _alter(history, change, occasion)
    if isinstance(change, DropTables):
        for name in change.names:
            history = _gone(history, resolve(history, name, occasion), occasion)
        return history
    if isinstance(change, RenameTables):
        for old, new in change.pairs:
            history = _rename(history, resolve(history, old, occasion), resolve(history, new, occasion), occasion)
        return history
    if isinstance(change, ChangeDatabase):
        return _database(history, change, occasion)
    return _doubted(history, touched(history, change, occasion), occasion, change.why)


def resolve(history: History, name: Name, occasion: Occasion) -> TableName:
    """The table that a statement means by a name."""
    return history.key(name.database or occasion.database, name.table)


def touched(history: History, change: Change, occasion: Occasion) -> set[TableName]:
    """The tables that a change is about, as far as the history knows them."""
    names: Iterable[Name]
    if isinstance(change, ChangeDatabase):
        database = history.database_key(change.name or occasion.database)
        return {name for name in history.tables if name.database == database}
    if isinstance(change, Unclear):
        if not change.names:
            return set(history.tables)
        names = change.names
    elif isinstance(change, DropTables):
        names = change.names
    elif isinstance(change, RenameTables):
        names = [name for pair in change.pairs for name in pair]
    elif isinstance(change, AlterTable):
        names = [change.name, *(action.name for action in change.actions if isinstance(action, RenameTo))]
    else:
        names = [change.name]
    return {resolve(history, name, occasion) for name in names}


def _put(history: History, name: TableName, state: TableState) -> History:
    """Set a table's state; tables of databases that aren't followed stay unknown."""
    return history.with_table(name, state) if name.database in history.databases else history


def _gone(history: History, name: TableName, occasion: Occasion) -> History:
    """A table ends. Behind the snapshot a table that isn't listed doesn't exist, so nothing is kept of it."""
    if occasion.in_snapshot:
        return _put(history, name, ABSENT)
    return replace(history, tables={key: one for key, one in history.tables.items() if key != name})


def _defaults(history: History, name: TableName) -> Defaults | None:
    database = history.databases.get(name.database)
    if database is None:
        return None
    return Defaults(database.collation, history.utf8mb4_collation, idle_convert=not history.version.at_least(8, 0))


def _is_known(state: TableState | None, occasion: Occasion) -> bool:
    """Whether a state is the table's at this position."""
    return state is not None and (state.exact or not occasion.in_snapshot)


def _keeps(history: History, name: TableName, if_not_exists: bool, occasion: Occasion) -> bool:
    """Whether CREATE TABLE IF NOT EXISTS leaves the table alone (or may have: then the snapshot's word stands)."""
    state = history.table(name)
    if not if_not_exists or state is None:
        return False
    return state.exists if _is_known(state, occasion) else True


def _create(history: History, change: CreateTable, occasion: Occasion) -> History:
    name = resolve(history, change.name, occasion)
    defaults = _defaults(history, name)
    if defaults is None or _keeps(history, name, change.if_not_exists, occasion):
        return history
    try:
        collation = defaults.resolve(change.charset, defaults.database)
        columns = tuple(column_state(definition, collation, defaults) for definition in change.columns)
        state = TableState(columns, change.primary_key, collation, exact=True)
        if any(state.index_of(column) is None for column in change.primary_key):
            raise NotUnderstood("a primary key over a column that isn't there")
    except NotUnderstood as error:
        state = TableState(exact=True, doubt=occasion.doubt(str(error)))
    return _put(history, name, state)


def _create_like(history: History, change: CreateTableLike, occasion: Occasion) -> History:
    name = resolve(history, change.name, occasion)
    if _keeps(history, name, change.if_not_exists, occasion):
        return history
    source = history.table(resolve(history, change.source, occasion))
    if source is not None and _is_known(source, occasion) and source.exists:
        return _put(history, name, replace(source, exact=True))
    if occasion.in_snapshot and not _is_known(history.table(name), occasion) and history.table(name) is not None:
        return history  # the snapshot knows what became of it
    doubt = occasion.doubt(f"the columns of {change.source.table!r} weren't known")
    return _put(history, name, TableState(exact=True, doubt=doubt))


def _alter(history: History, change: AlterTable, occasion: Occasion) -> History:
    name = resolve(history, change.name, occasion)
    state = history.table(name)
    defaults = _defaults(history, name)
    if state is not None and defaults is not None and _is_known(state, occasion) and state.doubt is None:
        try:
            if not state.exists:
                raise NotUnderstood("the table wasn't there")
            new_state = altered(state, change.actions, defaults)
        except NotUnderstood as error:
            new_state = replace(state, doubt=occasion.doubt(str(error)))
        history = _put(history, name, new_state)
    targets = [action.name for action in change.actions if isinstance(action, RenameTo)]
    if targets:  # of several, the server takes the last
        history = _rename(history, name, resolve(history, targets[-1], occasion), occasion)
    return history


def _rename(history: History, old: TableName, new: TableName, occasion: Occasion) -> History:
    if old == new:
        return history
    state, target = history.table(old), history.table(new)
    if state is not None and _is_known(state, occasion) and state.exists:
        history = _put(history, new, state)
    elif not occasion.in_snapshot or (target is not None and target.exact):
        doubt = occasion.doubt(f"the columns of {old} weren't known")
        history = _put(history, new, TableState(exact=True, doubt=doubt))
    return _gone(history, old, occasion)


def _database(history: History, change: ChangeDatabase, occasion: Occasion) -> History:
    key = history.database_key(change.name or occasion.database)
    state = history.databases.get(key)
    known = state is not None and (state.exact or not occasion.in_snapshot)
    if change.what == "drop":
        return _without_tables(history, key).with_database(key, None)
    if change.what == "alter":
        if state is None or not known:
            return history
        return _with_collation(history, key, change, occasion, replace(state), state.collation)
    if change.if_not_exists and state is not None:
        return history
    emptied = _without_tables(history, key)
    fresh = DatabaseState(history.server_collation, exact=True)
    return _with_collation(emptied, key, change, occasion, fresh, history.server_collation)


def _without_tables(history: History, database: str) -> History:
    return replace(history, tables={name: one for name, one in history.tables.items() if name.database != database})


def _with_collation(
    history: History, key: str, change: ChangeDatabase, occasion: Occasion, state: DatabaseState, otherwise: int
) -> History:
    try:
        collation = Defaults(history.server_collation, history.utf8mb4_collation).resolve(change.charset, otherwise)
    except NotUnderstood:
        # Its tables' defaults aren't known any more: stop following it, so that rows in it are asked about by name.
        return _without_tables(history, key).with_database(key, None)
    return history.with_database(key, replace(state, collation=collation))


def _doubted(history: History, names: Iterable[TableName], occasion: Occasion, why: str) -> History:
    for name in names:
        state = history.table(name)
        if state is not None and _is_known(state, occasion):
            history = _put(history, name, replace(state, doubt=occasion.doubt(why)))
    return history
