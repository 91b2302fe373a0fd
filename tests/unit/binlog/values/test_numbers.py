"""ingest.binlog.values: integers, floats, decimals, bits, years and their texts."""

from __future__ import annotations

import struct
from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.values.decimals import decimal_reader, decimal_text
from ingest.binlog.values.float_text import as_json_double, mysql_layout
from ingest.binlog.values.floats import read_floats
from ingest.binlog.values.integers import read_bits, read_integers, read_mediumints, read_years
from ingest.problems import DataProblem
from tests.kit.value_bytes import decimal_bytes

EXACT = Context(prec=100)


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_unsigned_integers(values: list[int]) -> None:
    """Integers are exact up to 2^64 - 1."""
    raws = [value.to_bytes(8, "little") for value in values]
    assert read_integers(raws, pa.uint64()).to_pylist() == values


@given(st.lists(st.integers(-(2**23), 2**23 - 1)), st.lists(st.integers(0, 2**24 - 1)))
def test_mediumints(signed: list[int], unsigned: list[int]) -> None:
    """Three-byte integers keep their sign, or have none."""
    raws = [value.to_bytes(3, "little", signed=True) for value in signed]
    assert read_mediumints(raws, pa.int32()).to_pylist() == signed
    raws = [value.to_bytes(3, "little") for value in unsigned]
    assert read_mediumints(raws, pa.uint32()).to_pylist() == unsigned


@given(st.integers(1, 64).flatmap(lambda width: st.tuples(st.just(width), st.lists(st.integers(0, 2**width - 1)))))
def test_bits(case: tuple[int, list[int]]) -> None:
    """BIT(1) to BIT(64) are big-endian numbers."""
    width, values = case
    raws = [value.to_bytes((width + 7) // 8, "big") for value in values]
    assert read_bits(raws, width).to_pylist() == values


def test_bits_beyond_the_width() -> None:
    """A bit that the column doesn't have is damage."""
    with pytest.raises(DataProblem, match=r"value\.malformed: a BIT\(3\) value holds 8"):
        read_bits([b"\x08"], 3)


def test_years() -> None:
    """A year is a byte from 1900; 0 is the year 0000."""
    assert read_years([b"\x00", b"\x01", b"\xff"]).to_pylist() == [0, 1901, 2155]


def test_not_a_number() -> None:
    """NaN and infinity, which MySQL can't store, are damage."""
    assert read_floats([struct.pack("<f", 0.1)], pa.float32()).to_pylist() == [
        struct.unpack("<f", struct.pack("<f", 0.1))[0]
    ]
    for value in (float("nan"), float("inf")):
        with pytest.raises(DataProblem, match=r"value\.malformed"):
            read_floats([struct.pack("<d", 1.0), struct.pack("<d", value)], pa.float64())


@st.composite
def decimals(draw: st.DrawFn) -> tuple[int, int, list[Decimal]]:
    precision = draw(st.integers(1, 65))
    scale = draw(st.integers(0, min(30, precision)))
    limit = 10**precision - 1
    return (
        precision,
        scale,
        [
            Decimal(unscaled).scaleb(-scale, EXACT)
            for unscaled in draw(st.lists(st.integers(-limit, limit), max_size=5))
        ],
    )


@given(decimals())
def test_decimals(case: tuple[int, int, list[Decimal]]) -> None:
    """Every DECIMAL(p,s) is exact, with its scale."""
    precision, scale, values = case
    raws = [decimal_bytes(value, precision, scale) for value in values]
    array = decimal_reader(precision, scale)(raws)
    assert (array.type.precision, array.type.scale) == (precision, scale)
    assert array.to_pylist() == values
    for value in values:
        unscaled = int(value.scaleb(scale, EXACT))
        assert Decimal(decimal_text(unscaled, scale)) == value


def test_a_known_decimal() -> None:
    """The example of MySQL's own documentation: 1234567890.1234 as DECIMAL(14,4), and its negative."""
    positive = bytes.fromhex("81 0D FB 38 D2 04 D2")
    negative = bytes.fromhex("7E F2 04 C7 2D FB 2D")
    values = [Decimal("1234567890.1234"), Decimal("-1234567890.1234")]
    assert decimal_reader(14, 4)([positive, negative]).to_pylist() == values


@pytest.mark.parametrize(
    ("precision", "scale", "raw"), [(9, 0, b"\xbb\x9a\xca\x00"), (2, 2, b"\xe4"), (20, 0, b"\xff" * 9)]
)
def test_digits_beyond_nine(precision: int, scale: int, raw: bytes) -> None:
    """A group of digits that holds more than its nines is damage, never a wrapped number."""
    with pytest.raises(DataProblem, match=r"value\.malformed: a DECIMAL value holds"):
        decimal_reader(precision, scale)([raw])


@pytest.mark.parametrize(
    ("shortest", "text"),
    [
        ("0.1", "0.1"),
        ("1.0", "1"),
        ("-0.0", "-0"),
        ("1e-15", "0.000000000000001"),
        ("1e-16", "1e-16"),
        ("1.234e-14", "0.00000000000001234"),
        ("123456789012345.0", "123456789012345"),
        ("1e+15", "1e15"),
        ("1.234567890123456e+16", "1.234567890123456e16"),
        ("-1.7976931348623157e+308", "-1.7976931348623157e308"),
        ("12.5", "12.5"),
        ("1200.0", "1200"),
        ("0.00012", "0.00012"),
    ],
)
def test_layout_of_doubles(shortest: str, text: str) -> None:
    """A double is laid out as MySQL prints it (asked of a server)."""
    assert mysql_layout(shortest) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_layout_keeps_the_value(value: float) -> None:
    """The layout changes no digit, and a JSON double is never an integer's text."""
    text = as_json_double(mysql_layout(repr(value)))
    assert struct.pack("<d", float(text)) == struct.pack("<d", value)
    assert "." in text or "e" in text
