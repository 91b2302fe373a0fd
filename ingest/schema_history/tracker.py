"""The reader's side of the schema history: statements in, supplements for table maps out.

Order matters, so one tracker follows one stream. Invariant: a row is never described by a schema of another position
without the lane being stopped when that shows: as soon as the statement comes that was between the two.
"""

from __future__ import annotations

from dataclasses import replace

from ingest.binlog.gtid import GtidSet
from ingest.binlog.table_map import SCHEMA_UNKNOWN, table_name_of, table_schema
from ingest.problems import DataProblem, declare
from ingest.schema import TableName
from ingest.schema_history.evolve import SQL_KEPT, Occasion, evolve, touched
from ingest.schema_history.history import Doubt, History, TableState, supplement_of
from ingest.schema_history.statements import read_statement

DDL_NOT_UNDERSTOOD = declare(
    "schema.ddl_not_understood",
    "A statement changed a table in a way that isn't understood, so the columns of its rows aren't known.",
    "Set binlog_row_metadata=FULL on the source (MySQL 8.0.1 and newer) and start the lane behind the statement, or"
    " start the lane anew (it reads the tables as they are now); please report the statement.",
)
CHANGED_BEFORE_SNAPSHOT = declare(
    "schema.changed_before_snapshot",
    "A table was changed after rows that were read with its later schema: the binlog there doesn't name its columns.",
    "What was written for these rows may have wrong fields. Start the lane behind the change (start = { gtid = ... }),"
    " and set binlog_row_metadata=FULL on the source if it is MySQL 8.0.1 or newer.",
)
NOT_IN_HISTORY = declare(
    "schema.not_in_history",
    "Rows of a table came whose columns aren't known: it isn't in the schema history.",
    "The table was dropped or renamed before the lane began, or the account may not see it (GRANT SELECT). Start the"
    " lane behind these rows, or set binlog_row_metadata=FULL on the source.",
)

_TABLE_MAPS_REMEMBERED = 4096
_TABLE_MAP_HEAD_BYTES = 8


class SchemaTracker:
    """Follows one stream. ``history`` is None where the server's table maps say everything. ``resumed``: the history
    was stored by an earlier run, which may have described rows by it."""

    def __init__(self, history: History | None, resumed: bool = False) -> None:
        self.history = history
        self._resumed = resumed
        self._described: set[TableName] = set()
        self._complete: dict[bytes, bool] = {}

    @property
    def encoded(self) -> str:
        """The history as text, "" for none. Store it with the first record of a lane."""
        return "" if self.history is None else self.history.encode()

    def on_statement(self, gtid: str, database: str, sql: str) -> str | None:
        """A statement was executed at this position: the encoded history that follows, None when it is unchanged.

        DataProblem schema.changed_before_snapshot: rows of a table that it changes were described by a later schema.
        """
        history = self.history
        if history is None:
            return None
        change = read_statement(sql, history.version)
        if change is None:
            return None
        in_snapshot = gtid in history.snapshot
        occasion = Occasion(database, sql, gtid, in_snapshot)
        names = touched(history, change, occasion)
        if gtid in history.applied:
            self._refuse_early(names & self._described, occasion)
            return None
        if in_snapshot:
            unsure = {name for name in names if not _is_exact(history, name)}
            self._refuse_early(unsure & self._described, occasion)
        after = evolve(history, change, occasion)
        if in_snapshot and self._resumed:
            after = _with_doubts(after, names, occasion)
        if after is history:
            return None
        self.history = replace(after, applied=after.applied.union(GtidSet.parse(gtid)))
        return self.history.encode()

    def supplement_for(self, gtid: str, table_map: bytes) -> bytes:
        """What a TABLE_MAP body doesn't say of its table, encoded; b"" when it says everything.

        DataProblem schema.ddl_not_understood, schema.changed_before_snapshot or schema.not_in_history when the
        table's columns aren't known here.
        """
        if self.history is None or self._is_complete(table_map):
            return b""
        spelled = table_name_of(table_map)
        name = self.history.key(spelled.database, spelled.table)
        state = self.history.table(name)
        where = {"table": spelled, "gtid": gtid}
        if state is None or not state.exists:
            raise DataProblem(NOT_IN_HISTORY, f"rows of {spelled}", where)
        if state.doubt is not None:
            raise _doubt_problem(state.doubt, spelled)
        self._described.add(name)
        return supplement_of(state)

    def _is_complete(self, table_map: bytes) -> bool:
        """Whether a table map describes itself; the answer is kept by its content."""
        key = table_map[_TABLE_MAP_HEAD_BYTES:]
        known = self._complete.get(key)
        if known is None:
            try:
                table_schema(table_map)
                known = True
            except DataProblem as problem:
                if problem.code is not SCHEMA_UNKNOWN:
                    raise
                known = False
            if len(self._complete) >= _TABLE_MAPS_REMEMBERED:
                self._complete.clear()
            self._complete[key] = known
        return known

    def _refuse_early(self, names: set[TableName], occasion: Occasion) -> None:
        if names:
            tables = ", ".join(sorted(str(name) for name in names))
            where = {"table": tables, "gtid": occasion.gtid, "statement": occasion.sql[:SQL_KEPT]}
            raise DataProblem(CHANGED_BEFORE_SNAPSHOT, f"{tables}: rows before this statement were read", where)


def _is_exact(history: History, name: TableName) -> bool:
    state = history.table(name)
    return state is not None and state.exact


def _with_doubts(history: History, names: set[TableName], occasion: Occasion) -> History:
    """An earlier run may have read rows of these tables by their later schema: say so if more rows come."""
    for name in names:
        state: TableState | None = history.tables.get(name)
        if state is not None and not state.exact and state.doubt is None:
            doubt = occasion.doubt("rows before it may have been read by a later schema", early=True)
            history = history.with_table(name, replace(state, doubt=doubt))
    return history


def _doubt_problem(doubt: Doubt, table: TableName) -> DataProblem:
    code = CHANGED_BEFORE_SNAPSHOT if doubt.early else DDL_NOT_UNDERSTOOD
    return DataProblem(code, f"{table}: {doubt.why}", {"table": table, "gtid": doubt.gtid, "statement": doubt.sql})
