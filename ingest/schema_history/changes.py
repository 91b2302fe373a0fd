"""What a statement does to tables, as values: between the reader of statements and ``evolve.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.mysql.column_types import ColumnType


@dataclass(frozen=True, slots=True)
class Name:
    """A table as the statement names it; ``database`` is "" where it means the session's default database."""

    database: str
    table: str


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set and a collation as named, each "" when it isn't. ``inherit``: CHARACTER SET DEFAULT."""

    charset: str = ""
    collation: str = ""
    inherit: bool = False


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column of CREATE or ALTER TABLE. ``primary``: it says PRIMARY KEY itself."""

    name: str
    type: ColumnType
    collation: str | None = None
    primary: bool = False
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column goes: behind ``after``, or first when that is ""."""

    after: str = ""


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ADD COLUMN; without a place it goes last."""

    definition: ColumnDefinition
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ChangeColumn:
    """CHANGE, or MODIFY (the name stays)."""

    name: str
    definition: ColumnDefinition
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """RENAME COLUMN."""

    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class DropColumn:
    """DROP COLUMN."""

    name: str


@dataclass(frozen=True, slots=True)
class ShowColumn:
    """ALTER COLUMN ... SET VISIBLE or INVISIBLE."""

    name: str
    visible: bool


@dataclass(frozen=True, slots=True)
class AddPrimaryKey:
    """ADD PRIMARY KEY, or a column that says PRIMARY KEY. Names as they are after the statement."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropPrimaryKey:
    """DROP PRIMARY KEY."""


@dataclass(frozen=True, slots=True)
class SetDefaultCharset:
    """A new default for columns to come."""

    charset: Charset


@dataclass(frozen=True, slots=True)
class ConvertCharset:
    """CONVERT TO CHARACTER SET: every text column."""

    charset: Charset


@dataclass(frozen=True, slots=True)
class RenameTo:
    """RENAME TO, the last of a statement's actions to happen."""

    name: Name


Action = (
    AddColumn
    | ChangeColumn
    | RenameColumn
    | DropColumn
    | ShowColumn
    | AddPrimaryKey
    | DropPrimaryKey
    | SetDefaultCharset
    | ConvertCharset
    | RenameTo
)


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE with columns."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    primary_key: tuple[str, ...]
    charset: Charset
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateTableLike:
    """CREATE TABLE ... LIKE."""

    name: Name
    source: Name
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterTable:
    """ALTER TABLE; the actions see the table as it was before the statement."""

    name: Name
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class RenameTables:
    """Pairs in the order in which they happen."""

    pairs: tuple[tuple[Name, Name], ...]


@dataclass(frozen=True, slots=True)
class DropTables:
    """DROP TABLE."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class ChangeDatabase:
    """CREATE, ALTER or DROP DATABASE. ``name`` "" is the session's default database."""

    what: Literal["create", "alter", "drop"]
    name: str
    charset: Charset = Charset()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """A statement that isn't understood. ``names``: the tables that it may have changed; () is any table at all."""

    names: tuple[Name, ...]
    why: str


Change = CreateTable | CreateTableLike | AlterTable | RenameTables | DropTables | ChangeDatabase | Unclear
