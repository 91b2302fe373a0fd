"""The test kit's binlog writer, read back by the decoder and by mysql-replication."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.file import split_file
from ingest.binlog.gtid import GtidSet
from ingest.codec import RowsEvent, TableMap, TransactionBegin, TransactionEnd
from ingest.slices import Kind
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec, Value, row_image, varlen
from tests.kit.oracle import oracle_events

TABLE = TableSpec(
    "shop",
    "orders",
    (
        ColumnSpec("id", "bigint", unsigned=True),
        ColumnSpec("kind", "tinyint", nullable=True),
        ColumnSpec("note", "varchar", nullable=True, length=40),
        ColumnSpec("long_note", "varchar", nullable=True, length=400),
        ColumnSpec("amount", "int"),
        ColumnSpec("n3", "mediumint"),
        ColumnSpec("n2", "smallint", unsigned=True),
    ),
)

rows = st.tuples(
    st.integers(0, 2**64 - 1),
    st.none() | st.integers(-128, 127),
    st.none() | st.text("abcäöü😀", max_size=10),
    st.none() | st.text("xyz", max_size=100),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**23), 2**23 - 1),
    st.integers(0, 2**16 - 1),
)
changes = st.lists(
    st.tuples(st.sampled_from(Kind), rows, rows).map(
        lambda c: Change(TABLE, None if c[0] == Kind.INSERT else c[1], None if c[0] == Kind.DELETE else c[2])
    ),
    max_size=12,
)


def written(changes: list[Change], compressed: bool, tag: str = "") -> BinlogWriter:
    writer = BinlogWriter()
    writer.format_description()
    writer.previous_gtids(GtidSet.parse("11111111-2222-3333-4444-555555555555:1-6").encode())
    if compressed:
        writer.compressed(7, changes, commit_us=1_700_000_000_123_456)
    else:
        writer.transaction(7, changes, commit_us=1_700_000_000_123_456, tag=tag)
    return writer


def read_back(writer: BinlogWriter) -> tuple[list[Change], list[str]]:
    """(changes with their rows as images, key texts), after checking the transaction's frame."""
    codec = PureReaderCodec()
    stream = codec.stream(checksum=False)
    events = [event for payload in split_file(writer.file_bytes()) for event in stream.feed(payload)]
    assert isinstance(events[0], TransactionBegin)
    assert events[0].commit_us == 1_700_000_000_123_456
    assert events[-1] == TransactionEnd(events[0].gtid, writer.position)
    images, keys = [], []
    schema = None
    for event in events[1:-1]:
        if isinstance(event, TableMap):
            schema = codec.table_schema(event.body, b"")
            continue
        assert isinstance(event, RowsEvent)
        assert schema is not None
        walker = codec.walker(schema, event.before_present, event.after_present)
        block = walker.walk(event)
        images += list(zip(block.before, block.after, strict=True))
        keys += walker.keys(block.before if event.kind == Kind.DELETE else block.after, schema.primary_key)
    return images, keys


@settings(max_examples=settings.default.max_examples * 60 // 100)
@given(changes, st.booleans())
def test_round_trip(changes: list[Change], compressed: bool) -> None:
    """What is written comes back: images byte for byte, keys as text, plain or compressed."""
    images, keys = read_back(written(changes, compressed))
    expected = [tuple(row_image(TABLE, row) if row else b"" for row in (c.before, c.after)) for c in changes]
    assert images == expected
    assert keys == [str((c.after or c.before or (None,))[0]) for c in changes]


@settings(max_examples=settings.default.max_examples * 30 // 100, deadline=None)
@given(changes)
def test_mysql_replication_reads_it_alike(changes: list[Change]) -> None:
    """mysql-replication, an independent decoder, finds the same rows by column name."""
    found: list[tuple[dict[str, Value] | None, dict[str, Value] | None]] = []
    for event in oracle_events(written(changes, compressed=False).file_bytes()):
        for row in getattr(event, "rows", []):
            values = row.get("values")
            found.append((row.get("before_values", values), row.get("after_values", values)))
    names = [column.name for column in TABLE.columns]
    for change, (before, after) in zip(changes, found, strict=True):
        if change.before is not None:
            assert before == dict(zip(names, change.before, strict=True))
        if change.after is not None:
            assert after == dict(zip(names, change.after, strict=True))


def test_tagged_gtid() -> None:
    """A tag makes a GTID_TAGGED event, whose GTID text has the tag in it."""
    stream = PureReaderCodec().stream(checksum=False)
    events = [
        event for payload in split_file(written([], False, "blue").file_bytes()) for event in stream.feed(payload)
    ]
    assert isinstance(events[0], TransactionBegin)
    assert events[0].gtid == "11111111-2222-3333-4444-555555555555:blue:7"


@pytest.mark.parametrize(("number", "stored"), [(0, "00"), (65535, "fbff07"), (2**56, "ff0000000000000001")])
def test_varlen(number: int, stored: str) -> None:
    """Variable-length integers as in the examples of MySQL's serialization library."""
    assert varlen(number).hex() == stored
