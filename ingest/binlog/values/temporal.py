"""DATE, DATETIME and TIMESTAMP: numbers since 1970, with a policy for dates that no calendar has.

Each ``Dated`` reads one encoding (``temporal_packed.py`` since MySQL 5.6.4, ``temporal_old.py`` before); the policy
is applied here, in one way for all: ``null`` (a null where readers otherwise give none, so the decoder can count
them), ``text`` (the whole column as MySQL prints it), ``stop`` (a DataProblem with the value).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa

from ingest.binlog.arrow_types import DATE, ZeroDates
from ingest.problems import DataProblem, declare

ZERO_DATE = declare(
    "value.zero_date",
    "A date that no calendar has (0000-00-00, 2024-00-10), and the lane's policy is to stop at one.",
    "Repair the row on the source, or set zero_dates of the lane to null or text.",
)

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


class Dated(Protocol):
    """One encoding of dates. Both methods raise DataProblem for bytes that are no value of the type."""

    arrow_type: pa.DataType
    """What ``numbers`` count: days (date32) or microseconds (timestamp) since 1970."""

    def numbers(self, raws: Sequence[bytes]) -> Sequence[int | None]:
        """One number per value; None for a date that no calendar has."""

    def text(self, raw: bytes) -> str:
        """One value as MySQL prints it (TIMESTAMP in UTC)."""


def dated_reader(dated: Dated, zero_dates: ZeroDates) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from raw values to an Arrow array under the policy."""
    if zero_dates == "text":
        return lambda raws: pa.array([dated.text(raw) for raw in raws], pa.string())
    storage = pa.int32() if dated.arrow_type == DATE else pa.int64()

    def read(raws: Sequence[bytes]) -> pa.Array:
        numbers = dated.numbers(raws)
        if zero_dates == "stop" and None in numbers:
            value = dated.text(raws[numbers.index(None)])
            raise DataProblem(ZERO_DATE, f"the value is {value}", {"value": value})
        return pa.array(numbers, storage).view(dated.arrow_type)

    return read


def fraction_text(microseconds: int, digits: int) -> str:
    """The fraction of a second with its point, cut to the column's digits (none for 0)."""
    return f".{microseconds:06d}"[: digits + 1] if digits else ""


def timestamp_text(seconds: int, microseconds: int, digits: int) -> str:
    """Seconds since 1970 as MySQL prints a TIMESTAMP in UTC; second 0 is the zero timestamp."""
    if seconds == 0 and microseconds == 0:
        return "0000-00-00 00:00:00" + fraction_text(0, digits)
    instant: str = pa.scalar(seconds, pa.int64()).cast(pa.timestamp("s")).cast(pa.string()).as_py()
    return instant + fraction_text(microseconds, digits)
