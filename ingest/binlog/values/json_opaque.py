"""SQL values inside JSON: DECIMAL, dates, times and binary strings, as ``CAST(column AS CHAR)`` prints them.

Format: a binlog field type byte, then the value in the form of ``Json_decimal`` (precision, scale, packed decimal) or
``Json_datetime`` (64-bit packed, little-endian: bit fields as in ``temporal_packed.py``, then 24 bits of
microseconds); everything else is printed in base64 under its type's number, in lines of 76 characters.
"""

from __future__ import annotations

import binascii

from ingest.binlog.field_types import FieldType
from ingest.binlog.row_layout import DIGIT_BYTES
from ingest.binlog.values.calendar import date_text, is_storable
from ingest.binlog.values.decimals import decimal_text, unscaler
from ingest.binlog.values.malformed import malformed

_LINE = 76
_DIGITS_MAX = 81
"""DECIMAL_BUFF_LENGTH groups of nine: MySQL stores a 65-digit DECIMAL with a precision of 66 when its whole part,
rounded up to groups, has one digit more."""
_DATETIMES = (FieldType.DATETIME, FieldType.TIMESTAMP)


def opaque_text(kind: int, data: bytes) -> str:
    """The JSON text of an opaque value. DataProblem ``value.malformed``."""
    if kind == FieldType.NEWDECIMAL:
        return _decimal(data)
    if kind == FieldType.TIME:
        return f'"{_time(data)}"'
    if kind == FieldType.DATE:
        return f'"{_datetime(data)[:10]}"'
    if kind in _DATETIMES:
        return f'"{_datetime(data)}"'
    encoded = binascii.b2a_base64(data, newline=False).decode("ascii")
    lines = [encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE)]
    return f'"base64:type{kind}:' + "\\n".join(lines) + '"'


def _decimal(data: bytes) -> str:
    if len(data) < 2:
        raise malformed("a DECIMAL in JSON has no precision")
    precision, scale = data[0], data[1]
    if not (1 <= precision <= _DIGITS_MAX and scale <= min(30, precision)):
        raise malformed(f"a DECIMAL in JSON has precision {precision} and scale {scale}")
    size = sum(digits // 9 * 4 + DIGIT_BYTES[digits % 9] for digits in (precision - scale, scale))
    if len(data) != 2 + size:
        raise malformed(f"a DECIMAL({precision},{scale}) in JSON has {len(data) - 2} bytes")
    return decimal_text(unscaler(precision, scale)([data[2:]])[0], scale)


def _packed(data: bytes) -> int:
    if len(data) != 8:
        raise malformed(f"a date or time in JSON has {len(data)} bytes")
    return int.from_bytes(data, "little", signed=True)


def _clock(fields: int, hours_max: int) -> str:
    hour, minute, second = fields >> 12, fields >> 6 & 63, fields & 63
    if hour > hours_max or minute > 59 or second > 59:
        raise malformed(f"a time in JSON is {hour}:{minute}:{second}")
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def _microseconds(number: int) -> str:
    microseconds = number & 0xFFFFFF
    if microseconds > 999_999:
        raise malformed(f"a fraction of a second in JSON is {microseconds} microseconds")
    return f".{microseconds:06d}"


def _time(data: bytes) -> str:
    number = _packed(data)
    sign, number = ("-", -number) if number < 0 else ("", number)
    return sign + _clock(number >> 24, 838) + _microseconds(number)


def _datetime(data: bytes) -> str:
    number = _packed(data)
    year, month = divmod(number >> 46, 13)
    day = number >> 41 & 31
    if number < 0 or not is_storable(year, month, day):
        raise malformed(f"a date in JSON is {year}-{month}-{day}")
    return f"{date_text(year, month, day)} {_clock(number >> 24 & 0x1FFFF, 23)}{_microseconds(number)}"
