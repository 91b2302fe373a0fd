"""What a table looks like at one position of the binlog.

Built once per distinct TABLE_MAP by ``ingest.binlog`` (from its optional metadata, or from the schema history where
the server sends none) and used by the walker, the decoder and the rules. Invariant: a TableSchema is complete; a
table whose names or types aren't known never gets one (invariant 5: the lane stops instead).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableName:
    """A table by database and name, as the binlog spells them."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``type`` is the binlog's field type number (MYSQL_TYPE_*), with ENUM, SET resolved from STRING; ``meta`` its
    metadata as one number (little-endian as in the TABLE_MAP; for DECIMAL precision | scale << 8). ``collation`` is
    the collation id of text, ENUM and SET columns (63 is binary) or None; ``members`` the names of an ENUM or SET.
    """

    name: str
    type: int
    meta: int
    nullable: bool
    unsigned: bool = False
    collation: int | None = None
    members: tuple[str, ...] = ()
    geometry_type: int | None = None
    vector_dimension: int | None = None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table's columns in binlog order and its primary key as column indexes (empty: the table has none)."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[int, ...]

    def index_of(self, column: str) -> int | None:
        """The index of a column by name (MySQL compares column names without case), or None."""
        wanted = column.lower()
        for index, candidate in enumerate(self.columns):
            if candidate.name.lower() == wanted:
                return index
        return None
