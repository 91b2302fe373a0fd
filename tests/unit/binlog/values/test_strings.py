"""ingest.binlog.values: text, binary, ENUM, SET and VECTOR."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.values.binary import read_bytes, read_padded
from ingest.binlog.values.enum_set import enum_reader, set_reader
from ingest.binlog.values.text import text_reader
from ingest.binlog.values.vector import read_vectors
from ingest.problems import DataProblem

UTF8MB4, LATIN1, GBK, UTF16 = 255, 8, 28, 54


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_utf8(values: list[str]) -> None:
    """Any text in utf8mb4 comes back."""
    assert text_reader(UTF8MB4)([value.encode() for value in values]).to_pylist() == values


@given(st.lists(st.binary(max_size=20)))
def test_latin1(values: list[bytes]) -> None:
    """latin1 has a character for each byte, the five that cp1252 lacks as C1 controls."""
    expected = ["".join(bytes([byte]).decode("cp1252" if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin_1") for byte in value) for value in values]  # fmt: skip
    assert text_reader(LATIN1)(values).to_pylist() == expected


@given(st.lists(st.text(st.characters(codec="gbk"))))
def test_gbk(values: list[str]) -> None:
    """A multi-byte set is decoded value by value, ASCII or not."""
    assert text_reader(GBK)([value.encode("gbk") for value in values]).to_pylist() == values


def test_wide_characters() -> None:
    """UTF-16 isn't taken for ASCII, though its bytes may all be below 0x80."""
    assert text_reader(UTF16)([b"\0a\0b", b""]).to_pylist() == ["ab", ""]


@pytest.mark.parametrize(
    ("collation", "raw", "charset", "piece"),
    [
        (UTF8MB4, b"a\xff\xfe", "utf8mb4", "ff fe"),
        (33, b"\xed\xa0\x80", "utf8mb3", "ed a0 80"),
        (GBK, b"ab\x81", "gbk", "81"),
    ],
)
def test_bytes_that_are_no_text(collation: int, raw: bytes, charset: str, piece: str) -> None:
    """Bytes outside the character set stop with the set and the bytes; nothing is replaced."""
    with pytest.raises(DataProblem, match=rf"value\.not_in_charset: a value isn't {charset} text: bytes {piece}"):
        text_reader(collation)([b"fine", raw])


def test_text_of_an_unknown_collation() -> None:
    """An unknown collation has no reader."""
    with pytest.raises(DataProblem, match=r"charset\.unknown"):
        text_reader(2047)


def test_bytes() -> None:
    """Binary values are untouched; BINARY(n) gets back the zero bytes that the binlog drops."""
    assert read_bytes([b"", b"\0\xff"]).to_pylist() == [b"", b"\0\xff"]
    assert read_padded([b"", b"a", b"abc"], 3).to_pylist() == [b"\0\0\0", b"a\0\0", b"abc"]


def test_enum() -> None:
    """An ENUM is its member's name, 0 the empty error value; a number without a member is damage."""
    read = enum_reader(["new", "é"], 1)
    assert read([b"\1", b"\0", b"\2"]).to_pylist() == ["new", "", "é"]
    assert read([]).type == pa.string()
    with pytest.raises(DataProblem, match="an ENUM value is number 3 of 2 members"):
        read([b"\1", b"\3"])
    assert enum_reader([str(number) for number in range(1, 301)], 2)([b"\x2c\x01"]).to_pylist() == ["300"]


def test_set() -> None:
    """A SET is the list of its members in their order; a bit without a member is damage."""
    read = set_reader(["a", "b", "c"])
    assert read([b"\0", b"\5", b"\7", b"\5"]).to_pylist() == [[], ["a", "c"], ["a", "b", "c"], ["a", "c"]]
    assert read([]).type == pa.list_(pa.string())
    with pytest.raises(DataProblem, match="a SET value has bits 0b1000, but the column 3 members"):
        read([b"\x08"])
    names = [f"m{number}" for number in range(64)]
    assert set_reader(names)([b"\0" * 7 + b"\x80"]).to_pylist() == [["m63"]]


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), max_size=5)))
def test_vectors(values: list[list[float]]) -> None:
    """A VECTOR is a list of float32, of any length."""
    raws = [struct.pack(f"<{len(value)}f", *value) for value in values]
    found = read_vectors(raws)
    assert found.type == pa.list_(pa.float32())
    assert found.to_pylist() == values


def test_half_a_float() -> None:
    """A VECTOR of a broken length is damage."""
    with pytest.raises(DataProblem, match="whole number of floats"):
        read_vectors([b"\0\0\0\0", b"\0\0\0"])
