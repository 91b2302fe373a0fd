"""ingest.binlog.slice_decoder and image_splitter: row images to record batches."""

from __future__ import annotations

import contextlib
import datetime
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.codec import SliceDecoder
from ingest.native import core
from ingest.native.slice_decoder import NativeSliceDecoder
from ingest.problems import DataProblem
from ingest.schema import Column, TableSchema
from ingest.slices import Kind, Slice
from tests.kit.binlog_slices import STAMP, slice_of
from tests.kit.value_bytes import (
    date_bytes,
    datetime_bytes,
    decimal_bytes,
    image,
    json_bytes,
    schema_of,
    table_map,
    time_bytes,
    timestamp_bytes,
)


def varchar(text: str, width: int = 1) -> bytes:
    data = text.encode()
    return len(data).to_bytes(width, "little") + data


def column(name: str, kind: int, meta: int = 0, **more: Any) -> Column:
    return Column(name, kind, meta, nullable=True, **more)


#: One column of each type with one value: (column, its bytes, what it becomes).
EVERY_TYPE: list[tuple[Column, bytes, object]] = [
    (column("tiny", 1), b"\xff", -1),
    (column("utiny", 1, unsigned=True), b"\xff", 255),
    (column("small", 2), b"\x00\x80", -32768),
    (column("medium", 9), b"\xff\xff\x7f", 2**23 - 1),
    (column("umedium", 9, unsigned=True), b"\xff\xff\xff", 2**24 - 1),
    (column("int", 3), b"\xfe\xff\xff\xff", -2),
    (column("big", 8, unsigned=True), b"\xff" * 8, 2**64 - 1),
    (column("float", 4, 4), struct.pack("<f", 2.5), 2.5),
    (column("double", 5, 8), struct.pack("<d", 0.1), 0.1),
    (column("decimal", 246, 10 | 2 << 8), decimal_bytes(Decimal("-12.34"), 10, 2), Decimal("-12.34")),
    (column("wide", 246, 65 | 30 << 8), decimal_bytes(Decimal("1e-30"), 65, 30), Decimal("1e-30")),
    (column("bit", 16, 1 | 1 << 8), b"\x01\x00", 256),
    (column("year", 13), b"\x7c", 2024),
    (column("date", 10), date_bytes(2024, 2, 29), datetime.date(2024, 2, 29)),
    (column("oldtime", 11), (-10203).to_bytes(3, "little", signed=True), -datetime.timedelta(hours=1, minutes=2, seconds=3)),
    (column("olddt", 12), (20240102030405).to_bytes(8, "little"), datetime.datetime(2024, 1, 2, 3, 4, 5)),
    (column("oldts", 7), b"\1\0\0\0", datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)),
    (column("time", 19, 3), time_bytes(-1000, 3), -datetime.timedelta(microseconds=1000)),
    (column("dt", 18, 6), datetime_bytes((2024, 1, 2, 3, 4, 5), 6, 6), datetime.datetime(2024, 1, 2, 3, 4, 5, 6)),
    (column("ts", 17, 0), timestamp_bytes(1, 0, 0), datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)),
    (column("char", 254, 254 | 40 << 8, collation=255), varchar("é"), "é"),
    (column("bin", 254, 254 | 4 << 8, collation=63), b"\x01a", b"a\0\0\0"),
    (column("longchar", 254, 0xEE | 0xFC << 8, collation=255), varchar("x" * 300, 2), "x" * 300),
    (column("varchar", 15, 80, collation=255), varchar("b"), "b"),
    (column("varchar2", 15, 300, collation=8), varchar("c", 2), "c"),
    (column("varbin", 15, 300, collation=63), b"\x01\x00\xff", b"\xff"),
    (column("tinyblob", 252, 1, collation=63), b"\x01\xff", b"\xff"),
    (column("text", 252, 2, collation=255), varchar("t", 2), "t"),
    (column("mediumtext", 252, 3, collation=255), varchar("m", 3), "m"),
    (column("longblob", 252, 4, collation=63), b"\x02\0\0\0\0\1", b"\0\1"),
    (column("enum", 247, 247 | 1 << 8, collation=255, members=("a", "b")), b"\x02", "b"),
    (column("set", 248, 248 | 1 << 8, collation=255, members=("a", "b")), b"\x03", ["a", "b"]),
    (column("json", 245, 4), len(json_bytes([1, "x"])).to_bytes(4, "little") + json_bytes([1, "x"]), '[1, "x"]'),
    (column("geo", 255, 4, geometry_type=1), b"\x19\0\0\0" + struct.pack("<IBIdd", 0, 1, 1, 1, 2), struct.pack("<IBIdd", 0, 1, 1, 1, 2)),
    (column("vector", 242, 4, vector_dimension=2), b"\x08\0\0\0" + struct.pack("<ff", 1, 2), [1.0, 2.0]),
]  # fmt: skip
SCHEMA = schema_of(*(one for one, _, _ in EVERY_TYPE), primary_key=(0,))
FULL = b"\xff\xff\xff\xff\x07"
ALL = tuple(range(len(EVERY_TYPE)))
BYTES = [raw for _, raw, _ in EVERY_TYPE]
VALUES = {one.name: value for one, _, value in EVERY_TYPE}
NOTHING: dict[str, object] = dict.fromkeys(VALUES)


def rows_of(kind: Kind, *pairs: tuple[bytes, bytes], schema: TableSchema = SCHEMA, present: bytes = FULL) -> Slice:
    return slice_of(table_map(schema), kind, [b for b, _ in pairs], [a for _, a in pairs], present, present)


NewDecoder = Callable[..., SliceDecoder]


@pytest.fixture(scope="module", params=["pure", "native"])
def new_decoder(request: pytest.FixtureRequest) -> NewDecoder:
    """What makes a decoder of each codec."""
    if request.param == "pure":
        return PureSliceDecoder
    found = core()
    if found is None:
        pytest.skip("the native core isn't built")
    return partial(NativeSliceDecoder, found)


def test_every_type(new_decoder: NewDecoder) -> None:
    """One column of each type, with and without its value, in both images."""
    full, empty = image(SCHEMA, BYTES), image(SCHEMA, [None] * len(ALL))
    decoded = new_decoder().decode(rows_of(Kind.UPDATE, (full, empty), (empty, full)), ALL)
    assert decoded.schema == SCHEMA
    assert decoded.before.to_pylist() == [VALUES, NOTHING]
    assert decoded.after.to_pylist() == [NOTHING, VALUES]
    assert list(decoded.kinds) == [Kind.UPDATE, Kind.UPDATE]
    assert list(decoded.ordinals) == [1, 2]


@given(st.lists(st.lists(st.booleans(), min_size=len(ALL), max_size=len(ALL)), min_size=1, max_size=6), st.permutations(ALL), st.integers(0, len(ALL)))  # fmt: skip
@settings(deadline=None)
def test_any_nulls_and_any_choice_of_columns(
    new_decoder: NewDecoder, nulls: list[list[bool]], order: Sequence[int], count: int
) -> None:
    """Whatever is NULL and whichever columns are asked for, in whatever order: each is itself, and the rest is skipped."""
    columns = tuple(order[:count])
    images = [image(SCHEMA, [None if null else raw for null, raw in zip(row, BYTES, strict=True)]) for row in nulls]
    decoded = new_decoder().decode(rows_of(Kind.INSERT, *((b"", one) for one in images)), columns)
    names = [SCHEMA.columns[index].name for index in columns]
    assert decoded.after.schema.names == names
    for place, index in enumerate(columns):
        expected = [None if row[index] else EVERY_TYPE[index][2] for row in nulls]
        assert decoded.after.column(place).to_pylist() == expected
        assert decoded.before.column(place).to_pylist() == [None] * len(nulls)
        assert decoded.before.schema == decoded.after.schema


def test_kinds_have_their_images(new_decoder: NewDecoder) -> None:
    """An INSERT has no image before and a DELETE none after, mixed in one slice."""
    full = image(SCHEMA, BYTES)
    part = rows_of(Kind.UPDATE, (b"", full), (full, b""), (full, full))
    part = replace(part, kinds=bytes([Kind.INSERT, Kind.DELETE, Kind.UPDATE]))
    decoded = new_decoder().decode(part, (0,))
    assert decoded.before.to_pylist() == [{"tiny": None}, {"tiny": -1}, {"tiny": -1}]
    assert decoded.after.to_pylist() == [{"tiny": -1}, {"tiny": None}, {"tiny": -1}]


DATES = schema_of(column("id", 3), column("d", 10), column("t", 18, 0))
ZERO_ROW = [b"\1\0\0\0", bytes(3), datetime_bytes((2024, 2, 0, 1, 2, 3), 0, 0)]


def dates(new_decoder: NewDecoder, zero_dates: ZeroDates) -> tuple[SliceDecoder, Slice]:
    rows = [image(DATES, ZERO_ROW), image(DATES, [b"\2\0\0\0", date_bytes(2024, 1, 2), None])]
    return new_decoder(zero_dates), rows_of(Kind.INSERT, *((b"", row) for row in rows), schema=DATES, present=b"\x07")


def test_zero_dates_become_counted_nulls(new_decoder: NewDecoder) -> None:
    """Under "null" each such date is null and counted under its table and column; a NULL isn't counted."""
    decoder, part = dates(new_decoder, "null")
    first = decoder.decode(part, (1, 2)).after
    assert first.to_pylist() == [{"d": None, "t": None}, {"d": datetime.date(2024, 1, 2), "t": None}]
    assert decoder.nulled == {("shop.t", "d"): 1, ("shop.t", "t"): 1}
    decoder.decode(part, (1,))
    assert decoder.nulled == {("shop.t", "d"): 2, ("shop.t", "t"): 1}


def test_zero_dates_become_text(new_decoder: NewDecoder) -> None:
    """Under "text" the whole column is MySQL's text."""
    decoder, part = dates(new_decoder, "text")
    decoded = decoder.decode(part, (1, 2)).after
    assert decoded.schema.types == [pa.string(), pa.string()]
    assert decoded.to_pylist() == [{"d": "0000-00-00", "t": "2024-02-00 01:02:03"}, {"d": "2024-01-02", "t": None}]
    assert decoder.nulled == {}


def test_zero_dates_stop(new_decoder: NewDecoder) -> None:
    """Under "stop" the problem names table, column, value and row."""
    decoder, part = dates(new_decoder, "stop")
    with pytest.raises(DataProblem, match=r"value\.zero_date: the value is 2024-02-00 01:02:03") as caught:
        decoder.decode(part, (0, 2))
    assert caught.value.where == {
        "table": "shop.t",
        "column": "t",
        "value": "2024-02-00 01:02:03",
        "ordinal": "1",
        "gtid": STAMP.gtid,
    }


def test_a_column_that_the_image_lacks(new_decoder: NewDecoder) -> None:
    """A wanted column that isn't present stops with table, column and remedy; unwanted ones don't matter."""
    id_only = b"\x00\x01\x00\x00\x00"
    part = rows_of(Kind.DELETE, (id_only, b""), schema=DATES, present=b"\x01")
    assert new_decoder().decode(part, (0,)).before.to_pylist() == [{"id": 1}]
    with pytest.raises(DataProblem, match=r"row_image\.minimal: the row image of shop\.t doesn't hold d, t") as caught:
        new_decoder().decode(part, (0, 1, 2))
    assert caught.value.where == {"table": "shop.t", "columns": "d, t"}
    assert "binlog_row_image=FULL" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "meta", "raw", "name"),
    [
        (15, 80, b"\x02\xc3\x28", "value.not_in_charset"),
        (247, 247 | 1 << 8, b"\x05", "value.malformed"),
        (246, 9, b"\xff\xff\xff\xff", "value.malformed"),
    ],
)
def test_a_bad_value_names_its_place(new_decoder: NewDecoder, kind: int, meta: int, raw: bytes, name: str) -> None:
    """A value that can't be read names table, column, ordinal and transaction of the first row that has one."""
    schema = schema_of(column("id", 3), column("c", kind, meta, collation=255, members=("a",) if kind == 247 else ()))
    rows = [image(schema, [b"\1\0\0\0", None]), image(schema, [b"\2\0\0\0", raw]), image(schema, [b"\3\0\0\0", raw])]
    part = rows_of(Kind.INSERT, *((b"", row) for row in rows), schema=schema, present=b"\x03")
    with pytest.raises(DataProblem) as caught:
        new_decoder().decode(part, (0, 1))
    assert caught.value.code.name == name
    where = caught.value.where
    assert (where["table"], where["column"], where["ordinal"], where["gtid"]) == ("shop.t", "c", "2", STAMP.gtid)


def test_an_unknown_collation_is_named(new_decoder: NewDecoder) -> None:
    """A column in a character set that isn't known stops with its name, unless it isn't wanted."""
    schema = schema_of(column("id", 3), column("c", 15, 80, collation=2047))
    part = rows_of(Kind.INSERT, (b"", image(schema, [b"\1\0\0\0", b"\x01a"])), schema=schema, present=b"\x03")
    assert new_decoder().decode(part, (0,)).after.to_pylist() == [{"id": 1}]
    with pytest.raises(
        DataProblem, match=r"charset\.unknown[\s\S]*table shop\.t, column c|charset\.unknown[\s\S]*column c"
    ):
        new_decoder().decode(part, (1,))


def good_part() -> Slice:
    full, part = image(SCHEMA, BYTES), image(SCHEMA, [raw if place % 3 else None for place, raw in enumerate(BYTES)])
    return rows_of(Kind.UPDATE, (full, part), (part, full), (full, full))


@pytest.mark.parametrize(
    "change",
    [
        {"ends": b""},
        {"ordinals": b"12345678"},
        {"kinds": b"\x02\x02\x04"},
        {"kinds": b"\x02\x01\x02"},
        {"images": good_part().images[:-1]},
        {"images": good_part().images + b"\0"},
        {"ends": good_part().ends[4:] + good_part().ends[:4]},
        {"ends": good_part().ends[4:8] + good_part().ends[:4] + good_part().ends[8:]},
        {"before_present": b"\xff"},
        {"before_present": b""},
    ],
)
def test_parts_that_do_not_fit(new_decoder: NewDecoder, change: dict[str, bytes]) -> None:
    """A slice whose parts don't fit together is refused."""
    with pytest.raises(
        DataProblem, match=r"slice\.malformed" if "before_present" not in change else r"value\.malformed"
    ):
        new_decoder().decode(replace(good_part(), **change), ALL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cut", [lambda raw: raw + b"\0", lambda raw: raw[:-1], lambda raw: raw[:3], lambda raw: raw[:30]]
)
def test_an_image_of_another_length(new_decoder: NewDecoder, cut: Callable[[bytes], bytes]) -> None:
    """An image that ends before or after its last value is refused, wherever it stands in the slice."""
    full = image(SCHEMA, BYTES)
    for pairs in ([(b"", cut(full)), (b"", full)], [(b"", full), (b"", cut(full))]):
        with pytest.raises(DataProblem, match=r"value\.malformed: a row image [\s\S]*table shop\.t"):
            new_decoder().decode(rows_of(Kind.INSERT, *pairs), ALL)


@given(st.data())
@settings(max_examples=settings.default.max_examples * 200 // 100, deadline=None)
def test_any_bytes(new_decoder: NewDecoder, data: Any) -> None:
    """Images, ends, bitmaps or table map damaged anywhere give a batch or a DataProblem, and nothing else; and a batch
    has a row per row."""
    part = good_part()
    name = data.draw(st.sampled_from(["images"] * 6 + ["ends", "before_present", "after_present", "table_map"]))
    raw = bytearray(getattr(part, name))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    policy: ZeroDates = data.draw(st.sampled_from(["null", "text", "stop"]))
    with contextlib.suppress(DataProblem):
        decoder = new_decoder(policy)
        damaged = replace(part, **{name: bytes(raw)})
        columns = range(len(decoder.schema_of(damaged).columns))
        decoded = decoder.decode(damaged, columns)
        assert decoded.before.num_rows == decoded.after.num_rows == 3
        decoded.before.validate(full=True)
        decoded.after.validate(full=True)


@given(st.binary(max_size=60))
def test_random_images(new_decoder: NewDecoder, raw: bytes) -> None:
    """Random bytes as an image: a batch or a DataProblem."""
    part = rows_of(Kind.INSERT, (b"", raw or b"\0"))
    with contextlib.suppress(DataProblem):
        new_decoder().decode(part, ALL)


def test_tables_are_forgotten(new_decoder: NewDecoder) -> None:
    """A decoder keeps what it prepared for a bounded number of tables."""
    decoder = new_decoder()
    for number in range(600):
        schema = schema_of(column(f"c{number}", 1))
        part = rows_of(Kind.INSERT, (b"", image(schema, [b"\1"])), schema=schema, present=b"\x01")
        assert decoder.decode(part, (0,)).after.to_pylist() == [{f"c{number}": 1}]
    assert len(vars(decoder)["_decoders"]) <= 256
