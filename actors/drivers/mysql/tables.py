"""Tables, columns and keys from information_schema."""

from __future__ import annotations

from collections.abc import Sequence

from actors.drivers.mysql.session import Session
from ingest.mysql.information_schema import ColumnRow, KeyRow, schemas_of
from ingest.mysql.server_version import parse_server_version
from ingest.rules.match import TablePattern
from ingest.schema import TableName, TableSchema

_SYSTEM = ("information_schema", "performance_schema", "mysql", "sys")
_HIDDEN_KEYS = "SET SESSION show_gipk_in_create_table_and_information_schema = ON"


def table_schemas(session: Session, patterns: Sequence[TablePattern], promote: bool = True) -> list[TableSchema]:
    """The base tables that any of the patterns matches and the account may see, by name, as the binlog describes them.

    ``promote``: see ``schemas_of``; right where the server sends full row metadata. Raises Problem.
    """
    version = parse_server_version(session.server_version)
    if version.at_least(8, 0, 30):
        session.query(_HIDDEN_KEYS)  # generated invisible primary keys are in the binlog, whatever the server shows
    names = _names(session, patterns)
    if not names:
        return []
    databases = sorted({name.database for name in names})
    columns = [row for row in _columns(session, databases) if row.name in names]
    keys = [row for row in _keys(session, databases) if row.name in names]
    return schemas_of(columns, keys, version, promote)


def _names(session: Session, patterns: Sequence[TablePattern]) -> set[TableName]:
    rows = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
        " WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN %s",
        (_SYSTEM,),
    )
    names = (TableName(str(database), str(table)) for database, table in rows)
    return {name for name in names if any(pattern.matches(name) for pattern in patterns)}


def _columns(session: Session, databases: Sequence[str]) -> list[ColumnRow]:
    rows = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, CHARACTER_OCTET_LENGTH,"
        " IS_NULLABLE, EXTRA, COLUMN_KEY FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN %s"
        " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION",
        (tuple(databases),),
    )
    return [
        ColumnRow(
            TableName(str(database), str(table)),
            str(column),
            _text(column_type),
            None if collation is None else str(collation),
            None if octets is None else int(str(octets)),
            nullable == "YES",
            str(extra),
            str(key),
        )
        for database, table, column, column_type, collation, octets, nullable, extra, key in rows
    ]


def _keys(session: Session, databases: Sequence[str]) -> list[KeyRow]:
    rows = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA IN %s AND NON_UNIQUE = 0 ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
        (tuple(databases),),
    )
    return [
        KeyRow(TableName(str(database), str(table)), str(key), str(column), sub_part is None)
        for database, table, key, column, sub_part in rows
    ]


def _text(value: object) -> str:
    """8.0 shows COLUMN_TYPE as bytes to some clients."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
