"""SELECT statements that read a table piece by piece: a chunk after a key, rows by their keys, the last rows.

Every statement gives the wanted columns (each by the expression that the reader asks for), then the key's parts as they are compared: ENUM, SET
and BIT by number (they sort by it), FLOAT and DOUBLE as doubles. Keys come back in ``Key`` and go into the next
statement as literals; nothing of a user's text gets into a statement in any other way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.binlog.field_types import FieldType
from ingest.binlog.values.column_shape import is_binary
from ingest.schema import Column, TableName, TableSchema

Key = tuple[bytes, ...]
"""A row's primary key, by key column, as SELECT gave it."""

Texts = Sequence[bytes | None]
"""One column's values of some rows, as the text protocol gives them; None for NULL."""

APPROXIMATE = (FieldType.FLOAT, FieldType.DOUBLE)
_BY_NUMBER = (FieldType.ENUM, FieldType.SET, FieldType.BIT)
_NUMERIC = (
    FieldType.TINY, FieldType.SHORT, FieldType.INT24, FieldType.LONG, FieldType.LONGLONG,
    FieldType.FLOAT, FieldType.DOUBLE, FieldType.NEWDECIMAL, *_BY_NUMBER,
)  # fmt: skip
_TEXTS = (
    FieldType.VARCHAR, FieldType.VAR_STRING, FieldType.STRING,
    FieldType.TINY_BLOB, FieldType.BLOB, FieldType.MEDIUM_BLOB, FieldType.LONG_BLOB,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableQueries:
    """The statements for one table and a choice of its columns (indexes into the schema). ``expression``: what to SELECT
    for a column."""

    schema: TableSchema
    columns: tuple[int, ...]
    expression: Callable[[Column], str]

    @property
    def has_key(self) -> bool:
        """Whether the table can be read by key; else only as a whole."""
        return bool(self.schema.primary_key)

    def chunk(self, after: Key | None, limit: int) -> str:
        """The first ``limit`` rows after a key (None: from the start), in key order."""
        condition = "" if after is None else f" WHERE {self._after(after)}"
        return f"{self._select()}{condition} ORDER BY {self._order('')} LIMIT {limit}"

    def rows(self, keys: Sequence[Key]) -> str:
        """The rows that have these keys."""
        matches = " OR ".join(f"({self._equal(key, len(key))})" for key in keys)
        return f"{self._select()} WHERE {matches}"

    def last(self, limit: int) -> str:
        """The ``limit`` rows with the highest keys, highest first; any rows when the table has no key."""
        order = f" ORDER BY {self._order(' DESC')}" if self.has_key else ""
        return f"{self._select()}{order} LIMIT {limit}"

    def whole(self) -> str:
        """Every row."""
        return self._select()

    def count(self) -> str:
        """About how many rows there are, from the statistics (exact would be slow)."""
        name = self.schema.name
        return (
            "SELECT TABLE_ROWS FROM information_schema.TABLES "
            f"WHERE TABLE_SCHEMA = {text_literal(name.database)} AND TABLE_NAME = {text_literal(name.table)}"
        )

    # --- parts

    @property
    def _key(self) -> list[Column]:
        return [self.schema.columns[index] for index in self.schema.primary_key]

    def _select(self) -> str:
        wanted = [self.expression(self.schema.columns[index]) for index in self.columns]
        keys = [_key_expression(column) for column in self._key]
        return f"SELECT {', '.join([*wanted, *keys]) or '1'} FROM {table_name(self.schema.name)}"

    def _order(self, direction: str) -> str:
        return ", ".join(quoted(column.name) + direction for column in self._key)

    def _equal(self, key: Key, parts: int) -> str:
        pairs = list(zip(self._key, key, strict=True))[:parts]
        return " AND ".join(f"{_key_expression(column)} = {_literal(column, part)}" for column, part in pairs)

    def _after(self, key: Key) -> str:
        """(a, b) > (x, y), written so that MySQL can use the index."""
        steps = []
        for position, column in enumerate(self._key):
            higher = f"{_key_expression(column)} > {_literal(column, key[position])}"
            steps.append(f"({self._equal(key, position)} AND {higher})" if position else higher)
        return " OR ".join(steps)


def quoted(name: str) -> str:
    """An identifier in backquotes."""
    return "`" + name.replace("`", "``") + "`"


def table_name(name: TableName) -> str:
    """The quoted name."""
    return f"{quoted(name.database)}.{quoted(name.table)}"


def text_literal(text: str) -> str:
    """A text as a literal that needs no escaping."""
    return f"_utf8mb4 X'{text.encode().hex()}'"


def _key_expression(column: Column) -> str:
    if column.type in _BY_NUMBER:
        return f"{quoted(column.name)} + 0"
    return f"{quoted(column.name)} * 1e0" if column.type in APPROXIMATE else quoted(column.name)


def _literal(column: Column, value: bytes) -> str:
    if column.type in _NUMERIC:
        return value.decode("ascii")
    if column.type in _TEXTS:
        introducer = "" if is_binary(column) else "_utf8mb4 "
        return f"{introducer}X'{value.hex()}'"
    return f"'{value.decode('ascii')}'"
