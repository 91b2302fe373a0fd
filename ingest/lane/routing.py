"""What the router, the lanes' rules and the streams agree on: which documents a table's rows are, by which columns, and what
a stream asks of schemas and statement policies. Contracts and values only; ``ingest.lane.router`` acts on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.binlog.gtid import GtidSet
from ingest.codec import Statement
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.large import LargeTransactions
from ingest.problems import DataProblem, Problem
from ingest.schema import TableName, TableSchema

NULL_PLACE = "\0NULL"
"""Stands for NULL in an identity (which is only compared)."""

NOWHERE = ("", NULL_PLACE)
"""Key and identity of a row that has no document."""


@dataclass(frozen=True, slots=True)
class RuleRoute:
    """A rule that takes a table's rows: its index in the lane, the columns of its document key, and those that decide
    the document's place (used by the index or table name, or the routing value; usually none) or which part of it the
    row is. ``place``: what the table itself decides of it, since one rule may send several tables to a target each.
    ``may_be_nowhere``: a row whose key is NULL has no document (else it is a problem): it goes to the shard of the empty
    key, which counts it.
    """

    rule: int
    key_columns: tuple[int, ...]
    place_columns: tuple[int, ...] = ()
    place: str = ""
    may_be_nowhere: bool = False


@dataclass(frozen=True, slots=True)
class ShortRoute:
    """A rule's route for a stream that can put rows into the flows itself: the shape its slices have, and the columns
    of ``RuleRoute``."""

    shape: SliceShape
    key_columns: tuple[int, ...]
    place_columns: tuple[int, ...]


class LaneRoutes(Protocol):
    """One lane's rules, as far as the reader needs them."""

    def captures(self, name: TableName) -> bool:
        """Does any rule match the table?"""

    def routes(self, schema: TableSchema) -> Sequence[RuleRoute]:
        """The rules that match, with their key columns. DataProblem when a rule doesn't fit the table."""


class SchemaSource(Protocol):
    """What the table maps don't say (``ingest.schema_history``)."""

    @property
    def encoded(self) -> str:
        """The schema history as text, "" for none."""

    def on_statement(self, gtid: str, database: str, sql: str) -> str | None:
        """A statement was executed at this position: the encoded history that follows, or None when it is unchanged.
        DataProblem when a captured table's schema becomes unknown."""

    def supplement_for(self, gtid: str, body: bytes) -> bytes:
        """The supplement of a table map, b"" when it describes itself."""


class StatementPolicy(Protocol):
    """What statements in the stream do to a lane (``ingest.lane.statements``)."""

    def judge(self, statement: Statement, captures: Callable[[TableName], bool]) -> DataProblem | None:
        """The problem that stops the lane, or None."""


@dataclass(slots=True)
class RoutedLane:
    """A lane in this stream. ``failed`` is set when the lane can't go on here; the stream goes on for the others. ``ahead``:
    transactions to come that the lane has already, from the stream it was in before. ``large``: its policy of large
    transactions, None when it applies all."""

    dispatcher: LaneDispatcher
    routes: LaneRoutes
    statements: StatementPolicy
    failed: Problem | None = None
    ahead: GtidSet | None = None
    large: LargeTransactions | None = None
