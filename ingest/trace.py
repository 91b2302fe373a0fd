"""A change's whole way, for one table or one document key: which changes to trace, and what is said of each.

Tracing is asked for by a person who wants to know where a document came from: ``run --trace-flow table=shop.orders``,
``key=42``, or both with a comma between. A sink actor asks the filter before it builds a trace, so that all other
changes cost one comparison. Pure: the log is written by actors/logs.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.problems import DataProblem, declare
from ingest.rules.match import TablePattern, parse_pattern
from ingest.schema import TableName
from ingest.slices import Kind, TransactionStamp
from ingest.version import split_version

BAD_FILTER = declare(
    "trace.bad_filter",
    "A --trace-flow that can't be read.",
    "Write table=DATABASE.TABLE (with * and ?), key=DOCUMENT_KEY, or table=DATABASE.TABLE,key=DOCUMENT_KEY.",
)

_TABLE = "table="
_KEY = "key="


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Which changes to trace: of the tables that fit ``table`` (None: all), with the document key ``key`` (None: all).
    ValueError when both are None.
    """

    table: TablePattern | None
    key: str | None

    def __post_init__(self) -> None:
        if self.table is None and self.key is None:
            raise ValueError("a trace filter names a table, a key or both")

    @classmethod
    def parse(cls, text: str) -> TraceFilter:
        """The option's text to a filter; what follows ``key=`` is the key as it is, commas included. DataProblem
        ``trace.bad_filter``.
        """
        if text.startswith(_KEY):
            return cls(None, text[len(_KEY) :])
        if not text.startswith(_TABLE):
            raise DataProblem(BAD_FILTER, f"{text!r} names neither a table nor a key", {"option": "--trace-flow"})
        pattern, comma, rest = text[len(_TABLE) :].partition(f",{_KEY}")
        try:
            table = parse_pattern(pattern)
        except DataProblem as problem:
            raise DataProblem(BAD_FILTER, problem.what, {"option": "--trace-flow"}) from problem
        return cls(table, rest if comma else None)

    def wants_table(self, name: TableName) -> bool:
        """May changes of this table be traced? (Ask once per slice.)"""
        return self.table is None or self.table.matches(name)

    def wants(self, name: TableName, key: str) -> bool:
        """Is this change to be traced?"""
        return (self.key is None or self.key == key) and self.wants_table(name)

    def __str__(self) -> str:
        parts = [f"{_TABLE}{self.table}"] if self.table is not None else []
        return ",".join([*parts, f"{_KEY}{self.key}"] if self.key is not None else parts)


@dataclass(frozen=True, slots=True)
class ChangeTrace:
    """One row change from the binlog to the sink's answer.

    ``before`` and ``after``: the row's decoded images as JSON text, "" when absent. ``operation``: ``write``, ``delete``,
    or "" when dropped; ``cause``: why a row that is there deletes (``outside_filter``). ``document``: what was sent, as
    text; "" for a delete or a drop. ``target``: index or table, "" when dropped. ``answer``: an Outcome's value, or
    ``dropped``; ``reason`` and ``detail``: the sink's or the rule's words.
    """

    lane: str
    shard: int
    stamp: TransactionStamp
    table: TableName
    kind: Kind
    key: str
    version: int
    before: str
    after: str
    target: str
    operation: str
    cause: str
    document: str
    answer: str
    reason: str = ""
    detail: str = ""

    def fields(self) -> dict[str, str | int]:
        """Key-value pairs of the log event, in the order of the change's way; empty ones are left out."""
        epoch, ordinal = split_version(self.version)
        every: dict[str, str | int] = {
            "gtid": self.stamp.gtid,
            "commit_us": self.stamp.commit_us,
            "file": self.stamp.file,
            "position": self.stamp.position,
            "table": str(self.table),
            "kind": self.kind.name.lower(),
            "before": self.before,
            "after": self.after,
            "lane": self.lane,
            "shard": self.shard,
            "epoch": epoch,
            "ordinal": ordinal,
            "key": self.key,
            "target": self.target,
            "operation": self.operation,
            "cause": self.cause,
            "document": self.document,
            "answer": self.answer,
            "reason": self.reason,
            "detail": self.detail,
        }
        return {name: value for name, value in every.items() if value != ""}
