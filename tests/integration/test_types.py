"""Every MySQL type, charset and row image form on real servers: what is decoded from the binlog is what SELECT gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.types as pt
import pytest

from actors.stack import Mysql
from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.charsets import charset_of, codec_of
from ingest.binlog.collation_table import COLLATIONS
from ingest.schema import TableName
from ingest.slices import Kind, Slice
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_slices import slices_of
from tests.kit.codecs import EverySliceDecoder
from tests.kit.selected_rows import selected
from tests.kit.supplements import supplement_of
from tests.kit.type_cases import TYPE_CASES, TypeCase

pytestmark = pytest.mark.integration

DATABASE = "types"
COLLATION_OF = {charset_of(collation): collation for collation in sorted(COLLATIONS, reverse=True)}
BIG5_REPLACED = {bytes.fromhex(code) for code in ("a15a", "a1c3", "a1c5", "a1fe", "a240", "a2cc", "a2ce")}
"""Big5 characters that MySQL prints as U+FFFD: we keep the character (see charset_codecs.py)."""


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Mysql:
    found: Mysql = request.getfixturevalue(request.param)
    return found


CP932_NEVER_STORED = {b"\x80", b"\xa0", b"\xfd", b"\xfe", b"\xff"}
"""Single bytes that Python's cp932 reads and MySQL's refuses to store."""


@contextmanager
def session(server: Mysql) -> Iterator[Any]:
    """A cursor in a fresh database."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARSET utf8mb4")
        cursor.execute(f"USE {DATABASE}")
        yield cursor
        cursor.execute(f"DROP DATABASE {DATABASE}")


@pytest.fixture
def cursor(server: Mysql) -> Iterator[Any]:
    with session(server) as cursor:
        yield cursor


@pytest.fixture
def cursor9(mysql9: Mysql) -> Iterator[Any]:
    with session(mysql9) as cursor:
        yield cursor


def parts_of(server: Mysql, cursor: Any, data: bytes) -> list[tuple[str, Slice]]:
    """The slices of this test's tables, with the table's name."""

    def supplement(name: TableName) -> bytes:
        return supplement_of(cursor, name.database, name.table).encode() if server.version == "5.6" else b""

    return [(name.table, part) for name, part in slices_of(data, supplement) if name.database == DATABASE]


def column_indexes(decoder: EverySliceDecoder, part: Slice) -> Sequence[int]:
    return range(len(decoder.schema_of(part).columns))


def after(decoder: EverySliceDecoder, parts: Sequence[Slice]) -> pa.Table:
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
    decoder = EverySliceDecoder(zero_dates)
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


def charsets_of(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT character_set_name FROM information_schema.character_sets WHERE character_set_name <> 'binary'"
    )
    return sorted(name for (name,) in cursor.fetchall())


def sample(charset: str) -> list[bytes]:
    """Texts of a character set: all its single bytes, and many of its longer sequences, in pieces of 40 characters."""
    codec = codec_of(COLLATION_OF["utf8mb3" if charset == "utf8" else charset])
    candidates = [bytes([byte]) for byte in range(256)]
    candidates += [bytes([first, second]) for first in range(0x80, 256, 3) for second in range(0x30, 256, 5)]
    candidates += [char.encode("utf-8") for char in "éßżčДΩא漢字あア한€\uffee"]
    candidates += ["😀".encode()] if charset == "utf8mb4" else []
    wide = {"ucs2": "utf_16_be", "utf16": "utf_16_be", "utf16le": "utf_16_le", "utf32": "utf_32_be"}.get(charset)
    if wide:
        chars = "aé漢あ한€~\0 " if charset == "ucs2" else "aé漢あ한€~\0 😀"
        candidates = [char.encode(wide) for char in chars]
    valid = [piece for piece in candidates if is_one_character(piece, codec)]
    return [b"".join(valid[at : at + 40]) for at in range(0, len(valid), 40)]


def is_one_character(piece: bytes, codec: str) -> bool:
    try:
        text = piece.decode(codec)
    except UnicodeDecodeError:
        return False
    return len(text) == 1 and piece not in BIG5_REPLACED and not (codec == "cp932" and piece in CP932_NEVER_STORED)


def test_text_in_every_charset(server: Mysql, cursor: Any) -> None:
    """CHAR, VARCHAR, TEXT, ENUM and SET in every character set of the server decode to what SELECT gives in utf8mb4."""
    charsets = charsets_of(cursor)
    for charset in charsets:
        cursor.execute(
            f"CREATE TABLE cs_{charset} (id INT AUTO_INCREMENT PRIMARY KEY, c CHAR(50), v VARCHAR(60), w VARCHAR(300), "
            f"t TEXT, e ENUM('a','b c'), s SET('x','y')) CHARSET {charset}"
        )
    with capturing(server, cursor) as capture:
        for charset in charsets:
            texts = [f"_{charset} X'{text.hex()}'" for text in (*sample(charset), b"")]
            rows = [
                f"({text}, {text}, {text}, CONCAT({text}, CONVERT(' ' USING {charset})), {1 + at % 2}, {at % 4})"
                for at, text in enumerate(texts)
            ]
            cursor.execute(f"INSERT INTO cs_{charset} (c, v, w, t, e, s) VALUES " + ", ".join(rows))
    parts = parts_of(server, cursor, capture.file_bytes)
    decoder = EverySliceDecoder()
    for charset in charsets:
        mine = [part for name, part in parts if name == f"cs_{charset}"]
        expected = selected(server, decoder.schema_of(mine[0]), "null")
        assert expected.num_rows == len(sample(charset)) + 1 > 1
        assert_same(after(decoder, mine), expected, charset)


def test_members_beyond_ascii(mysql9: Mysql, cursor9: Any) -> None:
    """ENUM and SET members in the column's own character set come out as SELECT prints them."""
    members = {"latin1": "é ß€", "gbk": "你 好", "sjis": "ア 表", "cp1251": "Ж я", "utf16": "a é漢"}
    for charset, pair in members.items():
        names = "'" + "','".join(pair.split()) + "'"
        cursor9.execute(
            f"CREATE TABLE m_{charset} (id INT AUTO_INCREMENT PRIMARY KEY, e ENUM({names}) CHARSET {charset}, "
            f"s SET({names}) CHARSET {charset}) CHARSET utf8mb4"
        )
    with capturing(mysql9, cursor9) as capture:
        for charset in members:
            cursor9.execute(f"INSERT INTO m_{charset} (e, s) VALUES (1, 3), (2, 1), (NULL, 0)")
    decoder = EverySliceDecoder()
    parts = parts_of(mysql9, cursor9, capture.file_bytes)
    assert len(parts) == len(members)
    for name, part in parts:
        assert_same(after(decoder, [part]), selected(mysql9, decoder.schema_of(part), "null"), name)


def test_updates_and_deletes(server: Mysql, cursor: Any) -> None:
    """An update has both images, a delete only the one before: each is the row as it was then."""
    cursor.execute(
        "CREATE TABLE changes (id INT PRIMARY KEY, n INT UNSIGNED, t VARCHAR(300), d DECIMAL(12,3), b BLOB, m DATETIME(3))"
    )
    cursor.execute(
        "INSERT INTO changes VALUES (1, 1, 'a', 1.5, 'x', '2024-01-02 03:04:05.678'), (2, NULL, NULL, NULL, NULL, NULL), "
        "(3, 4294967295, REPEAT('é', 200), -99.125, X'00FF', '1000-01-01')"
    )
    with capturing(server, cursor) as capture:
        cursor.execute("UPDATE changes SET n = 7, t = NULL, d = d + 1, b = NULL WHERE id <= 2")
        cursor.execute("DELETE FROM changes WHERE id = 3")
    decoder = EverySliceDecoder()
    update, delete = (part for _, part in parts_of(server, cursor, capture.file_bytes))
    changed = decoder.decode(update, column_indexes(decoder, update))
    removed = decoder.decode(delete, column_indexes(decoder, delete))
    assert list(changed.kinds) == [Kind.UPDATE, Kind.UPDATE]
    assert list(removed.kinds) == [Kind.DELETE]
    assert_same(pa.Table.from_batches([changed.after]), selected(server, changed.schema, "null"), "after the update")
    assert [row["t"] for row in changed.before.to_pylist()] == ["a", None]
    assert [row["d"] for row in changed.before.to_pylist()] == [Decimal("1.500"), None]
    assert removed.before.to_pylist()[0]["t"] == "é" * 200
    assert removed.before.to_pylist()[0]["n"] == 2**32 - 1
    assert removed.after.to_pylist() == [dict.fromkeys(removed.after.schema.names)]
