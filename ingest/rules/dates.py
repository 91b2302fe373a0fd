"""Dates and times: comparing them, taking them apart, printing them.

A column of dates comes as Arrow dates or, with ``zero_dates = "text"``, as MySQL's text (``YYYY-MM-DD hh:mm:ss.ffffff``
of fixed places, which sorts and slices like the date, zero dates included). Functions here take both. Time zone:
everything is UTC, as in a session with ``time_zone = '+00:00'``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules import exact
from ingest.rules.bound import Bound, Values, kernel, literal, on_distinct
from ingest.rules.date_text import parse_datetime, parse_strict, parse_time
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import INT, UINT, Kind, SqlType, arrow_of

DATE = SqlType(Kind.DATE)
_TEXT_LENGTH = len("2026-01-01 00:00:00.000000")
_NO_TIME = "0000-00-00 00:00:00.000000"
_UNIX_MAX_S = 32_536_771_199
"""3001-01-18 23:59:59, the last moment that UNIX_TIMESTAMP knows (8.0.28 and later)."""


def datetime_type(fsp: int) -> SqlType:
    """DATETIME with so many digits of a second's fraction."""
    return SqlType(Kind.DATETIME, fsp=fsp)


# --- comparing -------------------------------------------------------------------------------------------------------


def dated_constant(value: Bound, text: str) -> Bound:
    """A text literal beside a date. DataProblem when it isn't a date."""
    constant = value.constant.as_py() if value.constant is not None else None
    if constant is None:
        return literal(None, datetime_type(6), value.text)
    stamp = parse_strict(constant)
    if stamp is None:
        raise mismatch(f"{value.text} isn't a date: {text}", "Write it as 'YYYY-MM-DD' or 'YYYY-MM-DD hh:mm:ss'.")
    return literal(stamp, datetime_type(6), value.text)


def time_constant(value: Bound, text: str) -> Bound:
    """A text literal beside a TIME. DataProblem when it isn't one."""
    constant = value.constant.as_py() if value.constant is not None else None
    kind = SqlType(Kind.TIME, fsp=6)
    if constant is None:
        return literal(None, kind, value.text)
    time = parse_time(constant)
    if time is None:
        raise mismatch(f"{value.text} isn't a time: {text}", "Write it as 'hh:mm:ss'.")
    return literal(time, kind, value.text)


def dated_sides(one: Values, other: Values) -> Sequence[Values]:
    """Two columns of dates in one form: timestamps, or text where one is text."""
    if pa.types.is_string(one.type) or pa.types.is_string(other.type):
        return _full_text(one), _full_text(other)
    return pc.cast(one, pa.timestamp("us")), pc.cast(other, pa.timestamp("us"))


def _full_text(values: Values) -> Values:
    """All 26 places."""
    if not pa.types.is_string(values.type):
        return on_distinct(pc.cast(values, pa.timestamp("us")), _stamp_text, pa.string())
    return on_distinct(values, lambda text: text + _NO_TIME[len(text) : _TEXT_LENGTH], pa.string())


def _stamp_text(stamp: dt.datetime) -> str:
    return stamp.isoformat(sep=" ", timespec="microseconds")


# --- taking apart ----------------------------------------------------------------------------------------------------

_PARTS: dict[str, tuple[Callable[[Values], Values], slice]] = {
    "YEAR": (pc.year, slice(0, 4)),
    "MONTH": (pc.month, slice(5, 7)),
    "DAY": (pc.day, slice(8, 10)),
    "HOUR": (pc.hour, slice(11, 13)),
    "MINUTE": (pc.minute, slice(14, 16)),
    "SECOND": (pc.second, slice(17, 19)),
}


def part(name: str, value: Bound, text: str) -> Bound:
    """YEAR, MONTH, DAY, HOUR, MINUTE, SECOND of a date or time. DataProblem for what is none."""
    kind = UINT if name == "YEAR" else INT
    wanted = arrow_of(kind)
    if value.type.kind is Kind.NULL:
        return literal(None, kind, text)
    if value.type.kind is Kind.TIME and name in ("HOUR", "MINUTE", "SECOND"):
        return kernel(INT, text, _time_part(name), [value])
    if value.type.kind is Kind.TEXT and name in ("HOUR", "MINUTE", "SECOND"):
        raise mismatch(f"{value.text} is text, which {name} takes for a time: {text}", "CAST it AS DATETIME.")
    value = as_datetime(value, text)
    take, places = _PARTS[name]

    def run(values: Values) -> Values:
        if pa.types.is_string(values.type):
            return pc.cast(pc.utf8_slice_codeunits(_full_text(values), places.start, places.stop), wanted)
        return pc.cast(take(pc.cast(values, pa.timestamp("us"))), wanted)

    return kernel(kind, text, run, [value])


def _time_part(name: str) -> Callable[[Values], Values]:
    def take(value: dt.timedelta) -> int:
        seconds = abs(value) // dt.timedelta(seconds=1)
        return {"HOUR": seconds // 3600, "MINUTE": seconds // 60 % 60, "SECOND": seconds % 60}[name]

    return lambda values: on_distinct(values, take, pa.int64())


def as_datetime(value: Bound, text: str) -> Bound:
    """A date, or text read as one (what isn't one is NULL). DataProblem for other types."""
    kind = value.type.kind
    if kind in (Kind.DATE, Kind.DATETIME):
        return value
    if kind is not Kind.TEXT:
        raise mismatch(f"{value.text} is {value.type.describe()}, not a date: {text}", "CAST it AS DATETIME.")
    wanted = pa.timestamp("us")
    return kernel(datetime_type(6), value.text, lambda values: on_distinct(values, parse_datetime, wanted), [value])


def date_of(value: Bound, text: str) -> Bound:
    """DATE(value)."""
    if value.type.kind is Kind.NULL:
        return literal(None, DATE, text)
    value = as_datetime(value, text)

    def run(values: Values) -> Values:
        if pa.types.is_string(values.type):
            return pc.utf8_slice_codeunits(values, 0, 10)
        return pc.cast(pc.floor_temporal(values, unit="day"), pa.date32())

    return kernel(DATE, text, run, [value])


def unix_timestamp(value: Bound, text: str) -> Bound:
    """UNIX_TIMESTAMP(value): seconds since 1970 in UTC, with the value's fraction; 0 outside 1970..3001."""
    if value.type.kind not in (Kind.DATE, Kind.DATETIME):
        raise mismatch(f"{value.text} is {value.type.describe()}, not a date: {text}", "CAST it AS DATETIME.")
    fsp = value.type.fsp if value.type.kind is Kind.DATETIME else 0
    kind = SqlType(Kind.DECIMAL, 11 + fsp, fsp) if fsp else INT

    def run(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            return run(pa.array([values.as_py()], values.type))[0]
        if pa.types.is_string(values.type):
            values = on_distinct(values, lambda text: parse_datetime(text) or _EPOCH, pa.timestamp("us"))
        micros = pc.cast(pc.cast(values, pa.timestamp("us")), pa.int64())
        inside = pc.and_(pc.greater_equal(micros, 0), pc.less_equal(micros, _UNIX_MAX_S * 1_000_000 + 999_999))
        micros = pc.if_else(inside, micros, pc.multiply(micros, 0))
        if not fsp:
            return pc.divide(micros, 1_000_000)
        return on_distinct(micros, lambda us: exact.truncated(Decimal(us).scaleb(-6), fsp), arrow_of(kind))

    return kernel(kind, text, run, [value])


_EPOCH = dt.datetime(1970, 1, 1)

# --- printing --------------------------------------------------------------------------------------------------------

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_FORMATS: dict[str, Callable[[dt.datetime], str]] = {
    "Y": lambda at: f"{at.year:04d}",
    "y": lambda at: f"{at.year % 100:02d}",
    "m": lambda at: f"{at.month:02d}",
    "c": lambda at: str(at.month),
    "M": lambda at: _MONTHS[at.month - 1],
    "b": lambda at: _MONTHS[at.month - 1][:3],
    "d": lambda at: f"{at.day:02d}",
    "e": lambda at: str(at.day),
    "D": lambda at: f"{at.day}{_ordinal(at.day)}",
    "j": lambda at: f"{at.timetuple().tm_yday:03d}",
    "W": lambda at: _DAYS[at.weekday()],
    "a": lambda at: _DAYS[at.weekday()][:3],
    "w": lambda at: str((at.weekday() + 1) % 7),
    "H": lambda at: f"{at.hour:02d}",
    "k": lambda at: str(at.hour),
    "h": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "I": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "l": lambda at: str((at.hour + 11) % 12 + 1),
    "i": lambda at: f"{at.minute:02d}",
    "s": lambda at: f"{at.second:02d}",
    "S": lambda at: f"{at.second:02d}",
    "f": lambda at: f"{at.microsecond:06d}",
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "T": lambda at: f"{at:%H:%M:%S}",
    "r": lambda at: f"{(at.hour + 11) % 12 + 1:02d}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}",
}
_WEEK_FORMATS = "UuVvXx"


def _ordinal(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def date_format(value: Bound, form: Bound, text: str) -> Bound:
    """DATE_FORMAT(value, form). DataProblem when the form isn't written out, or numbers weeks."""
    kind = SqlType(Kind.TEXT)
    if Kind.NULL in (value.type.kind, form.type.kind):
        return literal(None, kind, text)
    if form.constant is None or form.type.kind is not Kind.TEXT:
        raise mismatch(f"the format of {text} must be written out")
    pieces = _pieces(form.constant.as_py(), text)
    value = as_datetime(value, text)

    def show(at: dt.date) -> str:
        stamp = at if isinstance(at, dt.datetime) else dt.datetime.combine(at, dt.time())
        return "".join(piece if isinstance(piece, str) else piece(stamp) for piece in pieces)

    def run(values: Values) -> Values:
        if pa.types.is_string(values.type):  # zero dates as text: only what is a date can be printed
            values = on_distinct(values, parse_datetime, pa.timestamp("us"))
        return on_distinct(values, show, pa.string())

    return kernel(kind, text, run, [value])


def _pieces(form: str, text: str) -> list[str | Callable[[dt.datetime], str]]:
    pieces: list[str | Callable[[dt.datetime], str]] = []
    marks = iter(form)
    for mark in marks:
        if mark != "%":
            pieces.append(mark)
            continue
        letter = next(marks, "%")
        if letter in _WEEK_FORMATS:
            raise mismatch(f"%{letter}, the number of a week, isn't supported: {text}")
        pieces.append(_FORMATS.get(letter, letter))
    return pieces
