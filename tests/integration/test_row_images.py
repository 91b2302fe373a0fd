"""What row images of real servers hold: generated and invisible columns, minimal images, compressed transactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest

from actors.stack import Mysql
from ingest.problems import DataProblem
from ingest.slices import Kind, Slice
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_slices import slices_of
from tests.kit.codecs import EverySliceDecoder
from tests.kit.selected_rows import selected

pytestmark = pytest.mark.integration

DATABASE = "row_images"


@contextmanager
def session(server: Mysql) -> Iterator[Any]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"USE {DATABASE}")
        yield cursor
        cursor.execute(f"DROP DATABASE {DATABASE}")


@pytest.fixture
def cursor(mysql9: Mysql) -> Iterator[Any]:
    with session(mysql9) as cursor:
        yield cursor


def slices_in(data: bytes) -> list[Slice]:
    return [part for name, part in slices_of(data) if name.database == DATABASE]


def everything(decoder: EverySliceDecoder, part: Slice) -> Sequence[int]:
    return range(len(decoder.schema_of(part).columns))


def test_generated_and_invisible_columns(mysql9: Mysql, cursor: Any) -> None:
    """Stored and virtual generated columns and invisible ones are in the images; a functional or multi-valued index
    adds no column that isn't in the schema."""
    cursor.execute(
        "CREATE TABLE g (id INT PRIMARY KEY, a INT, v INT GENERATED ALWAYS AS (a * 2) VIRTUAL, "
        "s VARCHAR(20) GENERATED ALWAYS AS (CONCAT('#', a)) STORED, h INT INVISIBLE DEFAULT 5, j JSON, z INT, "
        "KEY v (v), KEY f ((a + z)), KEY m ((CAST(j->'$.tags' AS UNSIGNED ARRAY))))"
    )
    with capturing(mysql9, cursor) as capture:
        cursor.execute("""INSERT INTO g (id, a, j, z) VALUES (1, 10, '{"tags": [1, 2]}', 7), (2, NULL, NULL, 8)""")
        cursor.execute("UPDATE g SET a = 11 WHERE id = 1")
    insert, update = slices_in(capture.file_bytes)
    decoder = EverySliceDecoder()
    schema = decoder.schema_of(insert)
    names = [column.name for column in schema.columns]
    wanted = [names.index(name) for name in ("id", "a", "v", "s", "h", "j", "z")]
    rows = decoder.decode(insert, wanted).after.to_pylist()
    assert rows[0] == {"id": 1, "a": 10, "v": 20, "s": "#10", "h": 5, "j": '{"tags": [1, 2]}', "z": 7}
    assert rows[1] == {"id": 2, "a": None, "v": None, "s": None, "h": 5, "j": None, "z": 8}
    changed = decoder.decode(update, wanted)
    assert [changed.before.to_pylist()[0][name] for name in "avs"] == [10, 20, "#10"]
    assert [changed.after.to_pylist()[0][name] for name in "avs"] == [11, 22, "#11"]
    assert [column.visible for column in schema.columns if column.name in ("a", "h")] == [True, False]


def test_a_column_that_a_minimal_image_lacks(mysql9: Mysql, cursor: Any) -> None:
    """With binlog_row_image=MINIMAL what is there can be decoded; a column that isn't stops with its name and the
    remedy, in the image before and in the image after; an insert is unharmed."""
    cursor.execute("CREATE TABLE m (id INT PRIMARY KEY, a INT, b VARCHAR(20), c BLOB)")
    cursor.execute("SET binlog_row_image = MINIMAL")
    with capturing(mysql9, cursor) as capture:
        cursor.execute("INSERT INTO m VALUES (1, 2, 'x', 'y')")
        cursor.execute("UPDATE m SET a = 3 WHERE id = 1")
        cursor.execute("DELETE FROM m WHERE id = 1")
    insert, update, delete = slices_in(capture.file_bytes)
    decoder = EverySliceDecoder()
    assert decoder.decode(insert, (0, 1, 2, 3)).after.to_pylist() == [{"id": 1, "a": 2, "b": "x", "c": b"y"}]
    assert decoder.decode(delete, (0,)).before.to_pylist() == [{"id": 1}]
    with pytest.raises(DataProblem, match=r"row_image\.minimal: [\s\S]*row_images\.m doesn't hold a, b") as caught:
        decoder.decode(delete, (0, 1, 2))
    assert "binlog_row_image=FULL" in caught.value.hint
    assert caught.value.where == {"table": "row_images.m", "columns": "a, b"}
    with pytest.raises(DataProblem, match=r"row_image\.minimal: [\s\S]*doesn't hold a\n"):  # before
        decoder.decode(update, (0, 1))
    with pytest.raises(DataProblem, match=r"row_image\.minimal: [\s\S]*doesn't hold id\n"):  # after
        decoder.decode(update, (0,))


def test_a_noblob_image(mysql9: Mysql, cursor: Any) -> None:
    """With binlog_row_image=NOBLOB a BLOB that didn't change is missing, and named."""
    cursor.execute("CREATE TABLE n (id INT PRIMARY KEY, a INT, c BLOB)")
    cursor.execute("SET binlog_row_image = NOBLOB")
    with capturing(mysql9, cursor) as capture:
        cursor.execute("INSERT INTO n VALUES (1, 2, 'y')")
        cursor.execute("UPDATE n SET a = 3 WHERE id = 1")
    _, update = slices_in(capture.file_bytes)
    decoder = EverySliceDecoder()
    decoded = decoder.decode(update, (0, 1))
    assert (decoded.before.to_pylist(), decoded.after.to_pylist()) == ([{"id": 1, "a": 2}], [{"id": 1, "a": 3}])
    with pytest.raises(DataProblem, match=r"row_image\.minimal: [\s\S]*doesn't hold c"):
        decoder.decode(update, (0, 2))


def test_an_image_is_read_by_its_own_columns(mysql9: Mysql, cursor: Any) -> None:
    """Twenty columns with NULLs at every place, so that null bitmaps of two bytes come in many patterns, asked for in
    any order."""
    names = [f"c{number}" for number in range(20)]
    kinds = ["INT", "VARCHAR(10)", "BLOB", "DECIMAL(9,2)", "MEDIUMBLOB"]
    columns = ", ".join(f"{name} {kinds[place % 5]}" for place, name in enumerate(names))
    cursor.execute(f"CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, {columns})")
    rows = [["NULL" if (row >> (place % 7)) & 1 else f"'{row}'" for place in range(20)] for row in range(128)]
    with capturing(mysql9, cursor) as capture:
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        cursor.execute(f"INSERT INTO p ({', '.join(names)}) VALUES {values}")
    decoder = EverySliceDecoder()
    parts = slices_in(capture.file_bytes)
    schema = decoder.schema_of(parts[0])
    expected = selected(mysql9, schema, "null")
    order = [20, 3, 0, 7, 1, 19, 2]
    found = pa.Table.from_batches([decoder.decode(part, order).after for part in parts])
    assert found.to_pylist() == expected.select([schema.columns[index].name for index in order]).to_pylist()


def test_a_compressed_transaction(mysql9: Mysql, cursor: Any) -> None:
    """Rows out of a compressed transaction decode alike."""
    cursor.execute("CREATE TABLE z (id INT PRIMARY KEY, t TEXT, j JSON)")
    cursor.execute("SET binlog_transaction_compression = ON")
    with capturing(mysql9, cursor) as capture:
        cursor.execute("""INSERT INTO z VALUES (1, REPEAT('abc', 1000), '{"a": [1, 2]}'), (2, NULL, NULL)""")
    decoder = EverySliceDecoder()
    (part,) = slices_in(capture.file_bytes)
    assert list(decoder.decode(part, ()).kinds) == [Kind.INSERT, Kind.INSERT]
    decoded = decoder.decode(part, everything(decoder, part))
    assert decoded.after.to_pylist() == selected(mysql9, decoded.schema, "null").to_pylist()
    assert b"abc" * 1000 not in capture.file_bytes
