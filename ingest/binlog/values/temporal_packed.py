"""The temporal encodings of MySQL 5.6.4 and newer: big-endian bit fields, then the fraction of a second.

Source: MySQL doc page "Date and Time Data Type Representation" and ``my_*_packed_from_binary`` (sql-common/my_time.cc):
DATETIME2 5 bytes (sign 1, year * 13 + month 17, day 5, hour 5, minute 6, second 6), TIMESTAMP2 4 bytes of seconds,
TIME2 3 bytes (sign 1, unused 1, hour 10, minute 6, second 6); the fraction takes 1, 2 or 3 bytes for 1-2, 3-4, 5-6
digits. A TIME2 is negative as a whole: the number with its fraction, less the sign bit's weight.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pyarrow as pa

from ingest.binlog.arrow_types import DATETIME, TIME, TIMESTAMP
from ingest.binlog.values.calendar import date_text, days_since_1970, is_storable
from ingest.binlog.values.malformed import malformed
from ingest.binlog.values.temporal import (
    DAY_US,
    SECOND_US,
    fraction_text,
    timestamp_text,
)

_MEMO_MAX = 100_000
_CLOCK_BITS = 17
_CLOCK_MASK = (1 << _CLOCK_BITS) - 1


class _Memo(dict[int, int]):
    """A function's results, kept until there are too many. The function may raise; that isn't kept."""

    def __init__(self, function: Callable[[int], int]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: int) -> int:
        if len(self) >= _MEMO_MAX:
            self.clear()
        value = self[key] = self._function(key)
        return value


class _NoSuchDay(Exception):
    """A zero or partial date."""


class _Fraction:
    """The bytes behind the seconds: how many, their mask and the microseconds of one unit."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.size = (digits + 1) // 2
        self.bits = 8 * self.size
        self.mask = (1 << self.bits) - 1
        self.unit_us = 10 ** (6 - 2 * self.size)

    def check(self, numbers: Sequence[int]) -> None:
        """DataProblem when a fraction is a second or more."""
        mask, limit = self.mask, SECOND_US // self.unit_us
        if self.size and numbers and max([number & mask for number in numbers]) >= limit:
            raise malformed("a fraction of a second is a whole one or more")


def _clock_us(fields: int) -> int:
    """Hour 5, minute 6, second 6 bits to microseconds of the day."""
    hour, minute, second = fields >> 12, fields >> 6 & 63, fields & 63
    if hour > 23 or minute > 59 or second > 59:
        raise malformed(f"a time of day is {hour}:{minute}:{second}")
    return (hour * 3600 + minute * 60 + second) * SECOND_US


def _ymd(fields: int) -> tuple[int, int, int]:
    """Sign 1, year * 13 + month 17, day 5 bits to a storable date."""
    months, day = fields >> 5 & 0x1FFFF, fields & 31
    year, month = divmod(months, 13)
    if not fields >> 22 or not is_storable(year, month, day):
        raise malformed(f"a date is {year}-{month}-{day}, or before year 0")
    return year, month, day


def _day_us(fields: int) -> int:
    days = days_since_1970(*_ymd(fields))
    if days is None:
        raise _NoSuchDay
    return days * DAY_US


class PackedDatetime:
    """DATETIME2(digits)."""

    arrow_type = DATETIME

    def __init__(self, digits: int) -> None:
        self._fraction = _Fraction(digits)
        self._days = _Memo(_day_us)
        self._clocks = _Memo(_clock_us)

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """See ``Dated``."""
        fraction = self._fraction
        numbers = _unpack(raws, 5 + fraction.size)
        fraction.check(numbers)
        try:
            return self._all_in_calendar(numbers)
        except _NoSuchDay:
            return [self._one(number) for number in numbers]

    def _all_in_calendar(self, numbers: Sequence[int]) -> list[int | None]:
        days, clocks, bits = self._days, self._clocks, self._fraction.bits
        mask, unit_us, day_shift = self._fraction.mask, self._fraction.unit_us, self._fraction.bits + _CLOCK_BITS
        if not bits:
            return [days[number >> _CLOCK_BITS] + clocks[number & _CLOCK_MASK] for number in numbers]
        return [
            days[number >> day_shift] + clocks[number >> bits & _CLOCK_MASK] + (number & mask) * unit_us
            for number in numbers
        ]

    def _one(self, number: int) -> int | None:
        try:
            return self._all_in_calendar([number])[0]
        except _NoSuchDay:
            _clock_us(number >> self._fraction.bits & _CLOCK_MASK)
            return None

    def text(self, raw: bytes) -> str:
        """See ``Dated``."""
        fraction = self._fraction
        numbers = _unpack([raw], 5 + fraction.size)
        fraction.check(numbers)
        fields = numbers[0] >> fraction.bits
        clock = fields & _CLOCK_MASK
        _clock_us(clock)
        microseconds = (numbers[0] & fraction.mask) * fraction.unit_us
        day = date_text(*_ymd(fields >> _CLOCK_BITS))
        time = f"{clock >> 12:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}"
        return f"{day} {time}{fraction_text(microseconds, fraction.digits)}"


class PackedTimestamp:
    """TIMESTAMP2(digits): second 0 is the zero timestamp."""

    arrow_type = TIMESTAMP

    def __init__(self, digits: int) -> None:
        self._fraction = _Fraction(digits)

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """See ``Dated``."""
        fraction = self._fraction
        numbers = _unpack(raws, 4 + fraction.size)
        fraction.check(numbers)
        bits, mask, unit_us = fraction.bits, fraction.mask, fraction.unit_us
        if bits:
            found = [(number >> bits) * SECOND_US + (number & mask) * unit_us for number in numbers]
        else:
            found = [number * SECOND_US for number in numbers]
        return [value or None for value in found] if 0 in found else found

    def text(self, raw: bytes) -> str:
        """See ``Dated``."""
        fraction = self._fraction
        numbers = _unpack([raw], 4 + fraction.size)
        fraction.check(numbers)
        microseconds = (numbers[0] & fraction.mask) * fraction.unit_us
        return timestamp_text(numbers[0] >> fraction.bits, microseconds, fraction.digits)


def packed_times(digits: int) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from TIME2(digits) values to durations, -838:59:59 to 838:59:59."""
    fraction = _Fraction(digits)
    zero = 0x800000 << fraction.bits

    def read(raws: Sequence[bytes]) -> pa.Array:
        numbers = [number - zero for number in _unpack(raws, 3 + fraction.size)]
        magnitudes = [abs(number) for number in numbers]
        fraction.check(magnitudes)
        durations = [
            _duration_us(number >> fraction.bits) + (number & fraction.mask) * fraction.unit_us for number in magnitudes
        ]
        signed = [-value if number < 0 else value for value, number in zip(durations, numbers, strict=True)]
        return pa.array(signed, pa.int64()).view(TIME)

    return read


def _duration_us(fields: int) -> int:
    """Hour 10, minute 6, second 6 bits to microseconds."""
    hour, minute, second = fields >> 12, fields >> 6 & 63, fields & 63
    if hour > 838 or minute > 59 or second > 59:
        raise malformed(f"a TIME is {hour}:{minute}:{second}")
    return (hour * 3600 + minute * 60 + second) * SECOND_US


def _unpack(raws: Sequence[bytes], size: int) -> tuple[int, ...]:
    """Big-endian numbers of ``size`` (at most 8) bytes."""
    if not raws:
        return ()
    padding = bytes(8 - size)
    return struct.unpack(f">{len(raws)}Q", padding + padding.join(raws))
