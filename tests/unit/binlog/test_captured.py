"""Captured binlogs of real servers (tests/captures): read whole, and fuzzed."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.file import split_file
from ingest.binlog.supplement import SchemaSupplement
from ingest.binlog.table_map import table_name_of, table_schema
from ingest.codec import RowsEvent, Statement, TableMap, TransactionBegin, TransactionEnd
from ingest.problems import DataProblem
from ingest.schema import TableSchema
from ingest.slices import Kind

CAPTURES = Path(__file__).parents[2] / "captures"
CODEC = PureReaderCodec()
NAMES = ("mysql9", "mysql56")

# fmt: off
ALL_TYPES = SchemaSupplement(
    names=tuple("abcdefghijklmnopqrstuv"),
    types=tuple(int(t) for t in (
        F.TINY, F.SHORT, F.INT24, F.LONG, F.LONGLONG, F.FLOAT, F.DOUBLE, F.NEWDECIMAL, F.BIT, F.YEAR, F.DATE, F.TIME2,
        F.DATETIME2, F.TIMESTAMP2, F.STRING, F.VARCHAR, F.STRING, F.BLOB, F.BLOB, F.ENUM, F.SET, F.GEOMETRY)),
    unsigned=tuple(index in (1, 4) for index in range(22)),
    collations=(None,) * 14 + (8, 8, 63, 63, 8, 8, 8, None),
    members=((),) * 19 + (("x", "y"), ("p", "q", "r"), ()),
    visible=(True,) * 22,
    geometry_types=(None,) * 21 + (1,),
    primary_key=(3, 14),
)
PLAIN = SchemaSupplement(("id", "v"), (3, 15), (False,) * 2, (None, 8), ((), ()), (True,) * 2, (None,) * 2, (0,))
# fmt: on


@cache
def captured(name: str) -> tuple[bytes, ...]:
    return tuple(split_file((CAPTURES / f"{name}.binlog").read_bytes()))


@cache
def without_checksums(name: str) -> tuple[bytes, ...]:
    """The events as a server with binlog_checksum=NONE would send them, so that damage isn't caught by the CRC."""
    first, *others = captured(name)
    bare = [event[:9] + (len(event) - 4).to_bytes(4, "little") + event[13:-4] for event in others]
    return (first[:-5] + b"\0" + first[-4:], *bare)


def supplement_for(name: str, body: bytes) -> bytes:
    if name == "mysql9":
        return b""
    return (ALL_TYPES if table_name_of(body).table == "all_types" else PLAIN).encode()


def read(name: str, payloads: Sequence[bytes]) -> tuple[Counter[type], list[tuple[TableSchema, Kind, list[str]]]]:
    """Everything that the reader does with a stream: events, schemas, images, keys."""
    stream = CODEC.stream(checksum=False)
    seen: Counter[type] = Counter()
    tables: dict[int, TableMap] = {}
    found = []
    for payload in payloads:
        for event in stream.feed(payload):
            seen[type(event)] += 1
            if isinstance(event, TableMap):
                tables[event.table_id] = event
            elif isinstance(event, RowsEvent):
                body = tables[event.table_id].body
                schema = CODEC.table_schema(body, supplement_for(name, body))
                walker = CODEC.walker(schema, event.before_present, event.after_present)
                block = walker.walk(event)
                images = block.before if event.kind == Kind.DELETE else block.after
                found.append((schema, event.kind, walker.keys(images, schema.primary_key)))
    return seen, found


@pytest.mark.parametrize("name", NAMES)
def test_captured_binlogs(name: str) -> None:
    """All that a real server wrote is understood, with checksums and without."""
    seen, found = read(name, captured(name))
    assert read(name, without_checksums(name))[1] == found
    assert seen[TransactionBegin] == seen[TransactionEnd]
    assert seen[Statement] == 4
    keys = [(kind.name, key) for _, kind, texts in found for key in texts]
    expected = [("INSERT", "1|char"), ("INSERT", "2|char"), ("INSERT", "3|"), ("INSERT", "1"), ("INSERT", "2")]
    expected += [("UPDATE", "1|char"), ("UPDATE", "2|char"), ("UPDATE", "3|"), ("DELETE", "1"), ("DELETE", "2")]
    assert keys == expected + [("INSERT", "7"), ("INSERT", "8")] * (name == "mysql9")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_use(name: str) -> None:
    """The server marks the file that it writes in its first event, after the CRC was made."""
    first = bytearray(captured(name)[0])
    first[17] |= 1
    assert CODEC.stream(checksum=True).feed(bytes(first)) == ()
    first[30] ^= 1
    with pytest.raises(DataProblem, match=r"binlog\.checksum"):
        CODEC.stream(checksum=True).feed(bytes(first))


def test_metadata_is_read() -> None:
    """Full metadata gives names, signs, charsets, members, geometry, dimensions and a key with a prefix."""
    schema = next(schema for schema, _, _ in read("mysql9", captured("mysql9"))[1])
    by_name = {column.name: column for column in schema.columns}
    assert "".join(by_name) == "abcdefghijklmnopqrstuvwx"
    assert schema.primary_key == (3, 14)
    assert [name for name, column in by_name.items() if column.unsigned] == ["b", "e"]
    assert not by_name["d"].nullable
    assert (by_name["o"].collation, by_name["p"].collation, by_name["q"].collation) == (255, 8, 63)
    assert (by_name["t"].members, by_name["t"].collation) == (("x", "y"), 8)
    assert (by_name["u"].members, by_name["u"].type) == (("p", "q", "r"), F.SET)
    assert by_name["v"].geometry_type == 1
    assert by_name["x"].vector_dimension == 3
    assert by_name["h"].meta == 14 | 4 << 8


def test_supplements_are_checked() -> None:
    """Without a supplement a 5.6 table is refused; one with other columns or types is too."""
    stream = CODEC.stream(checksum=True)
    events = [event for payload in captured("mysql56") for event in stream.feed(payload)]
    body = next(event.body for event in events if isinstance(event, TableMap) and event.name.table == "plain")
    assert [column.name for column in table_schema(body, PLAIN.encode()).columns] == ["id", "v"]
    for damaged, code in (
        (b"", r"schema\.unknown"),
        (ALL_TYPES.encode(), r"schema\.mismatch"),
        (replace(PLAIN, types=(8, 15)).encode(), r"schema\.mismatch"),
        (replace(PLAIN, collations=(None, None)).encode(), r"schema\.unknown"),
        (b"{}", r"schema\.supplement"),
        (PLAIN.encode()[:-2], r"schema\.supplement"),
    ):
        with pytest.raises(DataProblem, match=code):
            table_schema(body, damaged)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=settings.default.max_examples * 300 // 100, deadline=None)
@given(data=st.data())
def test_fuzz(name: str, data: st.DataObject) -> None:
    """Whatever bytes are changed, cut out or put in, only DataProblem comes out."""
    events = list(without_checksums(name))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(events) - 1))
        event = bytearray(events[index])
        start = data.draw(st.integers(0, len(event) - 1))
        length = data.draw(st.integers(0, 4))
        event[start : start + length] = data.draw(st.binary(max_size=6))
        if data.draw(st.booleans()):
            event[9:13] = len(event).to_bytes(4, "little")
        events[index] = bytes(event)
    with contextlib.suppress(DataProblem):
        read(name, events)


@settings(max_examples=settings.default.max_examples * 300 // 100, deadline=None)
@given(st.integers(1, 45), st.binary(max_size=80))
def test_fuzz_one_event(kind: int, body: bytes) -> None:
    """An event of any type with any body is understood or a DataProblem."""
    first = without_checksums("mysql9")[0]
    gtid = next(event for event in without_checksums("mysql9") if event[4] == 33)
    size = (19 + len(body)).to_bytes(4, "little")
    event = bytes(4) + bytes([kind]) + bytes(4) + size + bytes(4) + bytes(2) + body
    with contextlib.suppress(DataProblem):
        read("mysql9", [first, gtid, event])
