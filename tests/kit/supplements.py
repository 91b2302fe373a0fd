"""Schema supplements from a server's information_schema, for tests that read binlogs without full metadata."""

from __future__ import annotations

from typing import Any

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.supplement import SchemaSupplement

_TYPES = {
    "tinyint": F.TINY, "smallint": F.SHORT, "mediumint": F.INT24, "int": F.LONG, "bigint": F.LONGLONG,
    "decimal": F.NEWDECIMAL, "float": F.FLOAT, "double": F.DOUBLE, "bit": F.BIT, "year": F.YEAR, "date": F.DATE,
    "time": F.TIME2, "datetime": F.DATETIME2, "timestamp": F.TIMESTAMP2, "char": F.STRING, "binary": F.STRING,
    "varchar": F.VARCHAR, "varbinary": F.VARCHAR, "enum": F.ENUM, "set": F.SET, "json": F.JSON,
    "geometry": F.GEOMETRY, "point": F.GEOMETRY, "vector": F.VECTOR,
    **dict.fromkeys(("tinyblob", "blob", "mediumblob", "longblob", "tinytext", "text", "mediumtext", "longtext"), F.BLOB),
}  # fmt: skip
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")


def supplement_of(cursor: Any, database: str, table: str) -> SchemaSupplement:
    """The table as information_schema shows it now."""
    cursor.execute("SELECT collation_name, id FROM information_schema.collations")
    collations = dict(cursor.fetchall())
    cursor.execute(
        "SELECT column_name, data_type, column_type, collation_name, column_key FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        (database, table),
    )
    rows = cursor.fetchall()
    return SchemaSupplement(
        names=tuple(name for name, *_ in rows),
        types=tuple(int(_TYPES[kind]) for _, kind, *_ in rows),
        unsigned=tuple("unsigned" in full for _, _, full, *_ in rows),
        collations=tuple(63 if kind in _BYTES else collations.get(name) for _, kind, _, name, _ in rows),
        members=tuple(_members(full) if kind in ("enum", "set") else () for _, kind, full, *_ in rows),
        visible=tuple(True for _ in rows),
        geometry_types=tuple(0 if _TYPES[kind] == F.GEOMETRY else None for _, kind, *_ in rows),
        primary_key=_primary_key(cursor, database, table, [name for name, *_ in rows]),
    )


def _members(column_type: str) -> tuple[str, ...]:
    """enum('a','b') to its members (no quotes within them here)."""
    return tuple(column_type.partition("(")[2][1:-2].split("','"))


def _primary_key(cursor: Any, database: str, table: str, names: list[str]) -> tuple[int, ...]:
    cursor.execute(
        "SELECT column_name FROM information_schema.statistics WHERE table_schema = %s AND table_name = %s "
        "AND index_name = 'PRIMARY' ORDER BY seq_in_index",
        (database, table),
    )
    return tuple(names.index(name) for (name,) in cursor.fetchall())
