"""Text to dates and times as MySQL reads it (reference manual, "Date and Time Literals"): delimiters of any kind, years
of two digits, runs of digits. What isn't a real date (also zero and partial ones) is None.
"""

from __future__ import annotations

import datetime as dt
import re

_MARK = r"[!-/:-@\[-`{-~]+"
_DELIMITED = re.compile(
    rf"\s*(?P<year>\d{{1,4}}){_MARK}(?P<month>\d{{1,2}}){_MARK}(?P<day>\d{{1,2}})"
    rf"(?:(?:T|\s+|{_MARK})(?P<hour>\d{{1,2}})(?:{_MARK}(?P<minute>\d{{1,2}})"
    rf"(?:{_MARK}(?P<second>\d{{1,2}})(?:\.(?P<fraction>\d*))?)?)?)?",
    re.ASCII,
)
_DIGITS = re.compile(r"\s*(?P<digits>\d+)(?:\.(?P<fraction>\d*))?(?![!-/:-@\[-`{-~])", re.ASCII)
_TIME = re.compile(
    r"(?P<sign>-?)(?P<hour>\d{1,3}):(?P<minute>\d{2}):(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?", re.ASCII
)
_STRICT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,6})?)?)?", re.ASCII)
_PIVOT = 70
TIME_MAX = dt.timedelta(hours=838, minutes=59, seconds=59)


def parse_strict(text: str) -> dt.datetime | None:
    """A literal in a rule: ``YYYY-MM-DD``, with or without ``HH:MM[:SS[.ffffff]]``."""
    return parse_datetime(text) if _STRICT.fullmatch(text.strip()) else None


def parse_datetime(text: str) -> dt.datetime | None:
    """The date and time at the start of a text."""
    match = _DELIMITED.match(text)
    if match is not None:
        parts = match.groupdict()
        numbers = [int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
        return _datetime(numbers, len(parts["year"]) <= 2, parts["fraction"])
    match = _DIGITS.match(text)
    if match is None:
        return None
    digits = match["digits"]
    short = len(digits) not in (8,) and len(digits) < 14
    year = 2 if short else 4
    sizes = [year, 2, 2, 2, 2, 2]
    numbers = []
    for size in sizes:
        numbers.append(int(digits[:size] or 0))
        digits = digits[size:]
    if len(match["digits"]) < year + 4:
        return None
    whole = len(match["digits"]) >= year + 10
    return _datetime(numbers, short, match["fraction"] if whole else None)


def _datetime(numbers: list[int], short_year: bool, fraction: str | None) -> dt.datetime | None:
    year, month, day, hour, minute, second = numbers
    if short_year:
        year += 2000 if year < _PIVOT else 1900
    try:
        value = dt.datetime(year, month, day, hour, minute, second)
        return value + dt.timedelta(microseconds=microseconds(fraction))
    except (ValueError, OverflowError):
        return None


def microseconds(fraction: str | None) -> int:
    """Digits after the point as microseconds, rounded at the seventh."""
    digits = (fraction or "")[:7].ljust(7, "0")
    return (int(digits) + 5) // 10


def parse_time(text: str) -> dt.timedelta | None:
    """A literal in a rule: ``hh:mm:ss[.ffffff]`` with or without a minus sign, up to 838:59:59."""
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match["minute"]) > 59 or int(match["second"]) > 59:
        return None
    seconds = (int(match["hour"]) * 60 + int(match["minute"])) * 60 + int(match["second"])
    value = dt.timedelta(seconds=seconds, microseconds=microseconds(match["fraction"]))
    if value > TIME_MAX:
        return None
    return -value if match["sign"] else value
