"""CAST(value AS type), as MySQL does it in a SELECT: what doesn't fit is cut or clamped, what isn't a date is NULL
(reference manual, "Cast Functions and Operators").
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.problems import DataProblem
from ingest.rules import exact
from ingest.rules.arithmetic import guarded
from ingest.rules.bound import COLUMN, Bound, Values, as_array, kernel, literal, on_distinct
from ingest.rules.codes import OUT_OF_RANGE
from ingest.rules.collation import CONNECTION_COLLATION
from ingest.rules.conversion import to_bytes, to_double, to_text
from ingest.rules.date_text import parse_datetime, parse_time
from ingest.rules.dates import DATE, date_of, datetime_type
from ingest.rules.expression import Cast
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import (
    DATED,
    DECIMAL_DIGITS_MAX,
    DECIMAL_SCALE_MAX,
    DOUBLE,
    INT,
    NULL,
    STRINGS,
    UINT,
    WHOLE,
    Kind,
    SqlType,
    arrow_of,
)

_SIGNED = (-(1 << 63), (1 << 63) - 1)
_UNSIGNED = (0, (1 << 64) - 1)
_WHOLE_PREFIX = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", re.ASCII)
_DECIMAL_PREFIX = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?)", re.ASCII)
TEXT_CAST = SqlType(Kind.TEXT, collation=CONNECTION_COLLATION)


def cast(value: Bound, to: Cast) -> Bound:
    """The cast. DataProblem (rule.type_mismatch) for a pair of types that isn't supported."""
    if value.type.kind is Kind.OPAQUE:
        raise mismatch(f"{value.text} is {value.type.describe()} and can't be converted: {to.text}")
    if value.type.kind is Kind.NULL:
        return literal(None, _null_type(to), to.text)
    return _CASTS[to.type](value, to)


def _null_type(to: Cast) -> SqlType:
    kinds = {"SIGNED": INT, "UNSIGNED": UINT, "DOUBLE": DOUBLE, "FLOAT": DOUBLE, "CHAR": TEXT_CAST, "DATE": DATE}
    return kinds.get(to.type, NULL)


def _refused(value: Bound, to: Cast) -> DataProblem:
    return mismatch(f"{value.type.describe()} can't be converted here: {to.text}")


def _through(
    kind: SqlType, value: Bound, to: Cast, function: Callable[[Any], Any], strength: int | None = None
) -> Bound:
    """Python value by Python value, each distinct one once."""
    wanted = arrow_of(kind)
    coercibility = value.coercibility if strength is None else strength
    return kernel(kind, to.text, lambda values: on_distinct(values, function, wanted), [value], coercibility)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _whole(value: Bound, to: Cast) -> Bound:
    kind, limits = (INT, _SIGNED) if to.type == "SIGNED" else (UINT, _UNSIGNED)
    source = value.type.kind
    if source in WHOLE:
        wanted = arrow_of(kind)
        # 64 bits stay as they are: a negative number becomes a large unsigned one, and back.
        return kernel(kind, to.text, lambda values: pc.cast(_int64(values), wanted, safe=False), [value])
    if source in STRINGS:
        if value.type.disguised:
            raise mismatch(f"{value.text} is {value.type.describe()}: {to.text}", "CAST it AS CHAR first.")
        return _through(kind, value, to, lambda text: _whole_of_text(text, limits))
    if source is Kind.DECIMAL:
        return _through(kind, value, to, lambda number: _bits(int(exact.rounded(number, 0)), limits))
    if source is Kind.DOUBLE:
        return _through(kind, value, to, lambda number: _whole_of_double(number, limits, to.text))
    raise _refused(value, to)


def _int64(values: Values) -> Values:
    return pc.cast(values, pa.int64()) if pa.types.is_boolean(values.type) else values


def _bits(number: int, limits: tuple[int, int]) -> int:
    """The nearest that there is; a negative number as unsigned keeps its bits."""
    if limits is _UNSIGNED and number < 0:
        return max(number, _SIGNED[0]) & _UNSIGNED[1]
    return min(max(number, limits[0]), limits[1])


def _whole_of_double(number: float, limits: tuple[int, int], where: str) -> int:
    whole = round(number)
    if not _SIGNED[0] <= whole <= _SIGNED[1]:
        raise DataProblem(OUT_OF_RANGE, f"the value of {where} is out of range ({number!r})")
    return _bits(whole, limits)


def _whole_of_text(text: str | bytes, limits: tuple[int, int]) -> int:
    """The whole number at the start, 0 where there is none; beyond 63 bits it keeps its 64 as they are."""
    match = _WHOLE_PREFIX.match(text if isinstance(text, str) else text.decode("latin-1"))
    number = max(_SIGNED[0], min(int(match.group(1)), _UNSIGNED[1])) if match else 0
    return number - (1 << 64) if limits is _SIGNED and number > _SIGNED[1] else _bits(number, limits)


def _decimal(value: Bound, to: Cast) -> Bound:
    precision, scale = 10 if to.length is None else to.length or 10, to.scale or 0
    if precision > DECIMAL_DIGITS_MAX or scale > min(precision, DECIMAL_SCALE_MAX):
        raise mismatch(f"DECIMAL has at most 65 digits, 30 of them after the point: {to.text}")
    kind = SqlType(Kind.DECIMAL, precision, scale)
    source = value.type.kind
    if source in STRINGS and not value.type.disguised:
        return _through(kind, value, to, lambda text: exact.clamped(_decimal_of_text(text), precision, scale))
    if source is Kind.DOUBLE:
        return _through(kind, value, to, lambda number: exact.clamped(Decimal(repr(number)), precision, scale))
    if source in WHOLE or source is Kind.DECIMAL:
        return _through(kind, value, to, lambda number: exact.clamped(Decimal(number), precision, scale))
    raise _refused(value, to)


def _decimal_of_text(text: str | bytes) -> Decimal:
    match = _DECIMAL_PREFIX.match(text if isinstance(text, str) else text.decode("latin-1"))
    return Decimal(match.group(1)) if match else Decimal(0)


def _double(value: Bound, to: Cast) -> Bound:
    double = to_double(value)
    if to.type == "DOUBLE":
        return Bound(DOUBLE, double.run, to.text, double.coercibility, None, double.constant)
    if to.length is not None and to.length > 24:
        return double
    single = SqlType(Kind.DOUBLE, single=True)

    def run(values: Values) -> Values:
        singles = pc.cast(pc.cast(values, pa.float32(), safe=False), pa.float64())
        if pc.any(pc.is_inf(as_array(singles, 1, single))).as_py():
            raise OverflowError("beyond FLOAT")
        return singles

    return kernel(single, to.text, guarded(to.text, run), [double])


# --- text ------------------------------------------------------------------------------------------------------------


def _char(value: Bound, to: Cast) -> Bound:
    if value.type.kind is Kind.BYTES:
        decoded = _through(TEXT_CAST, value, to, _utf8_or_none, COLUMN)
    else:
        plain = to_text(value)
        decoded = Bound(TEXT_CAST, plain.run, to.text, COLUMN, None, plain.constant)
    if to.length is None:
        return decoded
    length = to.length
    cut: Callable[[Values], Values] = lambda values: pc.utf8_slice_codeunits(values, 0, length)  # noqa: E731
    return kernel(TEXT_CAST, to.text, cut, [decoded], COLUMN)


def _utf8_or_none(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _binary(value: Bound, to: Cast) -> Bound:
    raw = to_bytes(value)
    if to.length is None:
        return Bound(raw.type, raw.run, to.text, COLUMN, None, raw.constant)
    length = to.length
    return _through(raw.type, raw, to, lambda one: one[:length].ljust(length, b"\0"), COLUMN)


def _json(value: Bound, to: Cast) -> Bound:
    kind = SqlType(Kind.JSON)
    source = value.type.kind
    if source is Kind.JSON:
        return value
    if source is Kind.TEXT:
        return _through(kind, value, to, lambda text: _checked_json(text, to.text))
    if source in WHOLE or source in (Kind.DECIMAL, Kind.DOUBLE):
        plain = to_text(value)
        return Bound(kind, plain.run, to.text, plain.coercibility, None, plain.constant)
    raise _refused(value, to)


def _checked_json(text: str, where: str) -> str:
    try:
        json.loads(text, parse_constant=_no_constant)
    except ValueError:
        raise DataProblem(OUT_OF_RANGE, f"a value of {where} isn't JSON", hint="Filter the row out.") from None
    return text


def _no_constant(name: str) -> None:
    raise ValueError(name)


# --- dates -----------------------------------------------------------------------------------------------------------


def _date(value: Bound, to: Cast) -> Bound:
    if value.type.kind not in DATED and value.type.kind is not Kind.TEXT:
        raise _refused(value, to)
    return date_of(value, to.text)


def _datetime(value: Bound, to: Cast) -> Bound:
    fsp = to.length or 0
    kind = datetime_type(fsp)
    source = value.type.kind
    if source is Kind.TEXT:
        return _through(kind, value, to, lambda text: _rounded_stamp(parse_datetime(text), fsp))
    if source not in DATED:
        raise _refused(value, to)

    def run(values: Values) -> Values:
        if pa.types.is_string(values.type):
            return on_distinct(values, lambda text: _rounded_stamp(parse_datetime(text), fsp), pa.timestamp("us"))
        stamps = pc.cast(values, pa.timestamp("us"))
        if value.type.fsp <= fsp:
            return stamps
        return on_distinct(stamps, lambda stamp: _rounded_stamp(stamp, fsp), pa.timestamp("us"))

    return kernel(kind, to.text, run, [value])


def _rounded_stamp(stamp: dt.datetime | None, fsp: int) -> dt.datetime | None:
    """Half up, as MySQL rounds fractions of seconds."""
    if stamp is None:
        return None
    unit = 10 ** (6 - fsp)
    rest = stamp.microsecond % unit
    try:
        return stamp - dt.timedelta(microseconds=rest) + dt.timedelta(microseconds=unit if rest * 2 >= unit else 0)
    except OverflowError:
        return None


def _time(value: Bound, to: Cast) -> Bound:
    fsp = to.length or 0
    kind = SqlType(Kind.TIME, fsp=fsp)
    source = value.type.kind
    if source is Kind.TIME:
        return _through(kind, value, to, lambda time: _rounded_time(time, fsp))
    if source is Kind.DATETIME:
        return _through(kind, value, to, lambda stamp: _rounded_time(_clock(stamp), fsp))
    raise _refused(value, to)


def _clock(stamp: dt.datetime | str) -> dt.timedelta | None:
    if isinstance(stamp, str):
        return parse_time(stamp[11:])
    return stamp - dt.datetime.combine(stamp.date(), dt.time())


def _rounded_time(time: dt.timedelta | None, fsp: int) -> dt.timedelta | None:
    if time is None:
        return None
    unit = 10 ** (6 - fsp)
    size = abs(time) // dt.timedelta(microseconds=1)
    size = (size * 2 + unit) // (2 * unit) * unit
    rounded = dt.timedelta(microseconds=size)
    return -rounded if time < dt.timedelta() else rounded


def _year(value: Bound, to: Cast) -> Bound:
    raise mismatch(f"CAST AS YEAR isn't supported: {to.text}", "Take YEAR(...) of a date, or CAST AS UNSIGNED.")


_CASTS: dict[str, Callable[[Bound, Cast], Bound]] = {
    "SIGNED": _whole,
    "UNSIGNED": _whole,
    "DECIMAL": _decimal,
    "DOUBLE": _double,
    "FLOAT": _double,
    "CHAR": _char,
    "BINARY": _binary,
    "JSON": _json,
    "DATE": _date,
    "DATETIME": _datetime,
    "TIME": _time,
    "YEAR": _year,
}
