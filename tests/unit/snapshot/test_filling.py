"""Tables read into a tail while a server goes on: what is asked when, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from actors.host import SystemHost
from actors.snapshot.filling import Filled, SnapshotLane, fill_tail
from ingest.binlog.gtid import GtidSet
from ingest.lane.tail import TailCoalescer
from ingest.problems import DataProblem, Problem
from ingest.rules.match import TablePattern
from ingest.rules.parse import parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.schema import TableSchema
from ingest.sinks.faults import TARGET_MISSING
from ingest.slices import Kind
from ingest.snapshot.chunks import Key, TableQueries, Texts
from tests.kit.codecs import CODECS
from tests.unit.snapshot.test_surplus import SCHEMA, config_of

UUID = "11111111-1111-1111-1111-111111111111"


def gtids(text: str) -> GtidSet:
    return GtidSet.parse(f"{UUID}:{text}" if text else "")


class Server:
    """A server with one row per chunk. ``executed``, ``committing``: its answers, the last one for good."""

    def __init__(self, executed: Sequence[str], committing: Sequence[str] = ("",)) -> None:
        self.asked: list[str] = []
        self.tables = [[SCHEMA]]
        self._executed, self._committing = list(executed), list(committing)

    def uuid(self) -> str:
        return UUID

    def schemas(self, patterns: Sequence[TablePattern]) -> Sequence[TableSchema]:
        return self.tables.pop(0) if len(self.tables) > 1 else self.tables[0]

    def executed(self) -> GtidSet:
        self.asked.append("executed")
        return gtids(self._executed.pop(0) if len(self._executed) > 1 else self._executed[0])

    def committing(self) -> GtidSet:
        self.asked.append("committing")
        return gtids(self._committing.pop(0) if len(self._committing) > 1 else self._committing[0])

    def chunks(self, queries: TableQueries, rows: int) -> Iterator[tuple[Sequence[Texts], Sequence[Key]]]:
        for number in (b"1", b"2"):
            self.asked.append("rows")
            yield [[number], [b"a"], [b"2024-02-29"], [b"7.00"]], [(number, b"a", b"2024-02-29")]


class Sink:
    """A sink with keys, or without the target."""

    def __init__(self, server: Server, keys: Sequence[str] | None) -> None:
        self._server = server
        self._keys = keys

    def scan_keys(self, target: str) -> Iterator[str]:
        self._server.asked.append(target)
        if self._keys is None:
            raise DataProblem(TARGET_MISSING, target)
        yield from self._keys


def fill(server: Server, keys: Sequence[str] | None = ()) -> tuple[Filled, TailCoalescer, list[int]]:
    rules = [parse_rule(0, config_of("index").lanes["l"].rules[0])]
    lane, tail, told = SnapshotLane("l", rules, RuleRoutes(rules), 2), TailCoalescer({}), list[int]()
    filled = fill_tail(lane, server, Sink(server, keys), CODECS[0], tail, SystemHost(), told.append)
    return filled, tail, told


def test_marks_stand_around_what_is_read() -> None:
    """Invariant 2: the first set is asked before the first row, the second one after the last row and key."""
    server = Server(["1-5", "1-9"])
    filled, tail, told = fill(server, ["1|a|2024-02-29", "3|b|2024-02-29", "strange"])
    assert server.asked == ["executed", "rows", "rows", "shop-orders", "committing", "executed"]
    assert filled == Filled(gtids("1-5"), gtids("1-9"), rows=2, deleted=1)
    assert [row.kind for row in tail.drain()] == [Kind.INSERT, Kind.INSERT, Kind.DELETE]
    assert told[:2] == [1, 2]


def test_a_commit_under_way_is_awaited() -> None:
    """Invariant 2: a SELECT may show it before its GTID is executed. One that vanishes was rolled back."""
    assert fill(Server(["1-5", "1-5", "1-5", "1-6"], ["6"]))[0].after == gtids("1-6")
    assert fill(Server(["1-5"], ["6", "6", ""]))[0].after == gtids("1-5")


def test_a_sink_without_the_target_has_no_documents() -> None:
    """It is made when rows come."""
    assert fill(Server(["1-5"]), None)[0].deleted == 0


@pytest.mark.parametrize(
    ("tables", "code"), [([[SCHEMA], []], "mysql.schema_in_motion"), ([[]], "snapshot.table_gone")]
)
def test_tables_that_change_or_are_gone(tables: list[list[TableSchema]], code: str) -> None:
    """Invariant 5: rows are never read by a schema that isn't theirs, and a dropped table isn't taken for an empty one."""
    server = Server(["1-5"])
    server.tables = tables
    with pytest.raises(Problem) as raised:
        fill(server)
    assert raised.value.code.name == code
