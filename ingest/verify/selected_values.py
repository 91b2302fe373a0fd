"""What SELECT gives to Arrow arrays of exactly the types that the binlog decoder gives.

The values are those of the text protocol as raw bytes (texts in utf8mb4, the session's time zone UTC). Where the text
protocol loses something, the column is selected through an expression: a FLOAT is printed with six digits, so it is
selected as a DOUBLE product; VECTOR is selected in hexadecimal.

Written from MySQL's documentation of the types, not from the binlog's decoder: two ways to one value.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.types as pt

from ingest.binlog.arrow_types import ZeroDates, arrow_field
from ingest.binlog.field_types import FieldType
from ingest.problems import DataProblem, declare
from ingest.schema import Column
from ingest.snapshot.chunks import APPROXIMATE, Texts, quoted

VALUE_ODD = declare(
    "verify.value_odd",
    "SELECT gave a value that doesn't look like one of its column's type.",
    "Report it with the column's type and the server's version.",
)
ZERO_DATE = declare(
    "verify.zero_date",
    'A column holds a zero or partial date, and the lane\'s zero_dates is "stop".',
    'Repair the row, or set the lane\'s zero_dates to "null" or "text".',
)

_DATE = re.compile(rb"(\d{4})-(\d\d)-(\d\d)")
_TIME = re.compile(rb"(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def select_expression(column: Column) -> str:
    """What to SELECT for a column, so that nothing of its value is lost."""
    if column.type in APPROXIMATE:
        return f"{quoted(column.name)} * 1e0"
    if column.type == FieldType.VECTOR:
        return f"HEX({quoted(column.name)})"
    return quoted(column.name)


def arrow_column(column: Column, texts: Texts, zero_dates: ZeroDates) -> pa.Array:
    """One column's selected values. DataProblem names the column and the value."""
    wanted = arrow_field(column, zero_dates).type
    try:
        if pt.is_date(wanted) or pt.is_timestamp(wanted):
            return _dates(column, texts, zero_dates, wanted)
        return _convert(column, texts, wanted)
    except (ValueError, ArithmeticError, struct.error) as error:
        raise DataProblem(VALUE_ODD, f"column {column.name!r}: {error}", {"column": column.name}) from error


def arrow_batch(columns: Sequence[Column], texts: Sequence[Texts], zero_dates: ZeroDates) -> pa.RecordBatch:
    """Columns and their values (column by column) to a record batch with the binlog decoder's fields."""
    fields = [arrow_field(column, zero_dates) for column in columns]
    arrays = [arrow_column(column, values, zero_dates) for column, values in zip(columns, texts, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _convert(column: Column, texts: Texts, wanted: pa.DataType) -> pa.Array:
    if column.type == FieldType.BIT:
        return _each(texts, lambda value: int.from_bytes(value, "big"), wanted)
    if column.type == FieldType.VECTOR:
        return _each(texts, _vector, wanted)
    if column.type == FieldType.SET:
        return _each(texts, lambda value: value.decode().split(",") if value else [], wanted)
    if pt.is_integer(wanted):
        return _each(texts, int, wanted)
    if pt.is_floating(wanted):
        return _each(texts, float, wanted)
    if pt.is_decimal(wanted):
        return _each(texts, lambda value: Decimal(value.decode()), wanted)
    if pt.is_duration(wanted):
        return _each(texts, _microseconds, wanted)
    if pt.is_string(wanted):
        return pa.array(texts, pa.binary()).cast(wanted)
    return pa.array(texts, wanted)


def _each(texts: Texts, convert: Callable[[bytes], object], wanted: pa.DataType) -> pa.Array:
    return pa.array([None if value is None else convert(value) for value in texts], wanted)


def _vector(value: bytes) -> list[float]:
    data = bytes.fromhex(value.decode())
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def _microseconds(value: bytes) -> int:
    match = _TIME.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a time")
    sign, hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    micros = whole * 1_000_000 + int((fraction or b"").ljust(6, b"0"))
    return -micros if sign else micros


def _dates(column: Column, texts: Texts, zero_dates: ZeroDates, wanted: pa.DataType) -> pa.Array:
    real: list[str | None] = []
    for value in texts:
        if value is None or _is_real_date(value):
            real.append(None if value is None else value.decode())
        elif zero_dates == "stop":
            raise DataProblem(ZERO_DATE, f"column {column.name!r} holds {value.decode()}", {"column": column.name})
        else:
            real.append(None)
    plain = pa.timestamp("us") if pt.is_timestamp(wanted) else wanted
    return pa.array(real, pa.string()).cast(plain).cast(wanted)


def _is_real_date(value: bytes) -> bool:
    """Whether the calendar (proleptic Gregorian, years 0 to 9999) has the date that the value begins with."""
    match = _DATE.match(value)
    if match is None:
        raise ValueError(f"{value!r} is not a date")
    year, month, day = map(int, match.groups())
    if not (1 <= month <= 12 and day):
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= DAYS_IN_MONTH[month - 1] + leap
