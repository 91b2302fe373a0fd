"""What a statement in the stream does to a lane.

Row changes come as rows events; a statement is mostly a definition (the schema source sees to it) or administrative.
Four kinds concern a lane, and only if they touch a table that it captures: a data change written as a statement
(its rows are missing: stop), a TRUNCATE or DROP of the table or its partitions (documents would stay behind: stop, or
keep them by policy), partitions or tablespaces that bring rows (they are missing: stop), and one that isn't understood
(stop: invariant 5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError

from ingest.binlog.statements import StatementKind, classify_statement
from ingest.codec import Statement
from ingest.mysql.bulk_statements import bulk_change
from ingest.mysql.lexer import NotUnderstood
from ingest.problems import DataProblem, declare
from ingest.schema import TableName

STATEMENT_DML = declare(
    "binlog.statement_dml",
    "The server wrote a data change as a statement, not as rows.",
    "SET GLOBAL binlog_format = ROW (and in the sessions that set it); the rows that the statement changed must then be "
    "brought over by hand or by starting the lane anew.",
)
EMPTIED = declare(
    "binlog.table_emptied",
    "A captured table, or a partition of it, was truncated or dropped; its documents are still in the sink.",
    'Delete the documents and resume, or set truncate = "keep" on the lane to leave them there.',
)
ROWS_BROUGHT = declare(
    "binlog.rows_brought",
    "Rows came into a captured table, or left it, without row events: by EXCHANGE PARTITION or IMPORT TABLESPACE.",
    "Bring them over by hand or start the lane anew under another name; `ingest verify` shows what is missing.",
)
STATEMENT_UNKNOWN = declare(
    "binlog.statement_unknown",
    "A statement in the binlog isn't understood.",
    "Please report the statement; until then, start the lane after its GTID once you know what it did.",
)

SHOWN_CHARACTERS = 200

ANY_TABLE = ""
"""Asked of ``captures`` as a table's name: might any table of the database be captured? (DROP DATABASE names none.)"""

Captures = Callable[[TableName], bool]


@dataclass(frozen=True, slots=True)
class LaneStatements:
    """One lane's policy. ``truncate``: what a TRUNCATE or DROP of a captured table does."""

    truncate: Literal["stop", "keep"] = "stop"

    def judge(self, statement: Statement, captures: Captures) -> DataProblem | None:
        """The problem that stops the lane, or None."""
        kind = classify_statement(statement.sql)
        shown = " ".join(statement.sql.split())[:SHOWN_CHARACTERS]
        if kind is StatementKind.DML and _touches(statement, captures):
            return DataProblem(STATEMENT_DML, f"found: {shown}")
        if kind is StatementKind.UNKNOWN:
            return DataProblem(STATEMENT_UNKNOWN, f"found: {shown}")
        if kind is StatementKind.DDL:
            return self._judge_definition(statement, captures, shown)
        return None

    def _judge_definition(self, statement: Statement, captures: Captures, shown: str) -> DataProblem | None:
        try:
            change = bulk_change(statement.sql)
        except NotUnderstood as error:
            return DataProblem(STATEMENT_UNKNOWN, f"{error}; found: {shown}")
        if change is None or not any(
            captures(TableName(database or statement.database, table or ANY_TABLE)) for database, table in change.places
        ):
            return None
        if change.brings_rows:
            return DataProblem(ROWS_BROUGHT, f"found: {shown}")
        return DataProblem(EMPTIED, f"found: {shown}") if self.truncate == "stop" else None


def _touches(statement: Statement, captures: Captures) -> bool:
    """Does it name a captured table? What can't be parsed might."""
    try:
        parsed = sqlglot.parse_one(statement.sql, dialect="mysql")
    except SqlglotError:
        return True
    tables = parsed.find_all(exp.Table)
    return any(captures(TableName(table.db or statement.database, table.name)) for table in tables)
