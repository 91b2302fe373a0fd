"""JSON: MySQL's binary form to the text that ``CAST(column AS CHAR)`` prints, every number exact.

Format (comment at the top of MySQL's sql-common/json_binary.h): a type byte, then the value; objects and arrays are
a count, a size, key and value entries with offsets from their own start, small (2-byte) or large (4-byte); short
scalars stand in the entry itself. Keys come in MySQL's stored order (by length, then bytes). DECIMAL, dates and other
SQL types are "opaque" (``json_opaque.py``).

Invariants: only DataProblem comes out; a damaged document can neither loop nor grow (depth and count are bounded).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from json.encoder import encode_basestring

import pyarrow as pa

from ingest.binlog.values.float_text import as_json_double, mysql_layout
from ingest.binlog.values.json_opaque import opaque_text
from ingest.binlog.values.malformed import malformed

DEPTH_MAX = 100
"""JSON_DOCUMENT_MAX_DEPTH of MySQL."""

_LITERALS = {0: "null", 1: "true", 2: "false"}
_SCALARS = {5: "<h", 6: "<H", 7: "<i", 8: "<I", 9: "<q", 10: "<Q"}
_INLINE_SMALL = frozenset((4, 5, 6))
_INLINE_LARGE = frozenset((4, 5, 6, 7, 8))
_LITERAL, _DOUBLE, _STRING, _OPAQUE = 4, 11, 12, 15


def read_json(raws: Sequence[bytes]) -> pa.Array:
    """Binary JSON documents to an Arrow string array of JSON texts."""
    return pa.array([json_text(raw) for raw in raws], pa.string())


def json_text(raw: bytes) -> str:
    """One binary JSON document as text. DataProblem ``value.malformed``.

    An empty document is ``null``, as MySQL prints it (INSERT IGNORE of NULL into a NOT NULL column stores one).
    """
    if not raw:
        return "null"
    try:
        return _Document(raw).value(raw[0], 1, 0)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise malformed(f"a JSON value of {len(raw)} bytes can't be read: {error}") from None


class _Document:
    """One document's bytes, and how many values may still be read from it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values_left = len(data)  # every value takes an entry of three bytes or more

    def value(self, kind: int, at: int, depth: int) -> str:
        """The text of the value of a type at an offset."""
        if kind == _STRING:
            return encode_basestring(self._run(at).decode())
        if kind <= 3:
            return self._container(kind, at, depth + 1)
        if kind == _DOUBLE:
            return self._double(at)
        if kind in _SCALARS:
            return str(struct.unpack_from(_SCALARS[kind], self._data, at)[0])
        if kind == _LITERAL:
            return self._literal(self._data[at])
        if kind == _OPAQUE:
            return opaque_text(self._data[at], self._run(at + 1))
        raise malformed(f"a JSON value has type {kind}")

    def _container(self, kind: int, start: int, depth: int) -> str:
        """An object (0 small, 1 large) or an array (2 small, 3 large)."""
        if depth > DEPTH_MAX:
            raise malformed(f"a JSON value nests deeper than {DEPTH_MAX}")
        large, is_object = kind & 1, kind < 2
        width = 4 if large else 2
        count, _ = struct.unpack_from("<II" if large else "<HH", self._data, start)
        self._values_left -= count
        if self._values_left < 0:
            raise malformed("a JSON value announces more members than there are bytes for")
        keys_at = start + 2 * width
        entries_at = keys_at + (count * (width + 2) if is_object else 0)
        values = [self._entry(entries_at + place * (width + 1), start, kind, depth) for place in range(count)]
        if not is_object:
            return "[" + ", ".join(values) + "]"
        keys = [self._key(keys_at + place * (width + 2), start, width) for place in range(count)]
        return "{" + ", ".join([f"{key}: {value}" for key, value in zip(keys, values, strict=True)]) + "}"

    def _entry(self, at: int, start: int, container: int, depth: int) -> str:
        """A value entry: the value itself when it is short, else its offset from the container's start."""
        kind = self._data[at]
        large = container & 1
        if kind in (_INLINE_LARGE if large else _INLINE_SMALL):
            return self.value(kind, at + 1, depth)
        (offset,) = struct.unpack_from("<I" if large else "<H", self._data, at + 1)
        return self.value(kind, start + offset, depth)

    def _key(self, at: int, start: int, width: int) -> str:
        offset, length = struct.unpack_from("<IH" if width == 4 else "<HH", self._data, at)
        return encode_basestring(self._bytes(start + offset, length).decode())

    def _literal(self, code: int) -> str:
        if code not in _LITERALS:
            raise malformed(f"a JSON literal has code {code}")
        return _LITERALS[code]

    def _double(self, at: int) -> str:
        (number,) = struct.unpack_from("<d", self._data, at)
        if not math.isfinite(number):
            raise malformed(f"a JSON number is {number}")
        return as_json_double(mysql_layout(repr(number)))

    def _run(self, at: int) -> bytes:
        """Bytes behind their length, which has seven bits a byte, lowest first, at most five bytes."""
        length = 0
        for place in range(5):
            byte = self._data[at + place]
            length |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return self._bytes(at + place + 1, length)
        raise malformed("a JSON length has more than five bytes")

    def _bytes(self, at: int, length: int) -> bytes:
        found = self._data[at : at + length]
        if len(found) != length:
            raise malformed(f"a JSON value of {length} bytes at offset {at} goes beyond its document's end")
        return found
