"""Cutting rows events into images, and the keys of images."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.row_layout import StoredSize, stored_size
from ingest.binlog.walker import PureRowWalker
from ingest.codec import RowsEvent
from ingest.keys import join_key
from ingest.problems import DataProblem
from ingest.schema import Column, TableName, TableSchema
from ingest.slices import Kind


def column(name: str, kind: int, meta: int = 0, collation: int | None = None) -> Column:
    return Column(name, kind, meta, True, False, collation)


#: Each kind of stored size, with a strategy for its stored bytes.
SHAPES: list[tuple[Column, st.SearchStrategy[bytes]]] = [
    (column("i", F.LONG), st.binary(min_size=4, max_size=4)),
    (column("m", F.INT24), st.binary(min_size=3, max_size=3)),
    (column("v", F.VARCHAR, 20, 255), st.text("ab|", max_size=8).map(lambda t: bytes([len(t)]) + t.encode())),
    (
        column("w", F.VARCHAR, 400, 255),
        st.text("ab|", max_size=8).map(lambda t: struct.pack("<H", len(t)) + t.encode()),
    ),
    (column("b", F.BLOB, 3, 63), st.binary(max_size=9).map(lambda t: len(t).to_bytes(3, "little") + t)),
    (column("l", F.BLOB, 4, 63), st.binary(max_size=9).map(lambda t: len(t).to_bytes(4, "little") + t)),
    (column("d", F.DATETIME2, 3), st.binary(min_size=7, max_size=7)),
    (column("t", F.TINY), st.binary(min_size=1, max_size=1)),
]

Row = list[bytes | None]


def image(row: Row) -> bytes:
    """A full image: null bits, then the values."""
    nulls = sum((value is None) << place for place, value in enumerate(row))
    return nulls.to_bytes((len(row) + 7) // 8, "little") + b"".join(value or b"" for value in row)


def present_bits(present: list[int], count: int) -> bytes:
    """A columns-present bitmap, with its unused bits set as MySQL does."""
    width = (count + 7) // 8
    unused = ((1 << 8 * width) - 1) >> count << count
    return (sum(1 << index for index in present) | unused).to_bytes(width, "little")


@st.composite
def tables(draw: st.DrawFn) -> tuple[TableSchema, list[st.SearchStrategy[bytes]]]:
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=20))
    return TableSchema(TableName("d", "t"), tuple(shape for shape, _ in shapes), (0,)), [values for _, values in shapes]


@st.composite
def events(draw: st.DrawFn) -> tuple[TableSchema, RowsEvent, list[bytes], list[bytes]]:
    """A schema, a rows event over any columns present, and its before and after images."""
    schema, values = draw(tables())
    count = len(values)
    kind = draw(st.sampled_from(Kind))
    sides = []
    rows = draw(st.integers(0, 6))
    for wanted in (kind != Kind.INSERT, kind != Kind.DELETE):
        present = sorted(draw(st.sets(st.integers(0, count - 1), min_size=1))) if wanted else []
        images = [image([draw(st.none() | values[index]) for index in present]) if wanted else b"" for _ in range(rows)]
        sides.append((present_bits(present, count) if wanted else b"", images))
    (before_present, before), (after_present, after) = sides
    run = b"".join(old + new for old, new in zip(before, after, strict=True))
    return schema, RowsEvent(1, kind, count, before_present, after_present, run), before, after


@given(events())
def test_images_come_back(case: tuple[TableSchema, RowsEvent, list[bytes], list[bytes]]) -> None:
    """Any columns, nulls and sizes: the run of images is cut exactly where its rows meet."""
    schema, event, before, after = case
    block = PureRowWalker(schema, event.before_present, event.after_present).walk(event)
    assert (list(block.before), list(block.after), block.kind) == (before, after, event.kind)


@given(events(), st.integers(1, 30), st.booleans())
def test_a_run_cut_short_is_found(
    case: tuple[TableSchema, RowsEvent, list[bytes], list[bytes]], size: int, more: bool
) -> None:
    """A run that doesn't end where its last image ends is refused, or its last image has changed its size."""
    schema, event, *_ = case
    damaged = event.images + bytes(size) if more else event.images[:-size]
    walker = PureRowWalker(schema, event.before_present, event.after_present)
    short = RowsEvent(1, event.kind, event.column_count, event.before_present, event.after_present, damaged)
    try:
        block = walker.walk(short)
    except DataProblem:
        return
    assert b"".join(old + new for old, new in zip(block.before, block.after, strict=True)) == damaged


@given(tables(), st.data())
def test_keys_are_the_columns_texts(
    table: tuple[TableSchema, list[st.SearchStrategy[bytes]]], data: st.DataObject
) -> None:
    """A key joins its columns' texts in the order asked for, wherever they lie and whatever is null before them."""
    schema, values = table
    able = [index for index, shape in enumerate(schema.columns) if shape.type in (F.LONG, F.VARCHAR, F.TINY)]
    if not able:
        return
    columns = data.draw(st.lists(st.sampled_from(able), min_size=1, max_size=3))
    rows = [
        [data.draw(values[i] if i in columns else st.none() | values[i]) for i in range(len(values))] for _ in range(4)
    ]
    walker = PureRowWalker(schema, b"", present_bits(list(range(len(values))), len(values)))
    keys = walker.keys([image(row) for row in rows], columns)
    assert keys == [join_key([text_of(schema.columns[i], row[i]) for i in columns]) for row in rows]


def text_of(shape: Column, stored: bytes | None) -> str:
    assert stored is not None
    if shape.type == F.VARCHAR:
        return stored[1 if shape.meta < 256 else 2 :].decode()
    return str(int.from_bytes(stored, "little", signed=True))


SCHEMA = TableSchema(TableName("d", "t"), (column("a", F.LONG), column("b", F.LONG)), (0,))
ROW = image([(7).to_bytes(4, "little"), (8).to_bytes(4, "little")])


@pytest.mark.parametrize(
    ("kind", "meta", "width"), [(F.VARCHAR, 255, 1), (F.VARCHAR, 65535, 2), (F.BLOB, 3, 3), (F.BLOB, 4, 4)]
)
@pytest.mark.parametrize("event_kind", Kind)
def test_lengths_use_all_their_bytes(kind: int, meta: int, width: int, event_kind: Kind) -> None:
    """Long values are skipped by their whole length, in every kind of event."""
    size = min(meta, 70_000) if kind == F.VARCHAR else 70_000
    row = image([size.to_bytes(width, "little") + b"v" * size, (7).to_bytes(4, "little")])
    schema = TableSchema(TableName("d", "t"), (column("v", kind, meta, 255), column("i", F.LONG)), (1,))
    before, after = (b"" if event_kind == Kind.INSERT else b"\x03"), (b"" if event_kind == Kind.DELETE else b"\x03")
    walker = PureRowWalker(schema, before, after)
    rows = [row] * (4 if event_kind == Kind.UPDATE else 2)
    block = walker.walk(RowsEvent(1, event_kind, 2, before, after, b"".join(rows)))
    assert [*block.before, *block.after].count(row) == len(rows)
    assert walker.keys([row, row], [1]) == ["7", "7"]


def test_a_null_key_is_named() -> None:
    """A NULL in a key column stops with the column's name."""
    walker = PureRowWalker(SCHEMA, b"", b"\x03")
    with pytest.raises(DataProblem, match=r"row\.key_null") as caught:
        walker.keys([ROW, image([None, bytes(4)])], [0])
    assert caught.value.where == {"table": "d.t", "column": "a"}


def test_an_absent_key_is_named() -> None:
    """A key column that the image doesn't hold, and images that hold different columns, are refused."""
    walker = PureRowWalker(SCHEMA, b"\x01", b"\x02")
    old, new = image([(7).to_bytes(4, "little")]), image([(9).to_bytes(4, "little")])
    assert walker.keys([old], [0], after=False) == ["7"]
    assert walker.keys([new], [1], after=True) == ["9"]
    for column_index, after in ((0, True), (0, None), (1, None), (1, False)):
        with pytest.raises(DataProblem, match=r"row\.key_absent"):
            walker.keys([new], [column_index], after=after)


def test_both_kinds_of_images_have_keys() -> None:
    """With full images nothing need be said about which they are."""
    assert PureRowWalker(SCHEMA, b"\x03", b"\x03").keys([ROW], [0, 1]) == ["7|8"]
    assert PureRowWalker(SCHEMA, b"\x03", b"").keys([ROW], [1, 0]) == ["8|7"]
    assert PureRowWalker(SCHEMA, b"", b"\xff").keys([ROW], [1]) == ["8"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (RowsEvent(1, Kind.INSERT, 3, b"", b"\x03", ROW), "binlog.malformed"),
        (RowsEvent(1, Kind.INSERT, 2, b"", b"\x03", ROW[:-1]), "binlog.malformed"),
        (RowsEvent(1, Kind.UPDATE, 2, b"\x03", b"\x03", ROW), "binlog.malformed"),
        (RowsEvent(1, Kind.INSERT, 2, b"", b"\x00", b""), "row.no_columns"),
    ],
)
def test_events_that_do_not_fit(event: RowsEvent, code: str) -> None:
    """Another number of columns, a missing half, no columns at all: refused by name."""
    with pytest.raises(DataProblem) as caught:
        PureRowWalker(SCHEMA, event.before_present, event.after_present).walk(event)
    assert caught.value.code.name == code


@pytest.mark.parametrize(
    ("kind", "meta", "size"),
    [
        (F.STRING, 0xFE | 40 << 8, StoredSize(0, 1)),
        (F.STRING, 0xCE | 0xFC << 8, StoredSize(0, 2)),
        (F.NEWDECIMAL, 10 | 2 << 8, StoredSize(5)),
        (F.NEWDECIMAL, 65 | 30 << 8, StoredSize(30)),
        (F.BIT, 3 | 1 << 8, StoredSize(2)),
        (F.ENUM, 0xF7 | 2 << 8, StoredSize(2)),
        (F.SET, 0xF8 | 8 << 8, StoredSize(8)),
        (F.TIME2, 6, StoredSize(6)),
        (F.DATETIME2, 0, StoredSize(5)),
        (F.TIMESTAMP2, 1, StoredSize(5)),
        (F.TIMESTAMP, 0, StoredSize(4)),
        (F.DATETIME, 0, StoredSize(8)),
        (F.TIME, 0, StoredSize(3)),
        (F.JSON, 4, StoredSize(0, 4)),
        (F.GEOMETRY, 4, StoredSize(0, 4)),
        (F.VECTOR, 4, StoredSize(0, 4)),
        (F.VARCHAR, 255, StoredSize(0, 1)),
        (F.VARCHAR, 256, StoredSize(0, 2)),
    ],
)
def test_stored_sizes(kind: int, meta: int, size: StoredSize) -> None:
    """Stored sizes as MySQL's calc_field_size has them."""
    assert stored_size(column("c", kind, meta)) == size


@pytest.mark.parametrize(("kind", "meta"), [(F.TYPED_ARRAY, 0), (99, 0), (F.BLOB, 5), (F.DATETIME2, 7), (F.ENUM, 0xF7)])
def test_sizes_that_are_not_known(kind: int, meta: int) -> None:
    """A type or metadata that isn't known stops with the column's name."""
    with pytest.raises(DataProblem, match=r"type\.unknown") as caught:
        stored_size(column("c", kind, meta))
    assert caught.value.where["column"] == "c"


def test_old_temporal_types() -> None:
    """Tables of before 5.6.4 keep the old encodings of TIME, DATETIME and TIMESTAMP; their bytes are cut and read."""
    columns = (column("i", F.LONG), column("d", F.DATETIME), column("t", F.TIME), column("s", F.TIMESTAMP))
    schema = TableSchema(TableName("d", "t"), columns, (0,))
    stored = (7).to_bytes(4, "little") + (20240229235958).to_bytes(8, "little")
    stored += (-8385958).to_bytes(3, "little", signed=True) + (1_709_251_198).to_bytes(4, "little")
    walker = PureRowWalker(schema, b"", b"\x0f")
    block = walker.walk(RowsEvent(1, Kind.INSERT, 4, b"", b"\x0f", (b"\0" + stored) * 3))
    keys = walker.keys(block.after, [0, 1, 2, 3])
    assert keys == ["7|2024-02-29 23:59:58|-838:59:58|2024-02-29 23:59:58"] * 3
