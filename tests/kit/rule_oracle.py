"""A table with a column of every kind, and expressions evaluated on it both by MySQL and by ingest.rules."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pymysql

from ingest.binlog.arrow_types import arrow_field
from ingest.binlog.field_types import FieldType as F
from ingest.problems import DataProblem
from ingest.rules.bind import Binder
from ingest.rules.bound import Batch, as_array
from ingest.rules.expression import NamedField
from ingest.rules.sql import parse_field
from ingest.rules.value_types import Kind, type_of
from ingest.schema import Column, TableName, TableSchema

WORDS = [
    "",
    "a",
    "A",
    "abc",
    "ABC",
    "abc ",
    "àbc",
    "Straße",
    "STRASSE",
    "ñ",
    "你好",
    "好",
    "x_y",
    "x%y",
    "O'Brien",
    "\\",
]
NUMERIC_TEXTS = [
    "0",
    "1",
    "12",
    "12abc",
    " 5",
    "-3.5",
    "1e3",
    ".5",
    "abc1",
    "18446744073709551615",
    "99999999999999999999",
]
DATE_TEXTS = [
    "2024-02-29",
    "2024-02-30",
    "2024-1-5 3:4:5.678",
    "20240131",
    "240131",
    "2024-01-31T23:59:59.999999",
    "10:11:12",
]
LATIN = ["", "a", "A", "abc ", "ÄRGER", "ärger", "é", "E", "ß", "ÿ", "12", "x"]
GBK = ["", "a", "A", "~", "y", "你好", "好", "12", "abc"]
INTEGERS = [0, 1, -1, 2, 3, 5, 7, 10, 100, -7, 99]


@dataclass(frozen=True, slots=True)
class OracleColumn:
    """A column: its definition in SQL, as the binlog would describe it, how to select it, and values to try."""

    column: Column
    definition: str
    values: Sequence[Any]
    select: str = "{name}"
    group: str = "number"


def _c(name: str, kind: F, meta: int, definition: str, values: Sequence[Any], group: str, **more: Any) -> OracleColumn:
    select = more.pop("select", "{name}")
    return OracleColumn(Column(name, kind, meta, True, **more), definition, values, select, group)


def _text(name: str, collation: int, charset: str, name_of: str, values: Sequence[str]) -> OracleColumn:
    definition = f"VARCHAR(60) CHARACTER SET {charset} COLLATE {name_of}"
    return _c(name, F.VARCHAR, 240, definition, values, "text", collation=collation)


_MOMENTS = [
    dt.datetime(2024, 2, 29, 23, 59, 59, 987000),
    dt.datetime(1970, 1, 1, 0, 0, 1),
    dt.datetime(1999, 12, 31, 12, 30),
    dt.datetime(2026, 11, 21, 1, 2, 3, 456000),
]
COLUMNS = (
    _c("ti", F.TINY, 0, "TINYINT", [0, 1, -1, 127, -128, 5], "number"),
    _c("tu", F.TINY, 0, "TINYINT UNSIGNED", [0, 1, 255, 5], "number", unsigned=True),
    _c("i", F.LONG, 0, "INT", [*INTEGERS, 2147483647, -2147483648], "number"),
    _c("bi", F.LONGLONG, 0, "BIGINT", [*INTEGERS, 2**63 - 1, -(2**63), 2**53 + 1], "number"),
    _c("bu", F.LONGLONG, 0, "BIGINT UNSIGNED", [0, 1, 5, 7, 2**64 - 1, 2**63], "number", unsigned=True),
    _c("d1", F.NEWDECIMAL, 10 | 2 << 8, "DECIMAL(10,2)", ["0", "1.50", "-2.25", "99999999.99", "0.01", "12"], "number"),
    _c("d2", F.NEWDECIMAL, 30 | 10 << 8, "DECIMAL(30,10)", ["0", "0.0000000001", "-12345.678", "3", "7.5"], "number"),
    _c("f", F.FLOAT, 4, "FLOAT", [0, 0.1, 1.5, -2.5, 16777216, 1e10], "number", select="CAST({name} AS DOUBLE)"),
    _c("db", F.DOUBLE, 8, "DOUBLE", [0, 0.1, 1.5, -2.5, 2.5, 1e15, 123456789.123, 1e-7], "number"),
    _text("s", 255, "utf8mb4", "utf8mb4_0900_ai_ci", [*WORDS, *NUMERIC_TEXTS, *DATE_TEXTS]),
    _text("sg", 45, "utf8mb4", "utf8mb4_general_ci", [*WORDS, *NUMERIC_TEXTS]),
    _text("su", 224, "utf8mb4", "utf8mb4_unicode_ci", WORDS),
    _text("sb", 46, "utf8mb4", "utf8mb4_bin", [*WORDS, *NUMERIC_TEXTS]),
    _text("sl", 8, "latin1", "latin1_swedish_ci", LATIN),
    _text("sk", 28, "gbk", "gbk_chinese_ci", GBK),
    _c("vb", F.VARCHAR, 20, "VARBINARY(20)", [b"", b"a", b"A", b"\xff\x00", b"12"], "bytes", collation=63),
    _c("d", F.DATE, 0, "DATE", [one.date() for one in _MOMENTS], "date"),
    _c("dt", F.DATETIME2, 3, "DATETIME(3)", _MOMENTS, "date"),
    _c("ts", F.TIMESTAMP2, 0, "TIMESTAMP", [one.replace(microsecond=0) for one in _MOMENTS], "date"),
    _c("tm", F.TIME2, 2, "TIME(2)", ["00:00:00", "-10:11:12.5", "838:59:59", "23:59:59.99"], "time"),
    _c("y", F.YEAR, 0, "YEAR", [1999, 2024, 2026], "number", unsigned=True),
    _c("e", F.ENUM, 1, "ENUM('new','open','CLOSED')", ["new", "open", "CLOSED"], "text", collation=255,
       members=("new", "open", "CLOSED")),
    _c("st", F.SET, 1, "SET('x','y','z')", ["", "x", "x,z"], "text", collation=255, members=("x", "y", "z")),
    _c("b", F.BIT, 1 << 8, "BIT(8)", [0, 1, 200], "bit", select="{name}+0"),
    _c("j", F.JSON, 4, "JSON", ['{"a": 1}', "[1, 2]", "null", '"x"'], "json"),
)  # fmt: skip
SCHEMA = TableSchema(TableName("rules", "oracle"), tuple(one.column for one in COLUMNS), (0,))


def create(connection: pymysql.Connection, rows: int, seed: int) -> pa.RecordBatch:
    """Make and fill the table; give it as the decoder would."""
    rng = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS rules CHARACTER SET utf8mb4")
        cursor.execute("DROP TABLE IF EXISTS rules.oracle")
        definitions = ", ".join(f"`{one.column.name}` {one.definition}" for one in COLUMNS)
        cursor.execute(f"CREATE TABLE rules.oracle (row_id INT PRIMARY KEY, {definitions})")
        marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
        for number in range(rows):
            values = [None if rng.random() < 0.15 else rng.choice(one.values) for one in COLUMNS]
            cursor.execute(f"INSERT INTO rules.oracle VALUES ({marks})", [number, *values])
        listed = ", ".join(one.select.format(name=one.column.name) for one in COLUMNS)
        cursor.execute(f"SELECT {listed} FROM rules.oracle ORDER BY row_id")
        found = list(zip(*cursor.fetchall(), strict=True))
    arrays, fields = [], []
    for one, values in zip(COLUMNS, found, strict=True):
        field = arrow_field(one.column, "null")
        fields.append(field)
        arrays.append(pa.array([_as_decoded(one.column, value) for value in values], field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _as_decoded(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.type == F.SET:
        return [name for name in value.split(",") if name]
    if column.type == F.TIMESTAMP2:
        return value.replace(tzinfo=dt.timezone.utc)
    return value


def by_mysql(connection: pymysql.Connection, expression: str) -> list[str | bytes | None] | str:
    """The values as MySQL prints them, or why it refuses the expression or a value."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT {expression} FROM rules.oracle ORDER BY row_id")
        except pymysql.err.Error as error:
            return str(error)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Ours:
    """What ingest.rules makes of an expression: values, or the problem."""

    values: list[Any] | None = None
    fsp: int = 0
    scale: int | None = None
    single: bool = False
    problem: DataProblem | None = None


def by_rules(batch: pa.RecordBatch, expression: str) -> Ours:
    """The values as Python values."""
    try:
        field = parse_field(f"{expression} AS x")
        assert isinstance(field, NamedField)
        bound = Binder(SCHEMA).bind(field.expression)
        types = {index: type_of(column) for index, column in enumerate(SCHEMA.columns)}
        columns = {index: batch.column(index) for index in range(len(SCHEMA.columns))}
        values = as_array(bound.run(Batch(columns, types, batch.num_rows)), batch.num_rows, bound.type)
    except DataProblem as problem:
        return Ours(problem=problem)
    scale = bound.type.scale if bound.type.kind is Kind.DECIMAL else None
    return Ours(values.to_pylist(), bound.type.fsp, scale, bound.type.single)


def same(theirs: Any, ours: Any, kind: Ours) -> bool:
    """Is MySQL's printed value the same as our value? (It prints a FLOAT with six digits only.)"""
    fsp, scale = kind.fsp, kind.scale
    if theirs is None or ours is None:
        return theirs is None and ours is None
    if isinstance(ours, bytes):
        return bool((theirs if isinstance(theirs, bytes) else theirs.encode()) == ours)
    text = theirs.decode() if isinstance(theirs, bytes) else theirs
    if isinstance(ours, bool):
        return bool(text == str(int(ours)))
    if isinstance(ours, int):
        return bool(Decimal(text) == ours)
    if isinstance(ours, Decimal):
        return abs(Decimal(text) - ours) <= Decimal(1).scaleb(-scale) / 2 if scale is not None else False
    if isinstance(ours, float):
        return abs(float(text) - ours) <= (5e-6 if kind.single else 1e-14) * abs(ours)
    if isinstance(ours, dt.datetime):
        return bool(text == ours.isoformat(sep=" ", timespec="microseconds")[: 20 + fsp if fsp else 19])
    if isinstance(ours, dt.date):
        return bool(text == ours.isoformat())
    if isinstance(ours, dt.timedelta):
        return _microseconds(text) == ours // dt.timedelta(microseconds=1)
    return bool(text == ours)


def nearly(theirs: Any, ours: Any) -> bool:
    """Numbers that are the same in their first six digits."""
    try:
        return isinstance(ours, Decimal | float) and abs(float(theirs) - float(ours)) <= 5e-6 * abs(float(ours)) + 1e-9
    except (TypeError, ValueError):
        return False


def _microseconds(text: str) -> int:
    hours, minutes, seconds = text.lstrip("-").split(":")
    size = (int(hours) * 60 + int(minutes)) * 60_000_000 + int(Decimal(seconds) * 1_000_000)
    return -size if text.startswith("-") else size
