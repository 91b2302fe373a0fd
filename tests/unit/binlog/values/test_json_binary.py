"""ingest.binlog.values.json_binary: MySQL's binary JSON to the text that MySQL prints."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.values.json_binary import json_text
from ingest.problems import DataProblem
from tests.kit.value_bytes import Json, json_bytes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
DOCUMENTS: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXT, inner, max_size=6),
    max_leaves=30,
)


def opaque(kind: int, data: bytes) -> bytes:
    return b"\x0f" + bytes([kind, len(data)]) + data


def packed(fields: int, microseconds: int = 0) -> bytes:
    return struct.pack("<q", fields << 24 | microseconds)


@given(DOCUMENTS, st.booleans())
def test_documents(document: Json, large: bool) -> None:
    """Any document comes back: small or large form, every integer and double exact, keys in their stored order."""
    text = json_text(json_bytes(document, large))
    assert repr(json.loads(text)) == repr(document)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "null"),
        (b"\x04\x01", "true"),
        (json_bytes({"a": [1, 2.0, 'x\0\n"\\/é'], "b": {}}), '{"a": [1, 2.0, "x\\u0000\\n\\"\\\\/é"], "b": {}}'),
        (opaque(246, b"\x04\x02\x81\x32"), "1.50"),
        (opaque(246, b"\x01\x01\x82"), "0.2"),
        (opaque(10, packed((2024 * 13 + 1) << 22 | 2 << 17)), '"2024-01-02"'),
        (
            opaque(12, packed((2024 * 13 + 1) << 22 | 2 << 17 | 3 << 12 | 4 << 6 | 5, 600)),
            '"2024-01-02 03:04:05.000600"',
        ),
        (opaque(7, packed((2024 * 13 + 1) << 22 | 2 << 17)), '"2024-01-02 00:00:00.000000"'),
        (opaque(11, struct.pack("<q", -(838 << 36 | 1))), '"-838:00:00.000001"'),
        (opaque(15, b"abc"), '"base64:type15:YWJj"'),
        (opaque(16, b"\x05"), '"base64:type16:BQ=="'),
        (opaque(252, b"z" * 58), '"base64:type252:' + "enp6" * 19 + '\\neg=="'),
    ],
)
def test_known_documents(raw: bytes, text: str) -> None:
    """Scalars, SQL values and escapes are printed as MySQL prints them (asked of a server)."""
    assert json_text(raw) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"\x10",
        b"\x04\x03",
        b"\x0b\x00\x00",
        b"\x0b" + struct.pack("<d", float("nan")),
        b"\x0c\x05abc",
        b"\x0c\x01\xff",
        b"\x0c\xff\xff\xff\xff\xff\x01",
        b"\x02\xff\xff\x00\x00",
        b"\x02\x01\x00\x07\x00\x02\x00\x00",
        opaque(246, b"\x04"),
        opaque(246, b"\x52\x02\x00"),
        opaque(246, b"\x04\x02\x80"),
        opaque(12, b"\x00"),
        opaque(12, packed((10_000 * 13 + 1) << 22)),
        opaque(12, struct.pack("<q", -1)),
        opaque(11, packed(60)),
        opaque(12, packed((2024 * 13 + 1) << 22 | 2 << 17, 1_000_000)),
    ],
)
def test_damage(raw: bytes) -> None:
    """What is no document is a DataProblem: unknown types, missing bytes, NaN, bad UTF-8, a container in itself."""
    with pytest.raises(DataProblem, match=r"value\.malformed"):
        json_text(raw)


def test_depth() -> None:
    """A hundred levels are read, as MySQL has them; more are refused, not tried."""
    document: Json = []
    for _ in range(99):
        document = [document]
    assert json_text(json_bytes(document)) == "[" * 100 + "]" * 100
    with pytest.raises(DataProblem, match="nests deeper than 100"):
        json_text(json_bytes([document]))
    with pytest.raises(DataProblem, match="nests deeper than 100"):
        json_text(b"\x02\x01\x00\x07\x00\x02\x00\x00" + bytes(4000))  # an array in itself


def test_a_document_that_would_grow() -> None:
    """Containers that share their members (so that each level doubles the text) are refused, not unfolded."""
    level = struct.pack("<HH", 2, 0)
    # each array holds the next one twice; 60 levels would be 2^60 values
    document, width = b"", 4 + 2 * 3
    for _ in range(60):
        document += level + (b"\x02" + struct.pack("<H", width)) * 2
    with pytest.raises(DataProblem, match=r"value\.malformed"):
        json_text(b"\x02" + document + level)


@given(DOCUMENTS, st.data())
def test_any_damage(document: Json, data: Any) -> None:
    """A document with any bytes changed or missing is still JSON, or a DataProblem, and nothing else."""
    raw = bytearray(json_bytes(document))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for damaged in (bytes(raw), bytes(raw[:cut])):
        with contextlib.suppress(DataProblem):
            json.loads(json_text(damaged))
