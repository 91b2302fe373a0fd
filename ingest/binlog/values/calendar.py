"""Dates as MySQL has them: the proleptic Gregorian calendar from year 0, and dates that no calendar has.

MySQL stores zero and partial dates (0000-00-00, 2024-00-10, 2024-02-00) and, under ALLOW_INVALID_DATES, days beyond
the month's end (2024-02-31). They have no day number here: ``days_since_1970`` gives None, and the column's policy
says what becomes of them.
"""

from __future__ import annotations

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_BEFORE_1970 = 719_528
"""From 0000-01-01."""

YEAR_MAX = 9999


def days_since_1970(year: int, month: int, day: int) -> int | None:
    """The day's number (1970-01-01 is 0), or None for a date that no calendar has. Year 0..9999."""
    if not (1 <= month <= 12 and day >= 1):
        return None
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _MONTH_LENGTHS[month - 1] + (is_leap and month == 2):
        return None
    leap_days = (year + 3) // 4 - (year + 99) // 100 + (year + 399) // 400
    before = year * 365 + leap_days + _DAYS_BEFORE_MONTH[month - 1] + (is_leap and month > 2)
    return before + day - 1 - _DAYS_BEFORE_1970


def date_text(year: int, month: int, day: int) -> str:
    """A date as MySQL prints it, whether a calendar has it or not."""
    return f"{year:04d}-{month:02d}-{day:02d}"


def is_storable(year: int, month: int, day: int) -> bool:
    """Whether MySQL can hold it at all, zeros included."""
    return 0 <= year <= YEAR_MAX and 0 <= month <= 12 and 0 <= day <= 31
