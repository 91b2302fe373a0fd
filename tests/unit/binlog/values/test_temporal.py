"""ingest.binlog.values: dates and times in both encodings, and the policy for dates that no calendar has."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.values.calendar import days_since_1970
from ingest.binlog.values.temporal import Dated, dated_reader
from ingest.binlog.values.temporal_old import OldDatetime, OldTimestamp, StoredDate, read_old_times
from ingest.binlog.values.temporal_packed import PackedDatetime, PackedTimestamp, packed_times
from ingest.problems import DataProblem
from tests.kit.value_bytes import date_bytes, datetime_bytes, fraction_bytes, time_bytes, timestamp_bytes

DIGITS = st.integers(0, 6)


def cut(microseconds: int, digits: int) -> int:
    """What a column with so many digits keeps."""
    return microseconds // 10 ** (6 - digits) * 10 ** (6 - digits)


@given(st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31)))
def test_days(day: datetime.date) -> None:
    """Day numbers are those of the proleptic Gregorian calendar."""
    assert days_since_1970(day.year, day.month, day.day) == (day - datetime.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    "parts", [(2024, 0, 10), (2024, 2, 0), (0, 0, 0), (2023, 2, 29), (1900, 2, 29), (2024, 13, 1), (2024, 4, 31)]
)
def test_days_that_no_calendar_has(parts: tuple[int, int, int]) -> None:
    """Zero, partial and overlong dates have no day number."""
    assert days_since_1970(*parts) is None


def test_the_year_0() -> None:
    """The year 0 is a leap year, and its last day comes before 0001-01-01."""
    last, first = days_since_1970(0, 12, 31), days_since_1970(1, 1, 1)
    assert last is not None
    assert last + 1 == first
    assert days_since_1970(0, 2, 29) is not None


@given(st.lists(st.datetimes()), DIGITS)
def test_datetimes(moments: list[datetime.datetime], digits: int) -> None:
    """DATETIME with any digits is exact, as a number and as text."""
    kept = [moment.replace(microsecond=cut(moment.microsecond, digits)) for moment in moments]
    raws = [datetime_bytes(moment.timetuple()[:6], moment.microsecond, digits) for moment in kept]
    assert dated_reader(PackedDatetime(digits), "stop")(raws).to_pylist() == kept
    texts = dated_reader(PackedDatetime(digits), "text")(raws).to_pylist()
    assert [datetime.datetime.fromisoformat(text.ljust(26, "0") if digits else text) for text in texts] == kept
    assert all(len(text) == (20 + digits if digits else 19) for text in texts)


@given(st.lists(st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 999_999))), DIGITS)
def test_timestamps(instants: list[tuple[int, int]], digits: int) -> None:
    """TIMESTAMP with any digits is exact, in UTC."""
    kept = [(seconds, cut(microseconds, digits)) for seconds, microseconds in instants]
    raws = [timestamp_bytes(seconds, microseconds, digits) for seconds, microseconds in kept]
    found = dated_reader(PackedTimestamp(digits), "stop")(raws)
    assert found.type == pa.timestamp("us", "UTC")
    assert found.cast(pa.int64()).to_pylist() == [seconds * 10**6 + microseconds for seconds, microseconds in kept]


@given(st.lists(st.integers(-3_020_399_000_000, 3_020_399_000_000)), DIGITS)
def test_times(durations: list[int], digits: int) -> None:
    """TIME with any digits is exact, negative ones and those beyond a day too."""
    kept = [cut(abs(duration), digits) * (-1 if duration < 0 else 1) for duration in durations]
    found = packed_times(digits)([time_bytes(duration, digits) for duration in kept])
    assert found.type == pa.duration("us")
    assert found.cast(pa.int64()).to_pylist() == kept


@given(st.lists(st.dates()))
def test_dates(days: list[datetime.date]) -> None:
    """DATE is exact."""
    raws = [date_bytes(day.year, day.month, day.day) for day in days]
    assert dated_reader(StoredDate(), "stop")(raws).to_pylist() == days


def test_old_encodings() -> None:
    """The encodings of before 5.6.4: decimal digits in a number, little-endian."""
    raws = [number.to_bytes(8, "little") for number in (20240229123456, 10000101000000)]
    found = dated_reader(OldDatetime(), "stop")(raws).to_pylist()
    assert found == [datetime.datetime(2024, 2, 29, 12, 34, 56), datetime.datetime(1000, 1, 1)]
    instants = dated_reader(OldTimestamp(), "null")([(5).to_bytes(4, "little"), bytes(4)])
    assert instants.cast(pa.int64()).to_pylist() == [5_000_000, None]
    times = read_old_times([number.to_bytes(3, "little", signed=True) for number in (8385959, -8385959, -1, 0)])
    assert times.cast(pa.int64()).to_pylist() == [3020399_000_000, -3020399_000_000, -1_000_000, 0]


ZEROS: list[tuple[Dated, bytes, str]] = [
    (StoredDate(), bytes(3), "0000-00-00"),
    (StoredDate(), date_bytes(2024, 2, 31), "2024-02-31"),
    (PackedDatetime(0), datetime_bytes((0, 0, 0, 0, 0, 0), 0, 0), "0000-00-00 00:00:00"),
    (PackedDatetime(3), datetime_bytes((2024, 0, 10, 1, 2, 3), 4000, 3), "2024-00-10 01:02:03.004"),
    (PackedTimestamp(0), bytes(4), "0000-00-00 00:00:00"),
    (PackedTimestamp(6), bytes(7), "0000-00-00 00:00:00.000000"),
    (OldDatetime(), (20240010010203).to_bytes(8, "little"), "2024-00-10 01:02:03"),
    (OldTimestamp(), bytes(4), "0000-00-00 00:00:00"),
]


@pytest.mark.parametrize(("dated", "raw", "text"), ZEROS)
def test_dates_that_no_calendar_has(dated: Dated, raw: bytes, text: str) -> None:
    """Under each policy: a null beside untouched neighbours, MySQL's text, or a stop that shows the value."""
    real = {3: date_bytes(2024, 1, 2), 4: b"\x00\x00\x00\x05", 5: datetime_bytes((2024, 1, 2, 3, 4, 5), 0, 0)}
    neighbour = real.get(len(raw))
    raws = [raw] if neighbour is None else [neighbour, raw, neighbour]
    nulled = dated_reader(dated, "null")(raws)
    assert nulled.is_null().to_pylist() == [one is raw for one in raws]
    texts = dated_reader(dated, "text")(raws)
    assert texts.type == pa.string()
    assert texts.to_pylist()[len(raws) // 2] == text
    with pytest.raises(DataProblem, match=rf"value\.zero_date: the value is {text}"):
        dated_reader(dated, "stop")(raws)


@pytest.mark.parametrize(
    ("dated", "raw"),
    [
        (StoredDate(), (10000 << 9 | 1 << 5 | 1).to_bytes(3, "little")),
        (StoredDate(), date_bytes(2024, 13, 1)),
        (PackedDatetime(0), b"\x00" * 5),
        (PackedDatetime(0), datetime_bytes((2024, 1, 2, 24, 0, 0), 0, 0)),
        (PackedDatetime(0), datetime_bytes((2024, 1, 2, 0, 60, 0), 0, 0)),
        (PackedDatetime(0), datetime_bytes((2024, 0, 2, 0, 0, 60), 0, 0)),
        (PackedDatetime(2), datetime_bytes((2024, 1, 2, 0, 0, 0), 0, 0) + b"\x64"),
        (PackedTimestamp(6), b"\x00\x00\x00\x05" + (1_000_000).to_bytes(3, "big")),
        (OldDatetime(), (20241301000000).to_bytes(8, "little")),
        (OldDatetime(), (2**63).to_bytes(8, "little")),
    ],
)
@pytest.mark.parametrize("policy", ["null", "text", "stop"])
def test_no_dates_at_all(dated: Dated, raw: bytes, policy: str) -> None:
    """Bytes that MySQL never writes are damage under every policy."""
    with pytest.raises(DataProblem, match=r"value\.malformed"):
        dated_reader(dated, policy)([raw])  # type: ignore[arg-type]


@pytest.mark.parametrize("raw", [b"\xff\xff\xff", (0x800000 + (839 << 12)).to_bytes(3, "big"), b"\x80\x0f\x00"])
def test_no_times_at_all(raw: bytes) -> None:
    """A TIME beyond 838 hours or with 60 minutes is damage."""
    with pytest.raises(DataProblem, match=r"value\.malformed"):
        packed_times(0)([raw])
    with pytest.raises(DataProblem, match=r"value\.malformed"):
        read_old_times([b"\xff\xff\x7f"])


def test_the_fraction_of_a_negative_time() -> None:
    """The documented bytes of -00:00:00.01 and -00:00:01.10 as TIME(2)."""
    raws = [bytes.fromhex("7FFFFFFF"), bytes.fromhex("7FFFFEF6")]
    assert packed_times(2)(raws).cast(pa.int64()).to_pylist() == [-10_000, -1_100_000]
    assert fraction_bytes(990_000, 2) == b"\x63"
