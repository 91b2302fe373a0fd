"""Generated values of every type at once, against SELECT; and mysql-replication as a differential oracle."""

from __future__ import annotations

import datetime
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.stack import Mysql
from tests.kit.binlog_capture import capturing
from tests.kit.binlog_slices import slices_of
from tests.kit.codecs import EverySliceDecoder
from tests.kit.selected_rows import selected
from tests.kit.supplements import supplement_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DATABASE = "generated_rows"


def decimals(precision: int, scale: int) -> st.SearchStrategy[str]:
    limit = 10**precision - 1
    return st.integers(-limit, limit).map(
        lambda unscaled: format(Decimal(unscaled).scaleb(-scale, Context(prec=100)), "f")
    )


MICROSECONDS = st.integers(0, 999_999)


def moments(first: datetime.datetime, last: datetime.datetime) -> st.SearchStrategy[str]:
    return st.datetimes(first, last).map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0"))


def time_text(microseconds: int) -> str:
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"
    return f"-{text}" if microseconds < 0 else text


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BASIC = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=40)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=25,
)
#: name -> (column definition, SQL around the parameter, values, exists in 5.6)
COLUMNS: dict[str, tuple[str, str, st.SearchStrategy[Any], bool]] = {
    "i8": ("TINYINT", "%s", st.integers(-128, 127), True),
    "u16": ("SMALLINT UNSIGNED", "%s", st.integers(0, 65535), True),
    "i24": ("MEDIUMINT", "%s", st.integers(-(2**23), 2**23 - 1), True),
    "u24": ("MEDIUMINT UNSIGNED", "%s", st.integers(0, 2**24 - 1), True),
    "i32": ("INT", "%s", st.integers(-(2**31), 2**31 - 1), True),
    "u64": ("BIGINT UNSIGNED", "%s", st.integers(0, 2**64 - 1), True),
    "dec": ("DECIMAL(65,30)", "%s", decimals(65, 30), True),
    "dec2": ("DECIMAL(12,2)", "%s", decimals(12, 2), True),
    "dec3": ("DECIMAL(30,17)", "%s", decimals(30, 17), True),
    "f32": ("FLOAT", "%s", st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False), True),
    "f64": ("DOUBLE", "%s", st.floats(allow_nan=False, allow_infinity=False), True),
    "bits": ("BIT(37)", "%s", st.integers(0, 2**37 - 1), True),
    "y": ("YEAR", "%s", st.integers(1901, 2155) | st.just(0), True),
    "d": ("DATE", "%s", st.dates().map(lambda day: day.isoformat()), True),
    "t6": ("TIME(6)", "%s", st.integers(-3020399 * 10**6, 3020399 * 10**6).map(time_text), True),
    "t3": ("TIME(3)", "%s", st.integers(-3020398 * 10**6, 3020398 * 10**6).map(time_text), True),
    "t1": ("TIME(1)", "%s", st.integers(-3020398 * 10**6, 3020398 * 10**6).map(time_text), True),
    "m6": ("DATETIME(6)", "%s", moments(datetime.datetime.min, datetime.datetime(9999, 12, 31, 23, 59, 58)), True),
    "m2": ("DATETIME(2)", "%s", moments(datetime.datetime.min, datetime.datetime(9999, 12, 31, 23, 59, 58)), True),
    "s4": ("TIMESTAMP(4) NULL", "%s", moments(datetime.datetime(1970, 1, 2), datetime.datetime(2038, 1, 18)), True),
    "c": ("CHAR(40)", "%s", BASIC, True),
    "v": ("VARCHAR(40)", "%s", TEXT, True),
    "g": ("VARCHAR(40) CHARSET gbk", "%s", st.text(st.characters(codec="gb2312"), max_size=40), True),
    "l": ("TEXT CHARSET latin1", "%s", st.text(st.characters(codec="cp1252"), max_size=40), True),
    "b": ("BINARY(9)", "%s", st.binary(max_size=9), True),
    "vb": ("VARBINARY(300)", "%s", st.binary(max_size=300), True),
    "mb": ("MEDIUMBLOB", "%s", st.binary(max_size=300), True),
    "e": ("ENUM('a','b','c')", "%s", st.integers(0, 3), True),
    "o": ("SET('a','b','c','d','e','f','g','h','i')", "%s", st.integers(0, 511), True),
    "j": ("JSON", "%s", JSON.map(lambda value: json.dumps(value, ensure_ascii=False)), False),
    "p": ("POINT", "ST_GeomFromWKB(%s)", st.tuples(*[st.floats(-1e300, 1e300)] * 2).map(lambda at: struct.pack("<BIdd", 1, 1, *at)), True),
    "x": ("VECTOR(4)", "%s", st.tuples(*[st.floats(width=32, allow_nan=False, allow_infinity=False)] * 4).map(lambda all4: struct.pack("<4f", *all4)), False),
}  # fmt: skip


@contextmanager
def session(server: Mysql) -> Iterator[Any]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARSET utf8mb4")
        cursor.execute(f"USE {DATABASE}")
        yield cursor
        cursor.execute(f"DROP DATABASE {DATABASE}")


@pytest.mark.parametrize("which", ["mysql9", "mysql56"])
def test_generated_rows(request: pytest.FixtureRequest, which: str) -> None:
    """Any values of all types in one row decode to what SELECT gives, NULLs wherever they fall."""
    server: Mysql = request.getfixturevalue(which)
    columns = {name: column for name, column in COLUMNS.items() if which == "mysql9" or column[3]}
    row = st.tuples(*(st.none() | values for _, _, values, _ in columns.values()))
    with session(server) as cursor:
        definitions = ", ".join(f"`{name}` {definition}" for name, (definition, *_) in columns.items())
        cursor.execute(f"CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, {definitions}) CHARSET utf8mb4")
        marks = ", ".join(around for _, around, _, _ in columns.values())
        insert = f"INSERT INTO g (`{'`, `'.join(columns)}`) VALUES ({marks})"

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(row, min_size=1, max_size=12))
        def check(rows: list[tuple[Any, ...]]) -> None:
            cursor.execute("TRUNCATE TABLE g")
            with capturing(server, cursor) as capture:
                cursor.executemany(insert, rows)
            supplement = b"" if which == "mysql9" else supplement_of(cursor, DATABASE, "g").encode()
            parts = [
                part for name, part in slices_of(capture.file_bytes, lambda _: supplement) if name.database == DATABASE
            ]
            decoder = EverySliceDecoder()
            schema = decoder.schema_of(parts[0])
            everything = range(len(schema.columns))
            found = pa.Table.from_batches([decoder.decode(part, everything).after for part in parts])
            expected = selected(server, schema, "null")
            assert found.num_rows == expected.num_rows == len(rows)
            for name in found.schema.names:
                assert repr(found[name].to_pylist()) == repr(expected[name].to_pylist()), name

        check()
