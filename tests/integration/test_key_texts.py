"""Key texts of every type against what real servers' SELECT prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from pymysql.converters import encoders

from actors.stack import Mysql
from ingest.codec import BinlogEvent, RowsEvent, TableMap
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_reading import CODEC, file_events
from tests.kit.supplements import supplement_of

pytestmark = pytest.mark.integration

DATABASE = "key_texts"


@contextmanager
def session(server: Mysql) -> Iterator[Any]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        cursor.execute(f"USE {DATABASE}")
        cursor.execute("SET time_zone = '+00:00'")
        yield cursor


KEY_COLUMNS = {
    "tiny": ("tinyint", ["-128", "127"], "{}"),
    "utiny": ("tinyint unsigned", ["255"], "{}"),
    "small": ("smallint", ["-32768", "32767"], "{}"),
    "medium": ("mediumint", ["-8388608", "8388607"], "{}"),
    "umedium": ("mediumint unsigned", ["16777215"], "{}"),
    "normal": ("int", ["-2147483648", "2147483647"], "{}"),
    "unormal": ("int unsigned", ["4294967295"], "{}"),
    "big": ("bigint", ["-9223372036854775808", "9223372036854775807"], "{}"),
    "ubig": ("bigint unsigned", ["18446744073709551615"], "{}"),
    "dec0": ("decimal(65,0)", ["0", "-" + "9" * 65, "9" * 65, "1"], "{}"),
    "dec2": ("decimal(10,2)", ["0.00", "-0.01", "12345678.90", "-99999999.99"], "{}"),
    "dec30": ("decimal(30,30)", ["0." + "0" * 29 + "1", "-0." + "9" * 30], "{}"),
    "dec19": ("decimal(19,9)", ["1234567890.123456789", "-1.5"], "{}"),
    "dbl": ("double", ["0.1", "-1e300", "123456789.125", "5e-324"], None),
    "flt": ("float", ["0.1", "-1.5", "16777216", "3.4028235e38"], None),
    "y": ("year", ["1901", "2155", "0000"], "{}"),
    "b1": ("bit(1)", ["b'1'", "b'0'"], "{}+0"),
    "b20": ("bit(20)", ["b'11110000111100001111'"], "{}+0"),
    "b64": ("bit(64)", ["0xFFFFFFFFFFFFFFFF"], "{}+0"),
    "c10": ("char(10)", ["'äöü€'", "''", "'a  '"], "{}"),
    "c255": ("char(255)", ["REPEAT('€', 255)"], "{}"),
    "v10": ("varchar(10) character set latin1", ["'äöü€'"], "CONVERT({} USING utf8mb4)"),
    "vg": ("varchar(10) character set gbk", ["'中文'"], "CONVERT({} USING utf8mb4)"),
    "v400": ("varchar(400)", ["REPEAT('x', 400)", "'😀'"], "{}"),
    "txt": ("text", ["REPEAT('x', 2000)"], "{}"),
    "bin5": ("binary(5)", ["0x6100", "''"], "LOWER(HEX({}))"),
    "vb": ("varbinary(5)", ["0x6100", "''"], "LOWER(HEX({}))"),
    "blb": ("blob", ["0x00FF"], "LOWER(HEX({}))"),
    "e": ("enum('a','ä|','c,d')", ["'ä|'", "'c,d'"], "{}"),
    "s": ("set('a','b','ä')", ["'a,ä'", "''", "'b'"], "{}"),
    "d": ("date", ["'2024-02-29'", "'0000-00-00'", "'9999-12-31'", "'1000-01-01'", "'2024-00-10'"], "{}"),
    "dt0": ("datetime", ["'2024-02-29 23:59:59'", "'0000-00-00 00:00:00'", "'9999-12-31 00:00:01'"], "{}"),
    **{
        f"dt{n}": (f"datetime({n})", ["'2024-02-29 23:59:59.987654'", "'1000-01-01 00:00:00.000001'"], "{}")
        for n in range(1, 7)
    },
    "ts0": ("timestamp", ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'"], "{}"),
    **{f"ts{n}": (f"timestamp({n})", ["'2024-02-29 23:59:59.98765'", "'0000-00-00 00:00:00'"], "{}") for n in range(1, 7)},
    "t0": ("time", ["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"], "{}"),
    **{
        f"t{n}": (f"time({n})", ["'-00:00:00.5'", "'-838:59:58.999999'", "'12:34:56.123456'", "'-01:00:00'"], "{}")
        for n in range(1, 7)
    },
}  # fmt: skip


def check_key_texts(server: Mysql, cursor: Any, names: Sequence[str]) -> None:
    """Write each value, and compare the key text from the binlog with what SELECT prints."""
    cursor.execute("SET sql_mode = ''")
    with capturing(server, cursor) as capture:
        for name in names:
            kind, values, _ = KEY_COLUMNS[name]
            cursor.execute(f"DROP TABLE IF EXISTS k_{name}")
            cursor.execute(f"CREATE TABLE k_{name} (n int PRIMARY KEY, v {kind} NOT NULL) DEFAULT CHARSET=utf8mb4")
            for number, value in enumerate(values):
                cursor.execute(f"INSERT INTO k_{name} VALUES ({number}, {value})")
    found = key_texts(file_events(capture.file_bytes), cursor)
    with server.connect(conv=encoders, database=DATABASE) as connection, connection.cursor() as plain:
        plain.execute("SET time_zone = '+00:00'")
        for name in names:
            texts = found[f"k_{name}"]
            assert len(texts) == len(KEY_COLUMNS[name][1])
            compare_with_select(plain, name, texts)


def compare_with_select(cursor: Any, name: str, texts: Sequence[str]) -> None:
    shown = KEY_COLUMNS[name][2]
    if shown is not None:
        cursor.execute(f"SELECT {shown.format('v')} FROM k_{name} ORDER BY n")
        assert texts == [value for (value,) in cursor.fetchall()], name
        return
    for number, text in enumerate(texts):  # MySQL prints floats with fewer digits than they have
        cursor.execute(f"SELECT COUNT(*) FROM k_{name} WHERE n = {number} AND ABS(v - {text}) <= 1e-6 * ABS(v)")
        assert cursor.fetchone() == ("1",), (name, text)


def key_texts(events: Sequence[BinlogEvent], cursor: Any) -> dict[str, list[str]]:
    """The key text of each table's second column, by table; the schema's missing part from the server."""
    tables: dict[int, TableMap] = {}
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, TableMap):
            tables[event.table_id] = event
        elif isinstance(event, RowsEvent):
            name = tables[event.table_id].name
            supplement = supplement_of(cursor, name.database, name.table).encode()
            schema = CODEC.table_schema(tables[event.table_id].body, supplement)
            walker = CODEC.walker(schema, event.before_present, event.after_present)
            found.setdefault(name.table, []).extend(walker.keys(walker.walk(event).after, [1]))
    return found


def test_key_texts_are_what_select_prints(mysql9: Mysql) -> None:
    """Every type that can be a key renders as MySQL prints it."""
    with session(mysql9) as cursor:
        check_key_texts(mysql9, cursor, list(KEY_COLUMNS))


def test_key_texts_of_mysql_56(mysql56: Mysql) -> None:
    """The same without any metadata in the binlog: signs, charsets and members come from a supplement."""
    with session(mysql56) as cursor:
        check_key_texts(mysql56, cursor, list(KEY_COLUMNS))
