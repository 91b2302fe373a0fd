"""GEOMETRY: a 4-byte little-endian SRID, then Well-Known Binary (OGC 06-103r4, part 8.2.3) of two dimensions.

MySQL stores the axes of every SRID in x, y order, longitude first for geographic ones (doc page "Geometry Types" and
``srs::Coordinate_axes``), and ``ST_AsGeoJSON`` prints them in that order: so does ``geojson``. Both byte orders are
read, though MySQL writes little-endian only. Invariant: only DataProblem comes out, whatever the bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from ingest.problems import DataProblem, declare

GEOMETRY_MALFORMED = declare(
    "value.geometry_malformed",
    "A GEOMETRY value isn't a SRID followed by well-known binary.",
    "Compare the row on the source (ST_IsValid, ST_AsText); repair it there, or leave the column out of the rule.",
)

SRID_SIZE = 4
DEPTH_MAX = 64
"""Geometry collections nested deeper are refused (MySQL's own WKB reader allows far less in practice)."""

_NAMES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}
_PARTS = {4: 1, 5: 2, 6: 3}


def srid(value: bytes) -> int:
    """The spatial reference system's id of a GEOMETRY value. DataProblem ``value.geometry_malformed``."""
    if len(value) < SRID_SIZE:
        raise _malformed(f"it has {len(value)} bytes")
    return int.from_bytes(value[:SRID_SIZE], "little")


def wkb(value: bytes) -> bytes:
    """The well-known binary of a GEOMETRY value, as ``ST_AsBinary(g, 'axis-order=long-lat')`` gives it.

    DataProblem ``value.geometry_malformed`` when there is none.
    """
    srid(value)
    if len(value) == SRID_SIZE:
        raise _malformed("nothing follows the SRID")
    return value[SRID_SIZE:]


def geojson(value: bytes) -> str:
    """A GEOMETRY value as GeoJSON text (RFC 7946), x before y. DataProblem ``value.geometry_malformed``."""
    reader = _WkbReader(wkb(value))
    text = reader.geometry(0)
    reader.end()
    return text


def _malformed(what: str) -> DataProblem:
    return DataProblem(GEOMETRY_MALFORMED, f"a GEOMETRY value can't be read: {what}")


class _WkbReader:
    """One pass over well-known binary, giving GeoJSON text."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def geometry(self, depth: int) -> str:
        """A whole geometry object."""
        if depth > DEPTH_MAX:
            raise _malformed(f"collections nest deeper than {DEPTH_MAX}")
        order, kind = self._header()
        if kind == 7:
            members = self._list(order, 9, lambda: self.geometry(depth + 1))
            return f'{{"type": "GeometryCollection", "geometries": {members}}}'
        return f'{{"type": "{_NAMES[kind]}", "coordinates": {self._coordinates(order, kind)}}}'

    def end(self) -> None:
        """DataProblem when bytes are left over."""
        if self._position != len(self._data):
            raise _malformed(f"{len(self._data) - self._position} bytes are left over")

    def _header(self) -> tuple[str, int]:
        """Byte order (as a struct prefix) and geometry type."""
        (mark,) = self._take("B")
        if mark not in (0, 1):
            raise _malformed(f"byte order mark {mark}")
        order = "<" if mark else ">"
        (kind,) = self._take(order + "I")
        if kind not in _NAMES:
            raise _malformed(f"geometry type {kind}")
        return order, kind

    def _coordinates(self, order: str, kind: int) -> str:
        """The coordinates of any type but a collection."""
        if kind == 1:
            return self._point(order)
        if kind == 2:
            return self._list(order, 16, lambda: self._point(order))
        if kind == 3:
            return self._list(order, 4, lambda: self._list(order, 16, lambda: self._point(order)))
        return self._list(order, 9, lambda: self._part(_PARTS[kind]))

    def _part(self, expected: int) -> str:
        """One member of a multi-geometry, which has a header of its own."""
        order, kind = self._header()
        if kind != expected:
            raise _malformed(f"a {_NAMES[kind]} stands where a {_NAMES[expected]} belongs")
        return self._coordinates(order, kind)

    def _list(self, order: str, size_min: int, item: Callable[[], str]) -> str:
        """A counted list of items, each at least ``size_min`` bytes."""
        (count,) = self._take(order + "I")
        if count * size_min > len(self._data) - self._position:
            raise _malformed(f"{count} items are announced, more than there are bytes for")
        return "[" + ", ".join(item() for _ in range(count)) + "]"

    def _point(self, order: str) -> str:
        x, y = self._take(order + "dd")
        if not (math.isfinite(x) and math.isfinite(y)):
            raise _malformed(f"the coordinate ({x}, {y}) is no number")
        return f"[{x!r}, {y!r}]"

    def _take(self, layout: str) -> tuple[Any, ...]:
        try:
            fields = struct.unpack_from(layout, self._data, self._position)
        except struct.error:
            raise _malformed(f"it ends at byte {len(self._data)}") from None
        self._position += struct.calcsize(layout)
        return fields
