"""Decimals, dates and times as MySQL prints them, to the bytes that it stores: the inverse of ``ingest.binlog.values``.

Sources: MySQL's doc page "Date and Time Data Type Representation" and decimal2bin (strings/decimal.cc). ValueError for a
text that is no value of the type.
"""

from __future__ import annotations

import calendar
import re

from ingest.binlog.row_layout import DIGIT_BYTES

_DECIMAL = re.compile(r"(-?)(\d*)(?:\.(\d*))?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_DATETIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_TIME = re.compile(r"(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?")


def decimal_bytes(text: str, precision: int, scale: int) -> bytes:
    """DECIMAL(precision, scale): groups of nine digits, the odd ones at the outer ends; the topmost bit inverted, all
    bits of a negative number."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no decimal number")
    sign, whole, fraction = match.group(1), match.group(2).lstrip("0"), match.group(3) or ""
    if len(whole) > precision - scale or len(fraction) > scale or not (match.group(2) or fraction):
        raise ValueError(f"{text!r} is no DECIMAL({precision},{scale})")
    stored = bytearray(_groups(whole.rjust(precision - scale, "0"), at_end=False))
    stored += _groups(fraction.ljust(scale, "0"), at_end=True)
    stored[0] ^= 0x80
    return bytes(byte ^ 0xFF for byte in stored) if sign else bytes(stored)


def _groups(digits: str, *, at_end: bool) -> bytes:
    """Groups of nine digits; the shorter one first, or ``at_end``."""
    odd = len(digits) % 9
    bounds = range(0 if at_end else odd, len(digits), 9)
    groups = [digits[start : start + 9] for start in bounds]
    if odd and not at_end:
        groups.insert(0, digits[:odd])
    return b"".join(int(group).to_bytes(DIGIT_BYTES[len(group)], "big") for group in groups)


def date_bytes(text: str) -> bytes:
    """DATE."""
    year, month, day = map(int, _matched(_DATE, text, "date"))
    return (year << 9 | month << 5 | day).to_bytes(3, "little")


def datetime_bytes(text: str, digits: int) -> bytes:
    """DATETIME2 with so many digits of a second's fraction."""
    *fields, fraction = _matched(_DATETIME, text, "date and time")
    year, month, day, hour, minute, second = map(int, fields)
    packed = 1 << 39 | ((year * 13 + month) << 5 | day) << 17 | hour << 12 | minute << 6 | second
    return packed.to_bytes(5, "big") + _fraction_bytes(fraction, digits)


def timestamp_bytes(text: str, digits: int) -> bytes:
    """TIMESTAMP2, of a text in UTC; ``0000-00-00 00:00:00`` is second 0."""
    *fields, fraction = _matched(_DATETIME, text, "timestamp")
    numbers = tuple(map(int, fields))
    seconds = 0 if not any(numbers) else calendar.timegm(numbers)
    return seconds.to_bytes(4, "big") + _fraction_bytes(fraction, digits)


def time_bytes(text: str, digits: int) -> bytes:
    """TIME2: a negative one is the two's complement of the whole."""
    sign, hour, minute, second, fraction = _matched(_TIME, text, "time")
    size = 3 + (digits + 1) // 2
    clock = (int(hour) << 12 | int(minute) << 6 | int(second)).to_bytes(3, "big")
    magnitude = int.from_bytes(clock + _fraction_bytes(fraction, digits), "big")
    offset = 0x80 << 8 * (size - 1)
    return (offset - magnitude if sign else offset + magnitude).to_bytes(size, "big")


def _matched(pattern: re.Pattern[str], text: str, what: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no {what}")
    return match.groups(default="")


def _fraction_bytes(fraction: str, digits: int) -> bytes:
    """Digits in pairs, a byte or more, big-endian."""
    size = (digits + 1) // 2
    return int((fraction.ljust(6, "0") or "0")[: 2 * size] or "0").to_bytes(size, "big")
