"""Key texts: the reader's rendering of stored bytes and the sink's of decoded values are one and the same."""

from __future__ import annotations

import datetime as dt
import struct
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.key_text import float_text, key_renderer, key_text, time_text
from ingest.binlog.row_layout import stored_size
from ingest.binlog.values.reader import column_reader
from ingest.problems import DataProblem
from ingest.schema import Column


def column(kind: int, meta: int = 0, unsigned: bool = False, collation: int | None = None, *members: str) -> Column:
    return Column("c", kind, meta, False, unsigned, collation, members)


UTF8, BINARY = 255, 63

numbers = [
    *(column(kind, unsigned=sign) for kind in (F.TINY, F.SHORT, F.INT24, F.LONG, F.LONGLONG) for sign in (True, False)),
    column(F.YEAR),
    column(F.BIT, 1),
    column(F.BIT, 2 << 8 | 4),
    column(F.BIT, 8 << 8),
    column(F.FLOAT, 4),
    column(F.DOUBLE, 8),
]


def fixed(shape: Column) -> st.SearchStrategy[bytes]:
    size = stored_size(shape).fixed
    if shape.type == F.BIT:
        bits = (shape.meta >> 8) * 8 + (shape.meta & 0xFF)
        return st.integers(0, (1 << bits) - 1).map(lambda number: number.to_bytes(size, "big"))
    if shape.type == F.FLOAT:
        return st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: struct.pack("<f", value))
    if shape.type == F.DOUBLE:
        return st.floats(allow_nan=False, allow_infinity=False).map(lambda value: struct.pack("<d", value))
    return st.binary(min_size=size, max_size=size)


def fraction(digits: int) -> st.SearchStrategy[bytes]:
    """A stored fraction: digits in pairs, big-endian, an odd last digit padded by a zero."""
    size = (digits + 1) // 2
    scale = 10 ** (2 * size - digits)
    return st.integers(0, 10**digits - 1).map(lambda value: (value * scale).to_bytes(size, "big"))


clock = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
dates = st.dates()


def packed_datetime(date: dt.date, time: tuple[int, int, int]) -> bytes:
    day = (date.year * 13 + date.month) << 5 | date.day
    return (0x8000000000 + (day << 17 | time[0] << 12 | time[1] << 6 | time[2])).to_bytes(5, "big")


def packed_time(seconds: int, digits: int, fraction_number: int) -> bytes:
    """TIME2: the number with its fraction behind it, negative ones as the difference from the middle."""
    size = (digits + 1) // 2
    negative = seconds < 0
    hours, rest = divmod(abs(seconds), 3600)
    number = (hours << 12 | rest // 60 << 6 | rest % 60) << 8 * size | fraction_number * 10 ** (2 * size - digits)
    return ((0x800000 << 8 * size) + (-number if negative else number)).to_bytes(3 + size, "big")


def dated(kind: int, digits: int) -> st.SearchStrategy[bytes]:
    if kind == F.DATETIME2:
        return st.tuples(st.builds(packed_datetime, dates, clock), fraction(digits)).map(b"".join)
    if kind == F.TIMESTAMP2:
        seconds = st.integers(1, 2**32 - 1).map(lambda value: value.to_bytes(4, "big"))
        return st.tuples(seconds, fraction(digits)).map(b"".join)
    limit = 838 * 3600 + 59 * 60 + 58
    return st.builds(packed_time, st.integers(-limit, limit), st.just(digits), st.integers(0, 10**digits - 1))


def values_of(shape: Column, data: st.DataObject) -> bytes:
    if shape.type in (F.DATETIME2, F.TIMESTAMP2, F.TIME2):
        return data.draw(dated(shape.type, shape.meta))
    if shape.type == F.DATE:
        day = data.draw(dates)
        return (day.year << 9 | day.month << 5 | day.day).to_bytes(3, "little")
    if shape.type == F.ENUM:
        return data.draw(st.integers(0, len(shape.members))).to_bytes(shape.meta >> 8, "little")
    if shape.type == F.SET:
        return data.draw(st.integers(0, (1 << len(shape.members)) - 1)).to_bytes(shape.meta >> 8, "little")
    return data.draw(fixed(shape))


SHAPES = [
    *numbers,
    *(column(kind, digits) for kind in (F.DATETIME2, F.TIMESTAMP2, F.TIME2) for digits in range(7)),
    column(F.DATE),
    column(F.ENUM, F.ENUM | 1 << 8, False, UTF8, "a", "ä|b", ""),
    column(F.SET, F.SET | 1 << 8, False, UTF8, "a", "ä", "c"),
]


@pytest.mark.parametrize("zero_dates", ["text", "null"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{F(shape.type).name}-{shape.meta}-{shape.unsigned}")
@settings(max_examples=settings.default.max_examples * 20 // 100)
@given(data=st.data())
def test_both_doors_agree(shape: Column, zero_dates: ZeroDates, data: st.DataObject) -> None:
    """The text from the stored bytes is the text of the value that the sink decodes from the same bytes."""
    stored = values_of(shape, data)
    (value,) = column_reader(shape, zero_dates).read([stored]).to_pylist()
    assert key_renderer(shape)(b"??" + stored + b"??", 2) == key_text(shape, value)


STRINGS = [
    column(F.VARCHAR, 20, False, UTF8),
    column(F.VARCHAR, 400, False, 8),
    column(F.STRING, F.STRING | 20 << 8, False, UTF8),
    column(F.STRING, F.STRING | 5 << 8, False, BINARY),
    column(F.VARCHAR, 20, False, BINARY),
    column(F.BLOB, 3, False, BINARY),
    column(F.BLOB, 2, False, UTF8),
]


@pytest.mark.parametrize("shape", STRINGS, ids=lambda shape: f"{F(shape.type).name}-{shape.meta}-{shape.collation}")
@settings(max_examples=settings.default.max_examples * 20 // 100)
@given(data=st.data())
def test_both_doors_agree_on_strings(shape: Column, data: st.DataObject) -> None:
    """The same for texts in their character set and for bytes."""
    text = data.draw(st.text("ab c|\\ä€" if shape.collation != BINARY else "ab\0", max_size=5))
    stored = text.encode("cp1252" if shape.collation == 8 else "utf-8")
    (value,) = column_reader(shape, "null").read([stored]).to_pylist()
    width = stored_size(shape).length_bytes
    assert key_renderer(shape)(len(stored).to_bytes(width, "little") + stored, 0) == key_text(shape, value)


@given(st.integers(1, 65).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, min(30, p)))), st.data())
def test_decimals(shape: tuple[int, int], data: st.DataObject) -> None:
    """Any DECIMAL, of any precision and scale, renders all its digits, whatever the grouping of its bytes."""
    precision, scale = shape
    number = data.draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    whole, part = divmod(abs(number), 10**scale)
    expected = f"{'-' if number < 0 else ''}{whole}" + (f".{part:0{scale}d}" if scale else "")
    spec = column(F.NEWDECIMAL, precision | scale << 8)
    stored = decimal_bytes(number, precision, scale)
    assert key_renderer(spec)(b"?" + stored, 1) == expected
    assert key_text(spec, Decimal(expected)) == expected


def decimal_bytes(number: int, precision: int, scale: int) -> bytes:
    """decimal2bin: digits in groups of nine from the point outwards."""
    digits = f"{abs(number):0{precision}d}"
    whole, part = digits[: precision - scale], digits[precision - scale :]
    groups = [whole[: len(whole) % 9]] + [whole[i : i + 9] for i in range(len(whole) % 9, len(whole), 9)]
    groups += [part[i : i + 9] for i in range(0, len(part), 9)]
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
    data = bytearray(b"".join(int(group).to_bytes(sizes[len(group)], "big") for group in groups if group))
    data[0] ^= 0x80
    return bytes(byte ^ 0xFF for byte in data) if number < 0 else bytes(data)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_text_keeps_the_number(value: float) -> None:
    """A FLOAT's text gives the same 32-bit number back, and no shorter one of up to eight digits does."""
    text = float_text(value, single=True)
    assert struct.pack("<f", float(text)) == struct.pack("<f", value)
    assert len(text) <= len(float_text(value, single=False))


def test_examples() -> None:
    """Spelling that both sides rely on."""
    assert key_text(column(F.YEAR), 0) == "0000"
    assert key_text(column(F.STRING, F.STRING | 4 << 8, False, BINARY), b"a") == "61000000"
    assert key_text(column(F.SET), ["a", "b"]) == "a,b"
    assert key_text(column(F.DATETIME2, 3), "0000-00-00 00:00:00.000") == "0000-00-00 00:00:00.000"
    assert key_text(column(F.DATE), dt.date(33, 1, 2)) == "0033-01-02"
    assert time_text(-1, 6) == "-00:00:00.000001"
    assert float_text(1e300, single=False) == "1e300"
    assert float_text(0.1, single=True) == "0.1"


@pytest.mark.parametrize("kind", [F.JSON, F.GEOMETRY, F.VECTOR])
def test_types_that_make_no_key(kind: int) -> None:
    """JSON, GEOMETRY and VECTOR are refused by name."""
    with pytest.raises(DataProblem, match=r"row\.key_type"):
        key_renderer(column(kind, 4))
    with pytest.raises(DataProblem, match=r"row\.key_type"):
        key_text(column(kind, 4), [1.0])
