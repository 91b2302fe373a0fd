"""Every MySQL type, charset and row image form on real servers: what is decoded from the binlog is what SELECT gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.types as pt
import pytest

from actors.stack import Mysql
from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.schema import TableName
from ingest.slices import Slice
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_slices import slices_of
from tests.kit.selected_rows import selected
from tests.kit.supplements import supplement_of
from tests.kit.type_cases import TYPE_CASES, TypeCase
from tests.stack_fixtures import mysql9, mysql56  # noqa: F401

pytestmark = pytest.mark.integration

DATABASE = "types"


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Mysql:
    found: Mysql = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def cursor(server: Mysql) -> Iterator[Any]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"USE {DATABASE}")
        yield cursor
        cursor.execute(f"DROP DATABASE {DATABASE}")


def parts_of(server: Mysql, cursor: Any, data: bytes) -> list[tuple[str, Slice]]:
    """The slices of this test's tables, with the table's name."""

    def supplement(name: TableName) -> bytes:
        return supplement_of(cursor, name.database, name.table).encode() if server.version == "5.6" else b""

    return [(name.table, part) for name, part in slices_of(data, supplement) if name.database == DATABASE]


def column_indexes(decoder: PureSliceDecoder, part: Slice) -> Sequence[int]:
    return range(len(decoder.schema_of(part).columns))


def after(decoder: PureSliceDecoder, parts: Sequence[Slice]) -> pa.Table:
    return pa.Table.from_batches([decoder.decode(part, column_indexes(decoder, part)).after for part in parts])


def assert_same(found: pa.Table, expected: pa.RecordBatch, label: str) -> None:
    assert found.schema.equals(expected.schema, check_metadata=True), label
    for name in expected.schema.names:
        got, wanted = values(found[name]), values(expected[name])
        wrong = [
            (row, ours, theirs)
            for row, (ours, theirs) in enumerate(zip(got, wanted, strict=True))
            if not alike(ours, theirs)
        ]
        assert not wrong, f"{label}.{name}: row, ours, theirs: {str(wrong[0])[:2000]} ({len(wrong)} wrong)"


def values(column: Any) -> list[object]:
    """Python values; dates as text, since Python has no year 0."""
    is_dated = pt.is_date(column.type) or pt.is_timestamp(column.type)
    return list((column.cast(pa.string()) if is_dated else column).to_pylist())


def alike(ours: object, theirs: object) -> bool:
    return repr(ours) == repr(theirs)  # tells -0.0 from 0.0, and 1 from 1.0


def cases_of(server: Mysql) -> list[TypeCase]:
    return [case for case in TYPE_CASES if server.version == "9" or not case.since_9]


def create(cursor: Any, case: TypeCase) -> None:
    cursor.execute(f"CREATE TABLE t_{case.name} (id INT AUTO_INCREMENT PRIMARY KEY, c {case.ddl}) CHARSET utf8mb4")


def insert(cursor: Any, case: TypeCase) -> None:
    for literal in ("NULL", *case.literals):
        cursor.execute(f"INSERT INTO t_{case.name} (c) VALUES ({literal})")
    cursor.execute(f"INSERT INTO t_{case.name} (c) SELECT c FROM t_{case.name} ORDER BY id")


@pytest.mark.parametrize("zero_dates", ["null", "text"])
def test_edge_values_of_every_type(server: Mysql, cursor: Any, zero_dates: ZeroDates) -> None:
    """Every type's edge values and NULL, row by row and many to an event, decode to what SELECT gives; dates that no
    calendar has become counted nulls or MySQL's text."""
    cases = cases_of(server)
    for case in cases:
        create(cursor, case)
    with capturing(server, cursor) as capture:
        for case in cases:
            insert(cursor, case)
    parts = parts_of(server, cursor, capture.file_bytes)
    decoder = PureSliceDecoder(zero_dates)
    for case in cases:
        table = f"t_{case.name}"
        mine = [part for name, part in parts if name == table]
        assert sum(part.rows for part in mine) == 2 * (1 + len(case.literals)), table
        expected = selected(server, decoder.schema_of(mine[0]), zero_dates)
        found = after(decoder, mine)
        assert_same(found, expected, table)
        nulled = found["c"].null_count - 2 if case.ddl.startswith(("date", "timestamp")) else 0
        assert decoder.nulled.get((f"{DATABASE}.{table}", "c"), 0) == (nulled if zero_dates == "null" else 0)
    assert bool(decoder.nulled) == (zero_dates == "null")
