"""ingest.sinks.json_text: Arrow columns to JSON value texts."""

from __future__ import annotations

import datetime
import json
import math
import struct
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import DataProblem
from ingest.sinks.json_text import json_texts


def texts(values: list[object], kind: pa.DataType, **metadata: str) -> list[str | None]:
    marks = {f"mysql.{name}": value for name, value in metadata.items()}
    return json_texts(pa.array(values, kind), pa.field("f", kind, metadata=marks))


@pytest.mark.parametrize(
    ("values", "kind", "metadata", "expected"),
    [
        ([1, None, -(2**63)], pa.int64(), {}, ["1", None, "-9223372036854775808"]),
        ([2**64 - 1], pa.uint64(), {}, ["18446744073709551615"]),
        ([Decimal("-12.50"), None], pa.decimal128(10, 2), {}, ["-12.50", None]),
        ([Decimal("1E-30"), Decimal(0)], pa.decimal256(65, 30), {}, ["0." + "0" * 29 + "1", "0." + "0" * 30]),
        ([0.1, 1.0, 1e10, -0.0, None], pa.float32(), {}, ["0.1", "1.0", "10000000000.0", "-0.0", None]),
        ([0.1, 1e22, 5e-324], pa.float64(), {}, ["0.1", "1e22", "5e-324"]),
        ([True, False, None], pa.bool_(), {}, ["true", "false", None]),
        (['a"\\\n\0é', None], pa.string(), {}, ['"a\\"\\\\\\n\\u0000é"', None]),
        (['{"a": 1}', None], pa.string(), {"type": "json"}, ['{"a": 1}', None]),
        ([b"\x00\xff", b"", None], pa.binary(), {}, ['"AP8="', '""', None]),
        ([datetime.date(2024, 1, 2), None], pa.date32(), {}, ['"2024-01-02"', None]),
        ([1704164645123456], pa.timestamp("us"), {"type": "datetime", "fsp": "6"}, ['"2024-01-02T03:04:05.123456"']),
        ([1704164645123000], pa.timestamp("us"), {"type": "datetime", "fsp": "3"}, ['"2024-01-02T03:04:05.123"']),
        ([1704164645000000], pa.timestamp("us", "UTC"), {"type": "timestamp", "fsp": "0"}, ['"2024-01-02T03:04:05Z"']),
        ([1704164645], pa.timestamp("s"), {}, ['"2024-01-02T03:04:05"']),
        ([-3020399000000, None], pa.duration("us"), {"type": "time", "fsp": "0"}, ['"-838:59:59"', None]),
        ([-1], pa.duration("us"), {"type": "time", "fsp": "6"}, ['"-00:00:00.000001"']),
        ([["a", "b"], [], None], pa.list_(pa.string()), {"type": "set"}, ['["a", "b"]', "[]", None]),
        ([[0.1, -2.0]], pa.list_(pa.float32()), {"type": "vector"}, ["[0.1, -2.0]"]),
        (
            [{"a": 1, "b": None}, None],
            pa.struct([("a", pa.int8()), ("b", pa.string())]),
            {},
            ['{"a": 1, "b": null}', None],
        ),
        ([None, None], pa.null(), {}, [None, None]),
    ],
)
def test_each_type(
    values: list[object], kind: pa.DataType, metadata: dict[str, str], expected: list[str | None]
) -> None:
    """Each Arrow type becomes the JSON text that configs/types.md promises."""
    assert texts(values, kind, **metadata) == expected


def test_slices_and_dictionaries() -> None:
    """A sliced array and a dictionary-encoded one give the same texts as the plain values."""
    lists = pa.array([["a"], None, ["b", "c"]]).slice(1)
    assert json_texts(lists, pa.field("f", lists.type)) == [None, '["b", "c"]']
    encoded = pa.array(["x", None, "x"]).dictionary_encode()
    assert json_texts(encoded, pa.field("f", encoded.type)) == ['"x"', None, '"x"']


@given(st.lists(st.none() | st.text()))
def test_strings_come_back(values: list[str | None]) -> None:
    """Any text survives JSON, on one line."""
    result = texts(values, pa.string())
    assert [None if text is None else json.loads(text) for text in result] == values
    assert not any(text and "\n" in text for text in result)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_doubles_come_back(values: list[float]) -> None:
    """Any double survives its JSON text bit by bit, and never looks like an integer."""
    result = [text for text in texts(values, pa.float64()) if text is not None]
    assert [struct.pack("<d", float(text)) for text in result] == [struct.pack("<d", value) for value in values]
    assert all(isinstance(json.loads(text), float) for text in result)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_floats_come_back(values: list[float]) -> None:
    """Any float32 survives its JSON text, which has at most nine digits."""
    result = [text for text in texts(values, pa.float32()) if text is not None]
    assert [struct.pack("<f", float(text)) for text in result] == [struct.pack("<f", value) for value in values]
    assert all(len(text.partition("e")[0].replace(".", "").strip("-0")) <= 9 for text in result)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_nan(value: float) -> None:
    """NaN and infinity stop with a problem that names the field."""
    with pytest.raises(DataProblem, match=r"document\.not_a_number[\s\S]*field f"):
        texts([1.0, value], pa.float64())


def test_unsupported_type() -> None:
    """An Arrow type without a JSON form stops with a problem that names field and type."""
    with pytest.raises(DataProblem, match=r"document\.type_unsupported[\s\S]*field f"):
        texts([1], pa.time64("us"))


def test_geometry_becomes_geojson() -> None:
    """A GEOMETRY field is GeoJSON; one that can't be read names the field."""
    point = struct.pack("<IBIdd", 4326, 1, 1, 116.5, -39.25)
    assert texts([point, None], pa.binary(), type="geometry") == [
        '{"type": "Point", "coordinates": [116.5, -39.25]}',
        None,
    ]
    with pytest.raises(DataProblem, match=r"value\.geometry_malformed[\s\S]*field f"):
        texts([point[:-1]], pa.binary(), type="geometry")
