"""What SELECT prints, as Arrow values."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from ingest.binlog.arrow_types import arrow_field
from ingest.binlog.field_types import FieldType as F
from ingest.problems import DataProblem
from ingest.schema import Column
from ingest.snapshot.chunks import quoted
from ingest.verify.selected_values import arrow_batch, arrow_column, select_expression


def _column(kind: F, meta: int = 0, **more: object) -> Column:
    return Column("c", kind, meta, nullable=True, **more)  # type: ignore[arg-type]


UTC = dt.timezone.utc


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (_column(F.LONGLONG, unsigned=True), b"18446744073709551615", 2**64 - 1),
        (_column(F.TINY), b"-128", -128),
        (_column(F.LONG, unsigned=True), b"0000000042", 42),
        (_column(F.NEWDECIMAL, 65 | 30 << 8), b"-0." + b"1" * 30, Decimal("-0." + "1" * 30)),
        (_column(F.BIT), b"\x0f\xff", 4095),
        (_column(F.YEAR), b"0000", 0),
        (_column(F.DOUBLE, 8), b"1.7976931348623157e308", 1.7976931348623157e308),
        (_column(F.TIME2, 3), b"-838:59:59.000", -dt.timedelta(hours=838, minutes=59, seconds=59)),
        (_column(F.TIME2, 6), b"00:00:00.000001", dt.timedelta(microseconds=1)),
        (_column(F.TIME2, 1), b"-00:00:00.5", -dt.timedelta(milliseconds=500)),
        (_column(F.DATE), b"9999-12-31", dt.date(9999, 12, 31)),
        (_column(F.DATE), b"2024-02-29", dt.date(2024, 2, 29)),
        (_column(F.DATETIME2, 6), b"1000-01-01 00:00:00.000001", dt.datetime(1000, 1, 1, 0, 0, 0, 1)),
        (_column(F.TIMESTAMP2, 3), b"2038-01-19 03:14:07.999", dt.datetime(2038, 1, 19, 3, 14, 7, 999_000, UTC)),
        (_column(F.VARCHAR, 40, collation=255), "易碎 📦".encode(), "易碎 📦"),
        (_column(F.BLOB, 2, collation=63), b"\x00\xff", b"\x00\xff"),
        (_column(F.ENUM, collation=255, members=("a",)), b"", ""),
        (_column(F.SET, collation=255, members=("a", "加急")), "a,加急".encode(), ["a", "加急"]),
        (_column(F.SET, collation=255, members=("a",)), b"", []),
        (_column(F.JSON, 4), b'{"a": [1.5, null]}', '{"a": [1.5, null]}'),
        (_column(F.GEOMETRY, 4), b"\0\0\0\0\1\1\0\0\0" + bytes(16), b"\0\0\0\0\1\1\0\0\0" + bytes(16)),
        (_column(F.VECTOR, 4), b"0000803F000000C0", [1.0, -2.0]),
    ],
)
def test_value_of_each_type(column: Column, text: bytes, value: object) -> None:
    """Each type's text becomes its exact value, in the field that the binlog decoder uses."""
    array = arrow_column(column, [text, None], "null")
    assert array.type == arrow_field(column, "null").type
    assert array.to_pylist() == [value, None]


def test_float_is_the_nearest_single() -> None:
    """A FLOAT selected as a double product is exactly the single that MySQL stores."""
    array = arrow_column(_column(F.FLOAT, 4), [b"0.10000000149011612", b"3.4028234663852886e38", b"-0"], "null")
    assert array.equals(pa.array([0.1, 3.4028234663852886e38, -0.0], pa.float32()))
    assert str(array[2].as_py()) == "-0.0"


ODD_DATES = [b"0000-00-00", b"2024-00-10", b"2024-02-00", b"2023-02-29", b"1900-02-29"]


@pytest.mark.parametrize("text", ODD_DATES)
def test_dates_that_no_calendar_has(text: bytes) -> None:
    """A zero, partial or impossible date is null, its text, or a stop that names it, by policy."""
    column = _column(F.DATE)
    assert arrow_column(column, [text], "null").to_pylist() == [None]
    assert arrow_column(column, [text], "text").to_pylist() == [text.decode()]
    with pytest.raises(DataProblem, match=text.decode()):
        arrow_column(column, [text], "stop")


def test_zero_timestamp_is_null_among_real_ones() -> None:
    """One zero date doesn't touch its neighbours."""
    texts = [b"0000-00-00 00:00:00", b"1970-01-01 00:00:01"]
    found = arrow_column(_column(F.TIMESTAMP2, 0), texts, "null").to_pylist()
    assert found == [None, dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (_column(F.LONG), b"12x"),
        (_column(F.TINY), b"300"),
        (_column(F.TIME2, 0), b"noon"),
        (_column(F.DATE), b"yesterday"),
        (_column(F.NEWDECIMAL, 10 | 2 << 8), b"1.234"),
        (_column(F.VARCHAR, 40, collation=255), b"\xff"),
    ],
)
def test_odd_value_is_a_problem(column: Column, text: bytes) -> None:
    """What doesn't look like a value of its type is never wrapped, rounded or dropped."""
    with pytest.raises(DataProblem, match="column 'c'"):
        arrow_column(column, [text], "null")


def test_batch_has_the_decoders_fields() -> None:
    """Names and MySQL types travel with the batch."""
    columns = [_column(F.TIMESTAMP2, 3), Column("d", F.LONG, 0, nullable=False)]
    batch = arrow_batch(columns, [[None], [b"1"]], "null")
    assert batch.schema.equals(pa.schema([arrow_field(column, "null") for column in columns]), check_metadata=True)


def test_expressions_keep_what_text_would_lose() -> None:
    """FLOAT and VECTOR are selected through expressions; names are quoted."""
    assert select_expression(_column(F.FLOAT, 4)) == "`c` * 1e0"
    assert select_expression(_column(F.VECTOR, 4)) == "HEX(`c`)"
    assert quoted("a`b") == "`a``b`"
