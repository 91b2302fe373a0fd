"""Rows of information_schema to table schemas that equal those of the binlog's TABLE_MAP.

Pure: ``actors/drivers/mysql/tables.py`` asks. Invariant: ``TableSchema`` from here and from a TABLE_MAP with full
metadata are equal for every column type (tests/integration/test_preflight.py compares them on a server).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.binlog.field_types import FieldType
from ingest.mysql.collations import BINARY, collation_id
from ingest.mysql.column_types import ColumnType, read_column_type
from ingest.mysql.lexer import NotUnderstood, tokenize
from ingest.mysql.server_version import ServerVersion
from ingest.mysql.token_cursor import TokenCursor
from ingest.problems import DataProblem, declare
from ingest.schema import Column, TableName, TableSchema

COLUMN_NOT_UNDERSTOOD = declare(
    "schema.column_not_understood",
    "information_schema describes a column in a way that isn't understood.",
    "The server is newer than this program or has types of its own: leave the table out, or report the type.",
)

_F = FieldType
_LENGTH_BYTES_4 = (_F.JSON, _F.GEOMETRY, _F.VECTOR)
_FRACTIONS = (_F.TIME2, _F.DATETIME2, _F.TIMESTAMP2)
_DECIMAL_DEFAULT = (10, 0)
_VECTOR_DEFAULT = 2048


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A row of information_schema.columns, in binlog order. ``collation`` is None for what has none."""

    name: TableName
    column: str
    column_type: str
    collation: str | None
    octet_length: int | None
    nullable: bool
    extra: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of information_schema.statistics for a unique key, in key order; ``whole``: not only a prefix of it."""

    name: TableName
    key: str
    column: str
    whole: bool


def schemas_of(
    columns: Iterable[ColumnRow], keys: Sequence[KeyRow], version: ServerVersion, promote: bool
) -> list[TableSchema]:
    """Table schemas in the order of the rows. ``promote``: a table without primary key has its first unique key of
    NOT NULL columns instead, as full row metadata says it. DataProblem names a column that isn't understood."""
    schemas: list[TableSchema] = []
    tables: dict[TableName, list[ColumnRow]] = {}
    for column_row in columns:  # a server may sort names without case, so a table's rows needn't stand together
        tables.setdefault(column_row.name, []).append(column_row)
    for name, of_table in tables.items():
        names = [row.column for row in of_table]
        key = _primary_key(of_table, [row for row in keys if row.name == name], promote)
        schema_columns = tuple(_column(row, version) for row in of_table)
        schemas.append(TableSchema(name, schema_columns, tuple(names.index(column) for column in key)))
    return schemas


def _primary_key(columns: Sequence[ColumnRow], keys: Sequence[KeyRow], promote: bool) -> list[str]:
    primary = [row.column for row in keys if row.key == "PRIMARY"]
    marked = {row.column for row in columns if row.key == "PRI"}
    if primary or not promote or not marked:
        return primary
    for _, rows in groupby(keys, key=lambda row: row.key):
        key = list(rows)
        if {row.column for row in key} == marked and all(row.whole for row in key):
            return [row.column for row in key]
    return []


def _column(row: ColumnRow, version: ServerVersion) -> Column:
    try:
        cursor = TokenCursor(tokenize(row.column_type, version))
        kind = read_column_type(cursor, escapes_known=True)
        if not cursor.at_end:
            raise cursor.confused()
        collation = _collation(row, kind)
    except NotUnderstood as error:
        where = {"table": row.name, "column": row.column, "type": row.column_type}
        raise DataProblem(COLUMN_NOT_UNDERSTOOD, str(error), where) from error
    return Column(
        name=row.column,
        type=int(kind.type),
        meta=_meta(kind, row.octet_length),
        nullable=row.nullable,
        unsigned=kind.unsigned,
        collation=collation,
        members=kind.members,
        geometry_type=kind.geometry_type,
        vector_dimension=(kind.length or _VECTOR_DEFAULT) if kind.type is _F.VECTOR else None,
        visible="INVISIBLE" not in row.extra.upper().split(),
    )


def _collation(row: ColumnRow, kind: ColumnType) -> int | None:
    if row.collation is not None:
        return collation_id(row.collation)
    has_one = (_F.STRING, _F.VARCHAR, _F.BLOB, _F.ENUM, _F.SET)
    return BINARY if kind.type in has_one else None


def _meta(kind: ColumnType, octet_length: int | None) -> int:
    """The metadata number as a TABLE_MAP has it (MySQL's Field::save_field_metadata of each type)."""
    length = octet_length or 0
    if kind.type is _F.NEWDECIMAL:
        precision = _DECIMAL_DEFAULT[0] if kind.length is None else kind.length
        return precision | (kind.decimals or 0) << 8
    if kind.type is _F.BIT:
        bits = kind.length or 1
        return bits % 8 | bits // 8 << 8
    if kind.type is _F.STRING:  # bits 8 and 9 of the length hide, inverted, in the type's byte
        return int(_F.STRING) ^ (length & 0x300) >> 4 | (length & 0xFF) << 8
    if kind.type is _F.ENUM:
        return int(_F.ENUM) | (1 if len(kind.members) < 256 else 2) << 8
    if kind.type is _F.SET:
        size = (len(kind.members) + 7) // 8
        return int(_F.SET) | (8 if size > 4 else size) << 8
    if kind.type in _FRACTIONS:
        return kind.length or 0
    if kind.type in _LENGTH_BYTES_4:
        return 4
    return {_F.VARCHAR: length, _F.FLOAT: 4, _F.DOUBLE: 8, _F.BLOB: kind.length_bytes}.get(kind.type, 0)
