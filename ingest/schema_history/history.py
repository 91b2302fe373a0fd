"""What is known of all tables at one position of the stream, as a value that can be stored.

A table's state is *exact* once its whole life was seen in the stream (or it is known not to exist), else it comes from
the snapshot and is only sure behind the snapshot's GTID set. Kept compact: the text form is stored with each frontier.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ingest.binlog.gtid import GtidSet
from ingest.binlog.supplement import SchemaSupplement
from ingest.mysql.server_version import ServerVersion, parse_server_version
from ingest.problems import DataProblem, declare
from ingest.schema import TableName

HISTORY_DAMAGED = declare(
    "schema.history_damaged",
    "The stored schema history can't be read.",
    "The checkpoint record is damaged or of a newer version of this program. Start the lane anew, or go back to the"
    " version that wrote it.",
)

UNKNOWN_COLLATION = 0
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ColumnState:
    """A column as the binlog will hold it: see ``ingest.binlog.supplement.SchemaSupplement``."""

    name: str
    type: int
    unsigned: bool = False
    collation: int | None = None
    members: tuple[str, ...] = ()
    visible: bool = True
    geometry_type: int | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a table's columns aren't known: ``early`` when rows may have been read by a later schema, else the statement
    that wasn't understood; with the statement's text and GTID."""

    early: bool
    why: str
    sql: str
    gtid: str


@dataclass(frozen=True, slots=True)
class TableState:
    """One table. ``primary_key``: column names in key order; ``collation``: default of its text columns, or
    UNKNOWN_COLLATION. A table that is known not to exist has no columns."""

    columns: tuple[ColumnState, ...] = ()
    primary_key: tuple[str, ...] = ()
    collation: int = UNKNOWN_COLLATION
    exact: bool = False
    doubt: Doubt | None = None

    @property
    def exists(self) -> bool:
        """Whether there is such a table (a table in doubt counts)."""
        return bool(self.columns) or self.doubt is not None

    def index_of(self, name: str) -> int | None:
        """The place of a column (names compare without case), or None."""
        wanted = name.lower()
        return next((index for index, column in enumerate(self.columns) if column.name.lower() == wanted), None)


ABSENT = TableState(exact=True)


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database's default collation. ``exact``: it was made in the stream, so that every table in it was too."""

    collation: int
    exact: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """``snapshot``: the GTID set at which information_schema was read; ``applied``: transactions whose statements were
    applied since. ``fold``: table names compare without case (lower_case_table_names). Collations as ids."""

    version: ServerVersion
    server_collation: int
    utf8mb4_collation: int
    fold: bool
    snapshot: GtidSet
    applied: GtidSet = field(default_factory=GtidSet)
    databases: Mapping[str, DatabaseState] = field(default_factory=dict)
    tables: Mapping[TableName, TableState] = field(default_factory=dict)

    def key(self, database: str, table: str) -> TableName:
        """How a table is called here."""
        return TableName(self.database_key(database), table.lower() if self.fold else table)

    def database_key(self, database: str) -> str:
        """How a database is called here."""
        return database.lower() if self.fold else database

    def table(self, name: TableName) -> TableState | None:
        """The state of a table; None when nothing is known of it."""
        state = self.tables.get(name)
        if state is None:
            database = self.databases.get(name.database)
            return ABSENT if database is not None and database.exact else None
        return state

    def with_table(self, name: TableName, state: TableState) -> History:
        """The history with one table changed."""
        return replace(self, tables={**self.tables, name: state})

    def with_database(self, name: str, state: DatabaseState | None) -> History:
        """The history with one database changed or (None) gone."""
        rest = {key: value for key, value in self.databases.items() if key != name}
        return replace(self, databases=rest if state is None else {**rest, name: state})

    def encode(self) -> str:
        """ASCII text: base64 of compressed JSON. The same for equal histories."""
        packed = {
            "format": _FORMAT,
            "version": self.version.text,
            "server_collation": self.server_collation,
            "utf8mb4_collation": self.utf8mb4_collation,
            "fold": self.fold,
            "snapshot": str(self.snapshot),
            "applied": str(self.applied),
            "databases": [[name, one.collation, one.exact] for name, one in sorted(self.databases.items())],
            "tables": [
                [name.database, name.table, *_packed_table(self.tables[name])]
                for name in sorted(self.tables, key=lambda name: (name.database, name.table))
            ],
        }
        text = json.dumps(packed, separators=(",", ":"), ensure_ascii=False)
        return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 6)).decode("ascii")

    @classmethod
    def decode(cls, text: str) -> History:
        """What ``encode`` gave. DataProblem schema.history_damaged for anything else."""
        try:
            packed = json.loads(zlib.decompress(base64.b64decode(text, validate=True)).decode("utf-8", "surrogatepass"))
            if packed["format"] != _FORMAT:
                raise ValueError(f"format {packed['format']}")
            return cls(
                parse_server_version(packed["version"]),
                packed["server_collation"],
                packed["utf8mb4_collation"],
                packed["fold"],
                GtidSet.parse(packed["snapshot"]),
                GtidSet.parse(packed["applied"]),
                {name: DatabaseState(collation, exact) for name, collation, exact in packed["databases"]},
                {TableName(database, table): _unpacked_table(rest) for database, table, *rest in packed["tables"]},
            )
        except (ValueError, TypeError, KeyError, zlib.error, DataProblem) as error:
            raise DataProblem(HISTORY_DAMAGED, f"{len(text)} characters aren't a schema history: {error}") from error


def _packed_table(state: TableState) -> list[object]:
    doubt = state.doubt
    columns = [
        [one.name, one.type, one.unsigned, one.collation, one.members, one.visible, one.geometry_type]
        for one in state.columns
    ]
    return [
        columns,
        state.primary_key,
        state.collation,
        state.exact,
        None if doubt is None else [doubt.early, doubt.why, doubt.sql, doubt.gtid],
    ]


def _unpacked_table(packed: list[object]) -> TableState:
    columns, primary_key, collation, exact, doubt = packed
    if not isinstance(columns, list) or not isinstance(primary_key, list) or not isinstance(collation, int):
        raise TypeError("a table isn't as it was written")
    return TableState(
        tuple(
            ColumnState(name, kind, unsigned, coll, tuple(members), visible, geometry)
            for name, kind, unsigned, coll, members, visible, geometry in columns
        ),
        tuple(primary_key),
        collation,
        bool(exact),
        Doubt(*doubt) if isinstance(doubt, list) else None,
    )


@lru_cache(maxsize=4096)
def supplement_of(state: TableState) -> bytes:
    """A table's state as the encoded SchemaSupplement that goes with its table maps."""
    indexes = [state.index_of(name) for name in state.primary_key]
    primary_key = tuple(index for index in indexes if index is not None)
    return SchemaSupplement.of(state.columns, primary_key).encode()
