"""The native slice decoder against the pure one: the same batches, or problems with the same code and place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.row_layout import stored_size
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.codec import SliceDecoder
from ingest.native import core
from ingest.native.slice_decoder import NativeSliceDecoder
from ingest.schema import Column, TableSchema
from ingest.slices import Kind, Slice
from tests.kit.binlog_slices import slice_of
from tests.kit.codecs import outcome
from tests.kit.value_bytes import image, schema_of, table_map

CORE = core()
pytestmark = pytest.mark.skipif(CORE is None, reason="the native core isn't built")

UTF8, LATIN1, BINARY, UTF16 = 255, 8, 63, 54
MEMBERS = ("a", "é", "x|y")
POLICIES: list[ZeroDates] = ["null", "text", "stop"]


def of_type(kind: int, *metas: int, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda meta, unsigned: {"type": kind, "meta": meta, **more}, st.sampled_from(metas), st.just(0))


DECIMALS = [65 | 30 << 8, 38 | 10 << 8, 39 | 3 << 8, 10 | 2 << 8, 9, 18 | 18 << 8, 1, 20 | 19 << 8]
COLUMNS = st.one_of(
    st.builds(
        lambda kind, unsigned: {"type": kind, "meta": 0, "unsigned": unsigned},
        st.sampled_from([1, 2, 3, 8, 9]),
        st.booleans(),
    ),
    st.builds(lambda meta: {"type": 16, "meta": meta}, st.sampled_from([1, 7, 1 << 8, 1 | 1 << 8, 5 | 7 << 8, 8 << 8])),
    of_type(246, *DECIMALS),
    of_type(4, 4),
    of_type(5, 8),
    of_type(13, 0),
    of_type(10, 0),
    of_type(7, 0),
    of_type(12, 0),
    of_type(11, 0),
    *(of_type(kind, *range(7)) for kind in (17, 18, 19)),
    st.builds(
        lambda meta, collation: {"type": 15, "meta": meta, "collation": collation},
        st.sampled_from([80, 300]),
        st.sampled_from([UTF8, LATIN1, BINARY, UTF16, 33, 11]),
    ),
    *(of_type(254, 254 | 4 << 8, 0xEE | 0xFC << 8, collation=collation) for collation in (UTF8, BINARY)),
    *(of_type(252, 1, 2, 3, 4, collation=collation) for collation in (UTF8, BINARY)),
    of_type(247, 247 | 1 << 8, 247 | 2 << 8, collation=UTF8, members=MEMBERS),
    of_type(248, 248 | 1 << 8, collation=UTF8, members=MEMBERS),
    of_type(245, 4),
    of_type(242, 4, vector_dimension=2),
)


@st.composite
def schemas(draw: Any) -> TableSchema:
    """Tables of 1 to 10 columns."""
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=10))
    return schema_of(*(Column(f"c{number}", nullable=True, **one) for number, one in enumerate(columns)))


def number_bytes(draw: Any, size: int) -> bytes:
    """Any bytes, but often those of sound values: temporal and packed decimal ones have their top bit set."""
    raw = bytearray(draw(st.one_of(st.binary(min_size=size, max_size=size), st.just(bytes(size)))))
    if raw and draw(st.booleans()):
        raw[0] |= 0x80
    for place in range(1, size):
        raw[place] &= draw(st.sampled_from([0xFF, 0x0F, 0x3B]))
    return bytes(raw)


def value_of(draw: Any, column: Column) -> bytes | None:
    """One value as stored, mostly sound; None for NULL."""
    if draw(st.integers(0, 4)) == 0:
        return None
    size = stored_size(column)
    if not size.length_bytes:
        return number_bytes(draw, size.fixed) if column.type not in (247, 248) else draw(enum_bytes(size.fixed))
    text = draw(st.one_of(st.text(max_size=8).map(str.encode), st.binary(max_size=4), st.just(b"plain")))
    return len(text).to_bytes(size.length_bytes, "little") + text


def enum_bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.integers(0, 9).map(lambda number: (number % 5 if number else 0).to_bytes(size, "little"))


@st.composite
def slices(draw: Any) -> Slice:
    """A slice of up to five rows of a random table."""
    schema = draw(schemas())
    width = (len(schema.columns) + 7) // 8
    present = ((1 << len(schema.columns)) - 1).to_bytes(width, "little")
    kinds = draw(st.lists(st.sampled_from(Kind), min_size=1, max_size=5))
    rows = [[image(schema, [value_of(draw, column) for column in schema.columns]) for _ in "ba"] for _ in kinds]
    before = [b"" if kind is Kind.INSERT else row[0] for kind, row in zip(kinds, rows, strict=True)]
    after = [b"" if kind is Kind.DELETE else row[1] for kind, row in zip(kinds, rows, strict=True)]
    part = slice_of(table_map(schema), Kind.UPDATE, before, after, present, present)
    return replace(part, kinds=bytes(kinds))


def same(part: Slice, columns: list[int], policy: ZeroDates) -> None:
    """Both decoders give the same, and count the same."""
    assert CORE is not None
    pure, native = PureSliceDecoder(policy), NativeSliceDecoder(CORE, policy)
    assert outcome(PureSliceDecoder(policy), part, columns, columns[1:]) == outcome(
        NativeSliceDecoder(CORE, policy), part, columns, columns[1:]
    )
    expected = outcome(pure, part, columns)
    assert outcome(native, part, columns) == expected
    assert native.nulled == pure.nulled


@given(slices(), st.data())
@settings(deadline=None, max_examples=settings.default.max_examples * 300 // 100)
def test_same_as_pure(part: Slice, data: Any) -> None:
    """Any table, any rows, any choice of columns."""
    count = len(PureSliceDecoder().schema_of(part).columns)
    columns = data.draw(st.permutations(range(count)))[: data.draw(st.integers(0, count))]
    same(part, columns, data.draw(st.sampled_from(POLICIES)))


@given(slices(), st.data())
@settings(deadline=None, max_examples=settings.default.max_examples * 300 // 100)
def test_same_on_damage(part: Slice, data: Any) -> None:
    """Any bytes changed, cut or added anywhere in a slice."""
    name = data.draw(st.sampled_from(["images"] * 5 + ["ends", "kinds", "ordinals", "before_present", "after_present"]))
    raw = bytearray(getattr(part, name))
    change = data.draw(st.sampled_from(["byte", "cut", "more"]))
    if change == "byte" and raw:
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    elif change == "cut":
        del raw[data.draw(st.integers(0, len(raw))) :]
    else:
        raw += b"\0"
    count = len(PureSliceDecoder().schema_of(part).columns)
    same(replace(part, **{name: bytes(raw)}), list(range(count)), data.draw(st.sampled_from(POLICIES)))


@given(COLUMNS, st.data())
@settings(deadline=None, max_examples=settings.default.max_examples * 500 // 100)
def test_same_value_by_value(column: dict[str, Any], data: Any) -> None:
    """One column alone, so that no other column's problem hides what is read of it."""
    schema = schema_of(Column("c", nullable=True, **column))
    images = [image(schema, [value_of(data.draw, schema.columns[0])]) for _ in range(data.draw(st.integers(1, 4)))]
    part = slice_of(table_map(schema), Kind.INSERT, [b""] * len(images), images, b"\1", b"\1")
    same(part, [0], data.draw(st.sampled_from(POLICIES)))


def test_the_core_reads_most_types_itself() -> None:
    """A slice of common types doesn't go to the pure decoder (or these tests would compare it with itself)."""
    assert CORE is not None
    native = NativeSliceDecoder(CORE)
    kinds = [(3, 0), (15, 80), (246, 10 | 2 << 8), (18, 6), (252, 2)]
    schema = schema_of(*(Column(f"c{n}", kind, meta, True, collation=UTF8) for n, (kind, meta) in enumerate(kinds)))
    values = [bytes(4), b"\1x", b"\x80" + bytes(4), b"\x99\xa0\x43\0\0\0\0\0", b"\0\0"]
    part = slice_of(table_map(schema), Kind.INSERT, [b""], [image(schema, values)], b"\x1f", b"\x1f")
    assert native._decode(part, (0, 1, 2, 3, 4), (0,)) is not None


@pytest.mark.parametrize("decoder", [PureSliceDecoder(), NativeSliceDecoder(CORE) if CORE else PureSliceDecoder()])
def test_images_before_are_read_as_far_as_asked(decoder: SliceDecoder) -> None:
    """Columns that nobody asks for are null in images before, of their type, and whole in images after."""
    schema = schema_of(*(Column(f"c{n}", 3, 0, True) for n in range(3)))
    rows = [image(schema, [bytes([n, 0, 0, 0]) for n in numbers]) for numbers in ((1, 2, 3), (4, 5, 6))]
    part = slice_of(table_map(schema), Kind.UPDATE, rows[:1], rows[1:], b"\x07", b"\x07")
    decoded = decoder.decode(part, (0, 1, 2), (1,))
    assert decoded.before.to_pylist() == [{"c0": None, "c1": 2, "c2": None}]
    assert decoded.after.to_pylist() == [{"c0": 4, "c1": 5, "c2": 6}]
    assert decoded.before.schema == decoded.after.schema
