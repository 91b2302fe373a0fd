"""Stored forms made of what SELECT prints: reading them gives the same value. (Every type on real servers:
tests/integration/test_snapshot_images.py.)"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.table_map import table_schema
from ingest.binlog.values.json_binary import json_text
from ingest.binlog.values.reader import column_reader
from ingest.problems import DataProblem
from ingest.schema import Column, TableName, TableSchema
from ingest.snapshot.binary_json import binary_json
from ingest.snapshot.images import RowImages
from ingest.snapshot.packed_values import datetime_bytes, decimal_bytes, time_bytes, timestamp_bytes
from ingest.snapshot.table_map import table_map_of
from ingest.verify.selected_values import arrow_column

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=300)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)


def mysql_json(value: object) -> str:
    """As MySQL prints it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{mysql_json(key)}: {mysql_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(mysql_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str):
        return json_text(bytes([12]) + _length(value.encode()) + value.encode())
    return {None: "null", True: "true", False: "false"}[value] if not _is_whole(value) else str(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _length(data: bytes) -> bytes:
    size, head = len(data), b""
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return head + bytes([size])


@given(
    st.recursive(
        SCALARS | NUMBERS,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
        max_leaves=20,
    )
)
def test_json(value: object) -> None:
    """A document's text comes back digit by digit, members in their order."""
    text = mysql_json(value)
    assert json_text(binary_json(text)) == text


@pytest.mark.parametrize("count", [1, 400, 70_000])
def test_large_json(count: int) -> None:
    """Beyond 64 kB offsets have four bytes."""
    text = mysql_json({"a": ["x" * count, 70_000, -1, True], "big": list(range(65_530, 65_530 + count % 1_000))})
    assert json_text(binary_json(text)) == text


@pytest.mark.parametrize("text", ["1.0", "-0.0", "1e-16", "1.7976931348623157e308", "0.10", "-12.500", "1e22"])
def test_json_numbers(text: str) -> None:
    """Doubles and decimals."""
    assert json_text(binary_json(text)) == text


def stored(kind: F, meta: int, data: bytes) -> object:
    """What the binlog decoder reads."""
    return column_reader(Column("c", kind, meta, nullable=True), "text").read([data])[0].as_py()


def selected(kind: F, meta: int, text: str) -> object:
    """What SELECT shows, by the reader that knows nothing of the binlog."""
    return arrow_column(Column("c", kind, meta, nullable=True), [text.encode()], "null")[0].as_py()


@given(st.integers(1, 65).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, min(p, 30)))), st.data())
def test_decimals(shape: tuple[int, int], data: st.DataObject) -> None:
    """Every digit, whatever the shape."""
    precision, scale = shape
    number = data.draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    digits = str(abs(number)).rjust(scale + 1, "0")
    text = ("-" if number < 0 else "") + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)
    meta = precision | scale << 8
    assert stored(F.NEWDECIMAL, meta, decimal_bytes(text, precision, scale)) == selected(F.NEWDECIMAL, meta, text)


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)), st.integers(0, 6))
def test_datetimes(moment: datetime, digits: int) -> None:
    """A DATETIME of any precision."""
    text = f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + (f".{moment.microsecond:06d}"[: digits + 1] if digits else "")
    assert stored(F.DATETIME2, digits, datetime_bytes(text, digits)) == text


@given(st.datetimes(datetime(1970, 1, 2), datetime(2038, 1, 19)), st.integers(0, 6))
def test_timestamps(moment: datetime, digits: int) -> None:
    """A TIMESTAMP of any precision, in UTC."""
    text = f"{moment:%Y-%m-%d %H:%M:%S}" + (f".{moment.microsecond:06d}"[: digits + 1] if digits else "")
    assert stored(F.TIMESTAMP2, digits, timestamp_bytes(text, digits)) == text


@given(st.integers(0, 3_020_399), st.integers(0, 6), st.integers(0, 999_999), st.booleans())
def test_times(seconds: int, digits: int, micros: int, negative: bool) -> None:
    """A TIME of either sign; the fraction of a negative one, too."""
    fraction = f".{micros:06d}"[: digits + 1] if digits else ""
    text = f"{'-' if negative else ''}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
    found = stored(F.TIME2, digits, time_bytes(text, digits))
    assert isinstance(found, timedelta)
    assert found == selected(F.TIME2, digits, text)


def test_an_odd_value_names_its_column() -> None:
    """Invariant 5."""
    schema = TableSchema(TableName("d", "t"), (Column("day", F.DATE, 0, nullable=True),), ())
    with pytest.raises(DataProblem, match="day"):
        RowImages(schema).of([[b"yesterday"]])


def test_a_schema_comes_back() -> None:
    """Names and members of any character set, a wide table, hidden columns, a VECTOR's dimension."""
    columns = (
        Column("größe", F.ENUM, 0x01F7, nullable=True, collation=8, members=("é", "ß")),
        Column("v", F.VECTOR, 4, nullable=True, vector_dimension=300),
        Column("hidden", F.LONGLONG, 0, nullable=False, unsigned=True, visible=False),
        *(Column(f"c{number}", F.LONG, 0, nullable=bool(number % 2)) for number in range(300)),
    )
    schema = TableSchema(TableName("läden", "t" * 64), columns, (2,))
    assert table_schema(*table_map_of(schema)) == schema
