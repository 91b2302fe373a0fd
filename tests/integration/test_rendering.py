"""What sinks write for each type, against what MySQL itself prints: cells against SELECT, GeoJSON, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from actors.stack import Mysql
from ingest.sinks.cell_bytes import cell_texts
from ingest.sinks.json_text import json_texts
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_slices import slices_of
from tests.kit.codecs import EverySliceDecoder
from tests.kit.type_cases import TYPE_CASES

pytestmark = pytest.mark.integration

DATABASE = "rendering"
OTHERWISE = ("float", "bit", "vector")
"""Not as SELECT prints them: FLOAT keeps all digits, BIT is a number, VECTOR is readable (configs/types.md)."""


@pytest.fixture
def cursor(mysql9: Mysql) -> Iterator[Any]:
    with mysql9.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARSET utf8mb4")
        cursor.execute(f"USE {DATABASE}")
        yield cursor
        cursor.execute(f"DROP DATABASE {DATABASE}")


def decoded(data: bytes) -> dict[str, pa.ChunkedArray]:
    """The column c of each table."""
    decoder = EverySliceDecoder("text")
    batches: dict[str, list[pa.RecordBatch]] = {}
    for name, part in slices_of(data):
        if name.database == DATABASE:
            batches.setdefault(name.table, []).append(decoder.decode(part, (1,)).after)
    return {table: pa.Table.from_batches(found) for table, found in batches.items()}


def column_of(table: pa.Table) -> tuple[pa.Array, pa.Field]:
    return table.column(0).combine_chunks(), table.schema.field(0)


def selected(server: Mysql, expression: str, table: str) -> list[bytes | None]:
    """What the text protocol sends."""
    with server.connect(conv={}, use_unicode=False, database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"SELECT {expression} FROM {table} ORDER BY id")
        return [value for (value,) in cursor.fetchall()]


def test_cells_are_what_select_prints(mysql9: Mysql, cursor: Any) -> None:
    """The cell of every type's edge values is what SELECT prints, byte by byte, but for the three types that the types
    page excepts."""
    cases = [case for case in TYPE_CASES if not case.name.startswith(OTHERWISE)]
    for case in cases:
        cursor.execute(f"CREATE TABLE t_{case.name} (id INT AUTO_INCREMENT PRIMARY KEY, c {case.ddl})")
    with capturing(mysql9, cursor) as capture:
        for case in cases:
            cursor.execute(f"INSERT INTO t_{case.name} (c) VALUES (NULL), ({'), ('.join(case.literals)})")
    found = decoded(capture.file_bytes)
    for case in cases:
        array, field = column_of(found[f"t_{case.name}"])
        expected = selected(mysql9, "c", f"t_{case.name}")
        wrong = [pair for pair in zip(cell_texts(array, field), expected, strict=True) if pair[0] != pair[1]]
        assert not wrong, f"{case.name}: ours and theirs: {str(wrong[0])[:500]} ({len(wrong)} wrong)"
        texts = json_texts(array, field)
        assert [text is None for text in texts] == [value is None for value in expected]
        for text in texts:
            assert text is None or (json.loads(text) is not ... and "\n" not in text)


def test_floats_keep_their_value(mysql9: Mysql, cursor: Any) -> None:
    """The texts of FLOAT values, parsed and rounded to 32 bits by the server, are the stored values again."""
    (case,) = (case for case in TYPE_CASES if case.name == "float")
    cursor.execute("CREATE TABLE f (id INT AUTO_INCREMENT PRIMARY KEY, c FLOAT, again FLOAT)")
    with capturing(mysql9, cursor) as capture:
        cursor.execute(f"INSERT INTO f (c) VALUES ({'), ('.join(case.literals)})")
    array, field = column_of(decoded(capture.file_bytes)["f"])
    for number, (text, cell) in enumerate(zip(json_texts(array, field), cell_texts(array, field), strict=True), 1):
        assert text is not None and cell is not None
        for form in (text, cell.decode()):
            cursor.execute(f"UPDATE f SET again = {form} WHERE id = {number}")
            cursor.execute(f"SELECT again * 1e0 = c * 1e0 FROM f WHERE id = {number}")
            assert cursor.fetchone() == (1,), form


def test_geojson_is_what_the_server_gives(mysql9: Mysql, cursor: Any) -> None:
    """GeoJSON of every kind of geometry is ST_AsGeoJSON's, longitude first for geographic reference systems."""
    (case,) = (case for case in TYPE_CASES if case.name == "geometry")
    literals = [
        *case.literals,
        "ST_GeomFromText('LINESTRING(10 20, 30.5 -40.25)', 4269)",
        "ST_GeomFromText('POINT(7 8)', 3857)",
    ]
    cursor.execute("CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, c GEOMETRY)")
    with capturing(mysql9, cursor) as capture:
        cursor.execute(f"INSERT INTO g (c) VALUES ({'), ('.join(literals)})")
    array, field = column_of(decoded(capture.file_bytes)["g"])
    expected = [json.loads(value or b"null") for value in selected(mysql9, "ST_AsGeoJSON(c)", "g")]
    assert [json.loads(text or "null") for text in json_texts(array, field)] == expected


def test_vectors_and_bits(mysql9: Mysql, cursor: Any) -> None:
    """VECTOR is FROM_VECTOR's list by value, BIT the number that it is."""
    cursor.execute("CREATE TABLE v (id INT AUTO_INCREMENT PRIMARY KEY, c VECTOR(3))")
    cursor.execute("CREATE TABLE b (id INT AUTO_INCREMENT PRIMARY KEY, c BIT(64))")
    with capturing(mysql9, cursor) as capture:
        cursor.execute("INSERT INTO v (c) VALUES (TO_VECTOR('[1, -2.5, 0.1]')), (TO_VECTOR('[3.4e38, 0.5, 0]'))")
        cursor.execute("INSERT INTO b (c) VALUES (0), (1), (18446744073709551615)")
    found = decoded(capture.file_bytes)
    vectors, bits = column_of(found["v"]), column_of(found["b"])
    expected = [json.loads(value or b"null") for value in selected(mysql9, "FROM_VECTOR(c)", "v")]
    for text, numbers in zip(json_texts(*vectors), expected, strict=True):
        assert json.loads(text or "null") == pytest.approx(numbers, rel=1e-5)
    assert [text.encode() for text in json_texts(*bits) if text] == selected(mysql9, "c + 0", "b") == cell_texts(*bits)
