"""ingest.binlog.values.geometry: SRID, well-known binary and GeoJSON."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.values.geometry import DEPTH_MAX, geojson, srid, wkb
from ingest.problems import DataProblem

KINDS = ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"]
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
POINT = st.lists(NUMBER, min_size=2, max_size=2)


def lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(inner, max_size=4)


COORDINATES = {
    "Point": POINT,
    "LineString": lists(POINT),
    "Polygon": lists(lists(POINT)),
    "MultiPoint": lists(POINT),
    "MultiLineString": lists(lists(POINT)),
    "MultiPolygon": lists(lists(lists(POINT))),
}
SIMPLE = st.sampled_from(sorted(COORDINATES)).flatmap(
    lambda kind: COORDINATES[kind].map(lambda coordinates: {"type": kind, "coordinates": coordinates})
)
GEOMETRIES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    SIMPLE,
    lambda inner: lists(inner).map(lambda members: {"type": "GeometryCollection", "geometries": members}),
    max_leaves=8,
)


def encode(geometry: dict[str, Any], order: str) -> bytes:
    """GeoJSON to well-known binary of a byte order ("<" or ">")."""
    kind = geometry["type"]
    head = struct.pack(order + "BI", order == "<", KINDS.index(kind) + 1)
    if kind == "GeometryCollection":
        members = geometry["geometries"]
        return head + struct.pack(order + "I", len(members)) + b"".join(encode(member, order) for member in members)
    return head + body(geometry["coordinates"], kind, order)


def body(coordinates: Any, kind: str, order: str) -> bytes:
    if kind == "Point":
        return struct.pack(order + "dd", *coordinates)
    inner = {"LineString": "Point", "Polygon": "LineString"}.get(kind)
    if inner:
        parts = [body(part, inner, order) for part in coordinates]
    else:
        parts = [encode({"type": kind.removeprefix("Multi"), "coordinates": part}, order) for part in coordinates]
    return struct.pack(order + "I", len(coordinates)) + b"".join(parts)


@given(GEOMETRIES, st.sampled_from("<>"), st.integers(0, 2**32 - 1))
def test_every_geometry(geometry: dict[str, Any], order: str, reference: int) -> None:
    """Points to nested collections, in both byte orders, become the GeoJSON that they came from, x before y."""
    data = encode(geometry, order)
    value = struct.pack("<I", reference) + data
    assert repr(json.loads(geojson(value))) == repr(geometry)
    assert srid(value) == reference
    assert wkb(value) == data


@given(GEOMETRIES, st.data())
def test_any_damage(geometry: dict[str, Any], data: Any) -> None:
    """Damaged bytes give GeoJSON or a DataProblem, and nothing else; cut short or too long ones never pass."""
    raw = bytearray(bytes(4) + encode(geometry, "<"))
    with pytest.raises(DataProblem, match=r"value\.geometry_malformed"):
        geojson(bytes(raw[: data.draw(st.integers(0, len(raw) - 1))]))
    with pytest.raises(DataProblem, match="left over"):
        geojson(bytes(raw) + b"\0")
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(DataProblem):
        json.loads(geojson(bytes(raw)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\2" + struct.pack("<Idd", 1, 0, 0), "byte order mark 2"),
        (struct.pack("<BI", 1, 8), "geometry type 8"),
        (struct.pack("<BII", 1, 2, 2**32 - 1), "4294967295 items"),
        (struct.pack("<BIIBI", 1, 4, 1, 1, 2) + bytes(8), "a LineString stands where a Point belongs"),
        (struct.pack("<BIdd", 1, 1, float("nan"), 0), "is no number"),
        (struct.pack("<BII", 1, 7, 1) * (DEPTH_MAX + 2), "nest deeper"),
    ],
)
def test_named_damage(data: bytes, reason: str) -> None:
    """What is wrong with a GEOMETRY is said."""
    with pytest.raises(DataProblem, match=reason):
        geojson(bytes(4) + data)
