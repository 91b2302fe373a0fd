"""DATE, and the temporal encodings of before MySQL 5.6.4 (kept by tables until they are rebuilt): little-endian.

Source: ``Field_newdate``, ``Field_time``, ``Field_datetime``, ``Field_timestamp`` (sql/field.cc): DATE 3 bytes (year
15, month 4, day 5 bits), TIME 3 bytes HHMMSS in decimal digits and signed, DATETIME 8 bytes YYYYMMDDHHMMSS in decimal
digits, TIMESTAMP 4 bytes of seconds. None has a fraction of a second.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pyarrow as pa

from ingest.binlog.arrow_types import DATE, DATETIME, TIME, TIMESTAMP
from ingest.binlog.values.calendar import date_text, days_since_1970, is_storable
from ingest.binlog.values.malformed import malformed
from ingest.binlog.values.temporal import DAY_US, SECOND_US, timestamp_text


class StoredDate:
    """DATE (and NEWDATE)."""

    arrow_type = DATE

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """See ``Dated``."""
        days = {raw: days_since_1970(*_date_fields(raw)) for raw in dict.fromkeys(raws)}
        return [days[raw] for raw in raws]

    def text(self, raw: bytes) -> str:
        """See ``Dated``."""
        return date_text(*_date_fields(raw))


def _date_fields(raw: bytes) -> tuple[int, int, int]:
    number = int.from_bytes(raw, "little")
    year, month, day = number >> 9, number >> 5 & 15, number & 31
    if not is_storable(year, month, day):
        raise malformed(f"a DATE is {year}-{month}-{day}")
    return year, month, day


class OldDatetime:
    """DATETIME before 5.6.4."""

    arrow_type = DATETIME

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """See ``Dated``."""
        return [self._number(raw) for raw in raws]

    def _number(self, raw: bytes) -> int | None:
        year, month, day, hour, minute, second = _datetime_fields(raw)
        days = days_since_1970(year, month, day)
        return None if days is None else days * DAY_US + (hour * 3600 + minute * 60 + second) * SECOND_US

    def text(self, raw: bytes) -> str:
        """See ``Dated``."""
        year, month, day, hour, minute, second = _datetime_fields(raw)
        return f"{date_text(year, month, day)} {hour:02d}:{minute:02d}:{second:02d}"


def _datetime_fields(raw: bytes) -> tuple[int, int, int, int, int, int]:
    day_part, clock = divmod(int.from_bytes(raw, "little"), 1_000_000)
    year, month, day = day_part // 10_000, day_part // 100 % 100, day_part % 100
    hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
    if not is_storable(year, month, day) or hour > 23 or minute > 59 or second > 59:
        raise malformed(f"a DATETIME is {day_part}{clock:06d}")
    return year, month, day, hour, minute, second


class OldTimestamp:
    """TIMESTAMP before 5.6.4: second 0 is the zero timestamp."""

    arrow_type = TIMESTAMP

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """See ``Dated``."""
        seconds = struct.unpack(f"<{len(raws)}I", b"".join(raws))
        return [second * SECOND_US or None for second in seconds]

    def text(self, raw: bytes) -> str:
        """See ``Dated``."""
        return timestamp_text(int.from_bytes(raw, "little"), 0, 0)


def read_old_times(raws: Sequence[bytes]) -> pa.Array:
    """TIME before 5.6.4 to durations."""
    return pa.array([_old_time_us(raw) for raw in raws], pa.int64()).view(TIME)


def _old_time_us(raw: bytes) -> int:
    number = int.from_bytes(raw, "little", signed=True)
    hour, minute, second = abs(number) // 10_000, abs(number) // 100 % 100, abs(number) % 100
    if hour > 838 or minute > 59 or second > 59:
        raise malformed(f"a TIME is {number}")
    duration = (hour * 3600 + minute * 60 + second) * SECOND_US
    return -duration if number < 0 else duration
