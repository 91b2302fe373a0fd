"""A column's value as key text: the one rule for the reader, which shards by it, and the sink, which writes it.

    integers, YEAR, BIT       decimal digits (YEAR with four)
    DECIMAL                   plain digits with all of the column's fraction
    FLOAT, DOUBLE             the shortest digits that give the same number of the column's width, in MySQL's layout
    CHAR, VARCHAR, TEXT       the text
    BINARY, VARBINARY, BLOB   lower-case hex; BINARY(n) filled up to n bytes with zeros, as SELECT shows it
    ENUM, SET                 the name; the names joined by commas
    DATE, DATETIME, TIME      MySQL's text; the fraction with the column's digits
    TIMESTAMP                 the same, in UTC

Two doors: ``key_renderer`` reads the stored bytes of a row image (the reader), ``key_text`` takes the decoded Python
value (the sink). Sources of the encodings: MySQL's doc page "Table_map_event", my_time.cc (my_*_packed_from_binary),
decimal.cc (bin2decimal). JSON, GEOMETRY and VECTOR can't be keys.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable, Iterable
from decimal import Decimal

from ingest.binlog.charsets import codec_of
from ingest.binlog.cursor import Damage
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.field_types import type_name
from ingest.binlog.row_layout import DIGIT_BYTES, stored_size
from ingest.binlog.values.column_shape import decimal_shape, fraction_digits, is_binary, string_length
from ingest.binlog.values.float_text import mysql_layout
from ingest.problems import DataProblem, declare
from ingest.schema import Column

KEY_TYPE = declare(
    "row.key_type",
    "A column of the document key has a type that makes no key.",
    "Choose an id of numbers, texts or times; JSON, GEOMETRY and VECTOR columns can't be part of one.",
)

#: Reads a stored value at an offset of a row image and gives its key text.
Renderer = Callable[[bytes, int], str]

_INTEGERS = {
    F.TINY: ("<b", "<B"),
    F.SHORT: ("<h", "<H"),
    F.LONG: ("<i", "<I"),
    F.LONGLONG: ("<q", "<Q"),
}
_STRINGS = (F.VARCHAR, F.VAR_STRING, F.STRING, F.BLOB, F.TINY_BLOB, F.MEDIUM_BLOB, F.LONG_BLOB)
_UNIX_EPOCH = dt.datetime(1970, 1, 1)


def key_renderer(column: Column) -> Renderer:
    """How to render a column's stored bytes; the bytes must be complete. DataProblem ``row.key_type``."""
    kind = column.type
    if kind in _INTEGERS:
        return _packed_number(struct.Struct(_INTEGERS[F(kind)][column.unsigned]))
    if kind in _STRINGS:
        return _string(column)
    if kind in (F.INT24, F.YEAR, F.BIT, F.ENUM, F.SET):
        return _number(column)
    if kind in (F.FLOAT, F.DOUBLE):
        return _float(column)
    if kind == F.NEWDECIMAL:
        return _decimal(column)
    temporal = _TEMPORAL.get(F(kind)) if kind in list(F) else None
    if temporal is not None:
        return temporal(column)
    raise _no_key(column)


def key_text(column: Column, value: object) -> str:
    """A decoded value's key text: int, Decimal, float, str, bytes, date, datetime, timedelta, or for a SET its names.

    Text passes as it is, also for a temporal column (that's how zero dates come). DataProblem ``row.key_type``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise _no_key(column)
    if isinstance(value, int):
        return f"{value:04d}" if column.type == F.YEAR else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return float_text(value, single=column.type == F.FLOAT)
    if isinstance(value, bytes):
        return _hex(column, value)
    if isinstance(value, dt.datetime):
        return _datetime_text(value, column)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return time_text(value // dt.timedelta(microseconds=1), fraction_digits(column))
    if column.type == F.SET and isinstance(value, Iterable):
        return ",".join(map(str, value))
    raise _no_key(column)


def float_text(value: float, single: bool) -> str:
    """The shortest digits that give the same number (``single``: the same 32-bit number), laid out as MySQL does."""
    if not single:
        return mysql_layout(repr(value))
    digits = next((n for n in range(1, 9) if _same_single(float(f"{value:.{n}g}"), value)), 9)
    return mysql_layout(repr(float(f"{value:.{digits}g}")))


def _same_single(left: float, right: float) -> bool:
    try:
        return struct.pack("<f", left) == struct.pack("<f", right)
    except OverflowError:  # rounded up past the largest 32-bit number
        return False


def time_text(microseconds: int, digits: int) -> str:
    """A TIME as MySQL prints it: ``-838:59:59.5`` with so many digits of fraction."""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    sign = "-" if microseconds < 0 else ""
    return f"{sign}{hours:02d}:{minute:02d}:{second:02d}{_fraction(fraction, digits)}"


def _no_key(column: Column) -> DataProblem:
    what = f"column {column.name!r} of type {type_name(column.type)} can't be part of a key"
    return DataProblem(KEY_TYPE, what, {"column": column.name})


def _fraction(microseconds: int, digits: int) -> str:
    return f".{microseconds:06d}"[: digits + 1] if digits else ""


def _datetime_text(value: dt.datetime, column: Column) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(dt.timezone.utc)
    return f"{value:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + _fraction(value.microsecond, fraction_digits(column))


def _hex(column: Column, value: bytes) -> str:
    return value.ljust(string_length(column), b"\0").hex() if column.type == F.STRING else value.hex()


# --- numbers ---------------------------------------------------------------------------------------------------------


def _packed_number(form: struct.Struct) -> Renderer:
    read = form.unpack_from

    def render(image: bytes, at: int) -> str:
        return str(read(image, at)[0])

    return render


def _number(column: Column) -> Renderer:
    """Numbers of odd sizes, and what is stored as one."""
    size = stored_size(column).fixed
    signed = column.type == F.INT24 and not column.unsigned
    order = "big" if column.type == F.BIT else "little"
    show: Callable[[int], str] = str
    if column.type == F.YEAR:
        show = _year_text
    elif column.type == F.ENUM:
        show = _enum_text(column)
    elif column.type == F.SET:
        show = _set_text(column)

    def render(image: bytes, at: int) -> str:
        return show(int.from_bytes(image[at : at + size], order, signed=signed))  # type: ignore[arg-type]

    return render


def _year_text(stored: int) -> str:
    return str(1900 + stored) if stored else "0000"


def _enum_text(column: Column) -> Callable[[int], str]:
    names = ("", *column.members)  # 0: the empty text of an invalid value

    def show(index: int) -> str:
        if index >= len(names):
            raise Damage(f"ENUM {column.name!r} has {len(names) - 1} members, {index} is stored")
        return names[index]

    return show


def _set_text(column: Column) -> Callable[[int], str]:
    def show(bits: int) -> str:
        if bits >> len(column.members):
            raise Damage(f"SET {column.name!r} has {len(column.members)} members, bits {bits:#x} are stored")
        return ",".join(name for place, name in enumerate(column.members) if bits >> place & 1)

    return show


def _float(column: Column) -> Renderer:
    single = column.type == F.FLOAT
    read = struct.Struct("<f" if single else "<d").unpack_from

    def render(image: bytes, at: int) -> str:
        return float_text(read(image, at)[0], single)

    return render


def _decimal(column: Column) -> Renderer:
    """Nine digits in four big-endian bytes, odd groups at the outer ends; the sign bit inverted; all bits inverted in
    a negative number."""
    precision, scale = decimal_shape(column)
    whole = precision - scale
    groups = [whole % 9] + [9] * (whole // 9) + [9] * (scale // 9) + [scale % 9]
    sizes = [(digits, DIGIT_BYTES[digits]) for digits in groups if digits]
    total = sum(size for _, size in sizes)

    def render(image: bytes, at: int) -> str:
        stored = image[at : at + total]
        negative = not stored[0] & 0x80
        plain = bytes(byte ^ 0xFF for byte in stored) if negative else stored
        digits, place = "", 0
        for count, size in sizes:
            group = plain[place : place + size]
            number = int.from_bytes(bytes([group[0] ^ 0x80]) + group[1:] if place == 0 else group, "big")
            if number >= 10**count:
                raise Damage(f"DECIMAL {column.name!r} stores {number} as {count} digits")
            digits += f"{number:0{count}d}"
            place += size
        text = digits[:whole].lstrip("0") or "0"
        return ("-" if negative else "") + (f"{text}.{digits[whole:]}" if scale else text)

    return render


# --- texts and bytes -------------------------------------------------------------------------------------------------


def _string(column: Column) -> Renderer:
    width = stored_size(column).length_bytes
    binary = is_binary(column)
    codec = "" if binary else codec_of(column.collation)  # type: ignore[arg-type]

    def render(image: bytes, at: int) -> str:
        start = at + width
        value = image[start : start + int.from_bytes(image[at:start], "little")]
        return _hex(column, value) if binary else value.decode(codec)

    return render


# --- dates and times -------------------------------------------------------------------------------------------------


def _date(column: Column) -> Renderer:
    def render(image: bytes, at: int) -> str:
        stored = int.from_bytes(image[at : at + 3], "little")
        return f"{stored >> 9:04d}-{stored >> 5 & 15:02d}-{stored & 31:02d}"

    return render


def _fraction_reader(column: Column) -> tuple[int, Callable[[bytes], int]]:
    """(bytes of the fraction, bytes to microseconds): digits in pairs, big-endian."""
    size = (fraction_digits(column) + 1) // 2
    scale = 10 ** (6 - 2 * size)
    return size, lambda stored: int.from_bytes(stored, "big") * scale


def _datetime2(column: Column) -> Renderer:
    digits = fraction_digits(column)
    size, microseconds = _fraction_reader(column)

    def render(image: bytes, at: int) -> str:
        packed = int.from_bytes(image[at : at + 5], "big") - 0x8000000000
        if packed < 0:
            raise Damage(f"DATETIME {column.name!r} is negative")
        day, time = packed >> 17, packed & 0x1FFFF
        month, day = day >> 5, day & 31
        text = f"{month // 13:04d}-{month % 13:02d}-{day:02d} {time >> 12:02d}:{time >> 6 & 63:02d}:{time & 63:02d}"
        return text + _fraction(microseconds(image[at + 5 : at + 5 + size]), digits)

    return render


def _timestamp2(column: Column) -> Renderer:
    digits = fraction_digits(column)
    size, microseconds = _fraction_reader(column)

    def render(image: bytes, at: int) -> str:
        seconds = int.from_bytes(image[at : at + 4], "big")
        return _timestamp_text(seconds) + _fraction(microseconds(image[at + 4 : at + 4 + size]), digits)

    return render


def _timestamp_text(seconds: int) -> str:
    if seconds == 0:
        return "0000-00-00 00:00:00"
    return str(_UNIX_EPOCH + dt.timedelta(seconds=seconds))


def _time2(column: Column) -> Renderer:
    """Hours, minutes, seconds and fraction as one big-endian number with an offset, so that bytes sort like times."""
    digits = fraction_digits(column)
    size, _ = _fraction_reader(column)
    scale = 10 ** (6 - 2 * size)

    def render(image: bytes, at: int) -> str:
        packed = int.from_bytes(image[at : at + 3 + size], "big") - (0x800000 << 8 * size)
        clock, fraction = divmod(abs(packed), 1 << 8 * size)
        seconds = (clock >> 12 & 0x3FF) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63)
        microseconds = seconds * 1_000_000 + fraction * scale
        return time_text(-microseconds if packed < 0 else microseconds, digits)

    return render


def _old_datetime(column: Column) -> Renderer:
    """DATETIME of before 5.6.4: the digits YYYYMMDDhhmmss as one number."""

    def render(image: bytes, at: int) -> str:
        digits = f"{int.from_bytes(image[at : at + 8], 'little'):014d}"
        if len(digits) != 14:
            raise Damage(f"DATETIME {column.name!r} stores {digits}")
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:10]}:{digits[10:12]}:{digits[12:]}"

    return render


def _old_timestamp(column: Column) -> Renderer:
    def render(image: bytes, at: int) -> str:
        return _timestamp_text(int.from_bytes(image[at : at + 4], "little"))

    return render


def _old_time(column: Column) -> Renderer:
    """TIME of before 5.6.4: the digits hhmmss as one signed number."""

    def render(image: bytes, at: int) -> str:
        stored = int.from_bytes(image[at : at + 3], "little", signed=True)
        clock = abs(stored)
        seconds = clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100
        return time_text((-seconds if stored < 0 else seconds) * 1_000_000, 0)

    return render


_TEMPORAL: dict[F, Callable[[Column], Renderer]] = {
    F.DATE: _date,
    F.NEWDATE: _date,
    F.DATETIME2: _datetime2,
    F.TIMESTAMP2: _timestamp2,
    F.TIME2: _time2,
    F.DATETIME: _old_datetime,
    F.TIMESTAMP: _old_timestamp,
    F.TIME: _old_time,
}
