"""information_schema at a GTID set to the history that the stream goes on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.binlog.gtid import GtidSet
from ingest.mysql.collations import UTF8MB4_DEFAULT_BEFORE_8_0, UTF8MB4_DEFAULT_SINCE_8_0, collation_id
from ingest.mysql.server_version import ServerVersion
from ingest.schema import TableName, TableSchema
from ingest.schema_history.history import ColumnState, DatabaseState, History, TableState


def history_of_snapshot(
    version: ServerVersion,
    server_collation: str,
    utf8mb4_collation: str,
    fold: bool,
    executed: GtidSet,
    databases: Mapping[str, str],
    tables: Sequence[TableSchema],
    table_collations: Mapping[TableName, str],
) -> History:
    """What was read to a history. Collations by name; ``utf8mb4_collation`` is "" where the server has no such setting;
    ``tables`` with declared primary keys only. Raises NotUnderstood for a collation that isn't known."""
    utf8mb4 = UTF8MB4_DEFAULT_SINCE_8_0 if version.at_least(8, 0) else UTF8MB4_DEFAULT_BEFORE_8_0
    history = History(
        version,
        collation_id(server_collation),
        collation_id(utf8mb4_collation) if utf8mb4_collation else utf8mb4,
        fold,
        executed,
        databases={
            (name.lower() if fold else name): DatabaseState(collation_id(text)) for name, text in databases.items()
        },
    )
    states = {
        history.key(schema.name.database, schema.name.table): _state(schema, table_collations[schema.name])
        for schema in tables
    }
    return replace(history, tables=states)


def _state(schema: TableSchema, collation: str) -> TableState:
    columns = tuple(
        ColumnState(
            column.name,
            column.type,
            column.unsigned,
            column.collation,
            column.members,
            column.visible,
            column.geometry_type,
        )
        for column in schema.columns
    )
    return TableState(
        columns, tuple(schema.columns[index].name for index in schema.primary_key), collation_id(collation)
    )
