"""The schema source of a stream: nothing where the table maps say everything, else a history that follows the stream.

A new history is information_schema as of a GTID set. Nothing is locked: it is read twice with ``gtid_executed`` in
between, and counts when both readings are equal, so that no statement changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.drivers.mysql.session import Session
from actors.drivers.mysql.tables import table_schemas
from ingest.binlog.gtid import GtidSet
from ingest.mysql.information_schema import COLUMN_NOT_UNDERSTOOD
from ingest.mysql.lexer import NotUnderstood
from ingest.mysql.server_version import parse_server_version
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.rules.match import TablePattern
from ingest.schema import TableName, TableSchema
from ingest.schema_history.history import History
from ingest.schema_history.snapshot import history_of_snapshot
from ingest.schema_history.tracker import SchemaTracker

SCHEMA_IN_MOTION = declare(
    "mysql.schema_in_motion",
    "Tables kept changing while their schemas were read.",
    "It is tried again. If it keeps coming back, start the lane when no migration runs.",
)

EVERYTHING = (TablePattern("*", "*"),)
_ATTEMPTS = 10

_Reading = tuple[dict[str, str], dict[TableName, str], list[TableSchema]]


def schemas_for(
    session: Session, history: str, _held: str, patterns: Sequence[TablePattern] = EVERYTHING
) -> SchemaTracker:
    """What the table maps of this stream don't say.

    ``history``: as stored with the lane's record, "" for none.
    ``patterns``: the tables of the rules; the history then follows their databases only, which keeps it small.
    Raises Problem.
    """
    if history:
        return SchemaTracker(History.decode(history), resumed=True)
    settings = session.show("SHOW GLOBAL VARIABLES LIKE 'binlog_row_metadata'")
    if settings and settings[0]["value"].upper() == "FULL":
        return SchemaTracker(None)
    return SchemaTracker(take_snapshot(session, patterns))


def take_snapshot(session: Session, patterns: Sequence[TablePattern] = EVERYTHING) -> History:
    """The schemas of all tables in the databases that the patterns reach, at a GTID set. WorldProblem
    mysql.schema_in_motion when they change all the time; DataProblem for what isn't understood."""
    scope = [TablePattern(pattern.database, "*") for pattern in patterns]
    before = _read(session, scope)
    for _ in range(_ATTEMPTS):
        ((executed,),) = session.query("SELECT @@GLOBAL.gtid_executed")
        after = _read(session, scope)
        if after == before:
            return _history(session, GtidSet.parse(str(executed)), after)
        before = after
    what = f"information_schema was read {_ATTEMPTS + 1} times, and no two readings were equal"
    raise WorldProblem(SCHEMA_IN_MOTION, what, session.where)


def _read(session: Session, scope: Sequence[TablePattern]) -> _Reading:
    databases = session.query("SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA")
    tables = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COLLATION FROM information_schema.TABLES"
        " WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_COLLATION IS NOT NULL"
    )
    return (
        {str(name): str(collation) for name, collation in databases},
        {TableName(str(database), str(table)): str(collation) for database, table, collation in tables},
        table_schemas(session, scope, promote=False),
    )


def _history(session: Session, executed: GtidSet, reading: _Reading) -> History:
    databases, collations, tables = reading
    names = ("collation_server", "default_collation_for_utf8mb4", "lower_case_table_names")
    quoted = ", ".join(f"'{name}'" for name in names)
    rows = session.show(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({quoted})")
    settings = {row["variable_name"]: row["value"] for row in rows}
    try:
        return history_of_snapshot(
            parse_server_version(session.server_version),
            settings["collation_server"],
            settings.get("default_collation_for_utf8mb4", ""),
            settings["lower_case_table_names"] != "0",
            executed,
            databases,
            [schema for schema in tables if schema.name in collations],
            collations,
        )
    except NotUnderstood as error:
        raise DataProblem(COLUMN_NOT_UNDERSTOOD, str(error), session.where) from error
