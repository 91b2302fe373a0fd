"""The native reader of binary JSON against the pure one: the same text, or both refuse."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.values.json_binary import json_text
from ingest.native import core
from ingest.problems import DataProblem
from tests.kit.value_bytes import decimal_bytes, json_bytes
from tests.unit.binlog.values.test_json_binary import DOCUMENTS
from tests.unit.native.test_request_encoder import FEW_DIGITS, TIES

pytestmark = pytest.mark.skipif(core() is None, reason="the native core isn't built")


def native_text(raw: bytes) -> str | None:
    """One document read by the core; None when it refuses."""
    native = core()
    assert native is not None
    reader = native.ImageColumns([(0, 4)], b"\1", [(0, ("json",))])
    image = b"\0" + struct.pack("<I", len(raw)) + raw
    columns = reader.decode(image, struct.pack("<II", 0, len(image)), b"\1", True)
    if columns is None:
        return None
    text: str = columns[0][5].decode()
    return text


def same(raw: bytes) -> None:
    """Both readers say the same."""
    try:
        expected = json_text(raw)
    except DataProblem:
        expected = None
    assert native_text(raw) == expected


@given(DOCUMENTS, st.booleans())
@settings(max_examples=settings.default.max_examples * 300 // 100, deadline=None)
def test_documents(document: Any, large: bool) -> None:
    """Any document, with small and large offsets."""
    same(json_bytes(document, large))


@given(st.lists(FEW_DIGITS | TIES | st.floats(allow_nan=False, allow_infinity=False), min_size=20))
@settings(deadline=None)
def test_doubles(numbers: Sequence[float]) -> None:
    """Doubles of few digits, and those that two texts are equally near to."""
    same(json_bytes(numbers))


@given(DOCUMENTS, st.booleans(), st.data())
@settings(max_examples=settings.default.max_examples * 500 // 100, deadline=None)
def test_damage(document: Any, large: bool, data: Any) -> None:
    """Any bytes changed, any end cut off."""
    raw = bytearray(json_bytes(document, large))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    same(bytes(raw))
    same(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes) -> None:
    """Random bytes."""
    same(raw)


@given(
    st.integers(0, 255) | st.sampled_from([7, 10, 11, 12]), st.binary(max_size=120) | st.binary(min_size=8, max_size=8)
)
@settings(max_examples=settings.default.max_examples * 500 // 100)
def test_opaque_values(kind: int, value: bytes) -> None:
    """SQL values inside JSON: bytes of any type."""
    same(bytes([15, kind, len(value)]) + value)


MOMENTS = st.tuples(
    st.integers(0, 10_000), st.integers(0, 12), st.integers(0, 31), st.integers(0, 24), st.integers(0, 60),
    st.integers(0, 60), st.sampled_from([0, 1, 999_999, 1_000_000]), st.booleans(),
)  # fmt: skip


@given(st.sampled_from([7, 10, 11, 12]), MOMENTS)
@settings(max_examples=settings.default.max_examples * 500 // 100)
def test_opaque_moments(kind: int, moment: Sequence[int]) -> None:
    """Dates and times, sound ones and ones beyond the calendar."""
    year, month, day, hour, minute, second, micros, negative = moment
    days = 0 if kind == 11 else (year * 13 + month) << 5 | day
    number = (days << 17 | hour << 12 | minute << 6 | second) << 24 | micros
    value = (-number if negative else number).to_bytes(8, "little", signed=True)
    same(bytes([15, kind, 8]) + value)


@given(st.integers(-(10**30), 10**30), st.integers(0, 30), st.integers(31, 66))
def test_opaque_decimals(number: int, scale: int, precision: int) -> None:
    """DECIMALs, as many digits as MySQL writes."""
    value = bytes([precision, scale]) + decimal_bytes(
        Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale)), precision, scale
    )
    same(bytes([15, 246, len(value)]) + value)
