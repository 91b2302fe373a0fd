"""The stream decoder on written binlog bytes: transactions, positions, and each thing that stops it by name."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.file import split_file
from ingest.binlog.gtid import GtidSet
from ingest.codec import (
    BinlogEvent,
    Heartbeat,
    Rotated,
    RowsEvent,
    Statement,
    TableMap,
    TransactionBegin,
    TransactionEnd,
)
from ingest.problems import DataProblem
from ingest.slices import Kind
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec, packed
from tests.kit.codecs import CODECS, codec_id

TABLE = TableSpec("shop", "t", (ColumnSpec("id"), ColumnSpec("name", "varchar", nullable=True)))
INSERT = Change(TABLE, None, (1, "a"))
UPDATE = Change(TABLE, (1, "a"), (1, "b"))
DELETE = Change(TABLE, (1, "b"), None)
UUID = BinlogWriter().server_uuid
codec = CODECS[0]


@pytest.fixture(autouse=True, scope="module", params=CODECS, ids=codec_id)
def each_codec(request: pytest.FixtureRequest) -> None:
    """Every test of this module runs on each codec."""
    globals()["codec"] = request.param


def started(checksum: bool = True) -> BinlogWriter:
    writer = BinlogWriter(checksum=checksum)
    writer.format_description()
    writer.previous_gtids(GtidSet().encode())
    return writer


def decoded(payloads: Sequence[bytes], checksum: bool = True) -> list[BinlogEvent]:
    stream = codec.stream(checksum=checksum)
    return [event for payload in payloads for event in stream.feed(payload)]


def problem_of(writer: BinlogWriter) -> DataProblem:
    with pytest.raises(DataProblem) as caught:
        decoded(writer.events())
    return caught.value


@pytest.mark.parametrize("checksum", [True, False])
def test_a_transaction(checksum: bool) -> None:
    """GTID, rows and commit come in binlog order with positions, with and without checksums."""
    writer = started(checksum)
    begins_at = writer.position
    writer.transaction(5, [INSERT, INSERT, UPDATE, DELETE], commit_us=99)
    events = decoded([writer.fake_rotate(), *writer.events()], checksum)
    rotated, begin, *middle, end = events
    assert rotated == Rotated("binlog.000001", 4)
    assert begin == TransactionBegin(f"{UUID}:5", 99, "binlog.000001", begins_at)
    assert end == TransactionEnd(f"{UUID}:5", writer.position)
    assert [type(event) for event in middle] == [TableMap, RowsEvent] * 3
    rows = [event for event in middle if isinstance(event, RowsEvent)]
    assert [event.kind for event in rows] == [Kind.INSERT, Kind.UPDATE, Kind.DELETE]
    assert [bool(event.before_present) for event in rows] == [False, True, True]
    assert [bool(event.after_present) for event in rows] == [True, True, False]
    assert len(rows[0].images) == 2 * (1 + 4 + 2)


def test_compressed_transaction_is_inflated_as_it_is_taken() -> None:
    """A compressed transaction's events come one by one, not as a list of all of them; their end is the payload's."""
    writer = started()
    writer.compressed(5, [INSERT, UPDATE] * 50)
    stream = codec.stream(checksum=True)
    *head, last = writer.events()
    stream.push(head)
    while stream.next_event() is not None:
        pass
    stream.push([last, writer.heartbeat()])
    assert isinstance(stream.next_event(), TableMap)
    rest = list(iter(stream.next_event, None))
    end, heartbeat = rest[-2:]
    assert isinstance(heartbeat, Heartbeat)
    assert len(rest) == 2 * 100 + 1
    assert end == TransactionEnd(f"{UUID}:5", writer.position)


@pytest.mark.parametrize("sql", ["CREATE TABLE t (id int)", "GRANT ALL ON *.* TO u", "TRUNCATE t"])
def test_a_statement_alone_is_a_transaction(sql: str) -> None:
    """A statement without BEGIN ends its transaction, and carries its database and sql_mode."""
    writer = started()
    writer.gtid(5)
    writer.query("shop", sql)
    _, statement, end = decoded(writer.events())
    assert statement == Statement("shop", sql, 0x20)
    assert end == TransactionEnd(f"{UUID}:5", writer.position)


def test_a_statement_within_begin_goes_on() -> None:
    """CREATE TABLE ... SELECT (8.0.21 and newer) is BEGIN, the statement, rows and XID: one transaction."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.query("shop", "CREATE TABLE t (id int) START TRANSACTION")
    writer.table_map(TABLE)
    writer.rows([INSERT])
    writer.xid(1)
    kinds = [type(event) for event in decoded(writer.events())]
    assert kinds == [TransactionBegin, Statement, TableMap, RowsEvent, TransactionEnd]


def test_commit_as_a_statement() -> None:
    """A transaction over non-transactional tables ends with a COMMIT statement; savepoints within don't matter."""
    writer = started()
    writer.gtid(5)
    for sql in ("BEGIN", "SAVEPOINT `a`", "ROLLBACK TO `a`"):
        writer.query("shop", sql)
    writer.table_map(TABLE)
    writer.rows([INSERT])
    writer.query("shop", "COMMIT")
    kinds = [type(event) for event in decoded(writer.events())]
    assert kinds == [TransactionBegin, TableMap, RowsEvent, TransactionEnd]


@pytest.mark.parametrize("sql", ["ROLLBACK", "ROLLBACK TO `a`", "ROLLBACK WORK TO SAVEPOINT `a`"])
def test_rolled_back_rows_stop(sql: str) -> None:
    """Row changes that were streamed and are then rolled back can't be taken back: stop by name."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.table_map(TABLE)
    writer.rows([INSERT])
    writer.query("", sql)
    assert problem_of(writer).code.name == "binlog.rollback"


def test_an_empty_rollback_ends() -> None:
    """A ROLLBACK without row changes before it just ends the transaction."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.query("", "ROLLBACK")
    assert [type(event) for event in decoded(writer.events())] == [TransactionBegin, TransactionEnd]


def test_xa_with_rows_stops() -> None:
    """Rows of an XA transaction aren't committed by XA PREPARE: stop by name."""
    writer = started()
    writer.gtid(5)
    writer.query("", "XA START X'61',X'',1")
    writer.table_map(TABLE)
    writer.rows([INSERT])
    assert problem_of(writer).code.name == "binlog.xa"


def test_xa_commit_stops_and_xa_rollback_passes() -> None:
    """XA COMMIT makes rows count that came before; XA ROLLBACK makes none."""
    writer = started()
    writer.gtid(5)
    writer.query("", "XA ROLLBACK X'61',X'',1")
    writer.gtid(6)
    writer.query("", "XA START X'61',X'',1")
    writer.query("", "XA END X'61',X'',1")
    writer.append_event(38, struct.pack("<BIII", 0, 1, 1, 0) + b"a")
    assert [type(event) for event in decoded(writer.events())] == [TransactionBegin, TransactionEnd] * 2
    writer.gtid(7)
    writer.query("", "XA COMMIT X'61',X'',1")
    assert problem_of(writer).code.name == "binlog.xa"


@pytest.mark.parametrize(
    ("kind", "flags", "code"),
    [
        (5, 0, "binlog.statement_format"),
        (13, 0, "binlog.statement_format"),
        (14, 0, "binlog.statement_format"),
        (17, 0, "binlog.statement_format"),
        (18, 0, "binlog.statement_format"),
        (26, 0, "binlog.incident"),
        (34, 0, "binlog.no_gtid"),
        (7, 0, "binlog.unknown_event"),
        (99, 0, "binlog.unknown_event"),
        (162, 0, "binlog.unknown_event"),
        (99, 0x80, None),
        (28, 0x80, None),
        (29, 0x80, None),
        (3, 0, None),
        (36, 0, None),
        (37, 0, None),
    ],
)
def test_other_events(kind: int, flags: int, code: str | None) -> None:
    """What isn't understood stops by name, unless MySQL marked it as ignorable; known harmless events pass."""
    writer = started()
    writer.gtid(5)
    writer.append_event(kind, struct.pack("<HB", 1, 4) + b"lost" + bytes(30), flags)
    if code is None:
        assert [type(event) for event in decoded(writer.events())] == [TransactionBegin]
        return
    problem = problem_of(writer)
    assert problem.code.name == code
    assert problem.where["position"] == str(writer.position)
    if code == "binlog.unknown_event":
        assert str(kind) in problem.what


def test_partial_json_is_marked() -> None:
    """JSON differences come as an UPDATE that says so: the lanes that capture the table stop, others don't."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.table_map(TABLE)
    body = TABLE.table_id.to_bytes(6, "little") + struct.pack("<HH", 1, 2) + packed(2) + b"\x03\x03" + b"??"
    writer.append_event(39, body)
    *_, rows = decoded(writer.events())
    assert rows == RowsEvent(TABLE.table_id, Kind.UPDATE, 2, b"\x03", b"\x03", b"??", partial_json=True)


def test_extra_row_information_is_passed_over() -> None:
    """Partition ids and the like before the column count are skipped by their length."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.table_map(TABLE)
    body = TABLE.table_id.to_bytes(6, "little") + struct.pack("<HHBH", 1, 5, 1, 7) + packed(2) + b"\x03" + b"image"
    writer.append_event(30, body)
    *_, rows = decoded(writer.events())
    assert rows == RowsEvent(TABLE.table_id, Kind.INSERT, 2, b"", b"\x03", b"image")


def test_rows_need_a_table_map_of_their_transaction() -> None:
    """Rows whose table id isn't mapped within the transaction are damage, not a guess."""
    writer = started()
    writer.transaction(5, [INSERT])
    writer.gtid(6)
    writer.query("", "BEGIN")
    writer.rows([INSERT])
    assert "table id 100" in problem_of(writer).what


def test_a_transaction_cut_off_stops() -> None:
    """A GTID within an open transaction means that the binlog lost an end."""
    writer = started()
    writer.gtid(5)
    writer.query("", "BEGIN")
    writer.gtid(6)
    assert problem_of(writer).code.name == "binlog.transaction_cut"


def test_rows_without_a_gtid_stop() -> None:
    """A source without GTIDs (5.6 with gtid_mode=OFF writes no GTID events at all) is refused."""
    writer = started()
    writer.query("", "BEGIN")
    assert problem_of(writer).code.name == "binlog.no_gtid"


def test_rotation_is_told_once() -> None:
    """The end of a file and the server's notice at the start of the next say the same: one Rotated."""
    first, second = started(), BinlogWriter(file="binlog.000002")
    first.rotate("binlog.000002")
    second.format_description()
    events = decoded([first.fake_rotate(), *first.events(), second.fake_rotate(), *second.events()])
    assert events == [Rotated("binlog.000001", 4), Rotated("binlog.000002", 4)]


def test_heartbeats() -> None:
    """Both heartbeat events name file and position; the second form holds positions above 4 GiB."""
    writer = started()
    assert decoded([*writer.events(), writer.heartbeat()])[-1] == Heartbeat("binlog.000001", writer.position)
    name = b"binlog.000007"
    position = packed(5 << 32)
    body = b"\x01" + packed(len(name)) + name + b"\x02" + packed(len(position)) + position + b"\x00"
    event = writer.event(41, body, end_position=0)
    assert decoded([*writer.events(), event])[-1] == Heartbeat("binlog.000007", 5 << 32)


def test_positions_above_4_gib() -> None:
    """Headers hold 32 bits of the position; the decoder counts on."""
    writer = started()
    writer.position = (1 << 32) - 60
    writer.transaction(5, [INSERT])
    *_, end = decoded(writer.events())
    assert isinstance(end, TransactionEnd)
    assert end.position == writer.position > 1 << 32


def test_commit_time_of_the_first_server() -> None:
    """With two commit timestamps, the one of the server where the transaction was made counts."""
    writer = started()
    uuid = bytes(range(16))
    two = (1_000_000 | 1 << 55).to_bytes(7, "little") + (900_000).to_bytes(7, "little")
    writer.append_event(33, struct.pack("<B16sQBQQ", 0, uuid, 7, 2, 1, 2) + two)
    (begin,) = decoded(writer.events())
    assert isinstance(begin, TransactionBegin)
    assert begin.commit_us == 900_000


def test_old_gtid_events_take_the_header_time() -> None:
    """MySQL 5.6 and 5.7 send no commit timestamp: the header's seconds are used."""
    for clock in (b"", struct.pack("<BQQ", 2, 1, 2)):
        writer = started()
        writer.append_event(33, struct.pack("<B16sQ", 0, bytes(16), 7) + clock)
        (begin,) = decoded(writer.events())
        assert isinstance(begin, TransactionBegin)
        assert begin.commit_us == writer.timestamp * 1_000_000


@given(st.data())
def test_a_flipped_bit_is_found(data: st.DataObject) -> None:
    """With checksums on, no single flipped bit passes unseen."""
    writer = started()
    writer.transaction(5, [INSERT, UPDATE])
    events = writer.events()
    index = data.draw(st.integers(1, len(events) - 1))
    damaged = bytearray(events[index])
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    if bit // 8 == 4 and damaged[4] == 15:
        return  # became a FORMAT_DESCRIPTION, which says itself whether it has a checksum
    stream = codec.stream(checksum=True)
    for payload in events[:index]:
        list(stream.feed(payload))
    with pytest.raises(DataProblem):
        list(stream.feed(bytes(damaged)))


@given(st.data())
def test_a_truncated_event_is_found(data: st.DataObject) -> None:
    """An event that is shorter or longer than it says is refused."""
    writer = started(checksum=False)
    writer.transaction(5, [INSERT])
    events = writer.events()
    index = data.draw(st.integers(0, len(events) - 1))
    size = data.draw(st.integers(0, len(events[index]) - 1))
    stream = codec.stream(checksum=False)
    for payload in events[:index]:
        list(stream.feed(payload))
    with pytest.raises(DataProblem):
        list(stream.feed(events[index][:size]))
    with pytest.raises(DataProblem):
        list(stream.feed(events[index] + b"\0"))


def test_a_file_that_is_none() -> None:
    """Files without the magic number, or ending within an event, are refused."""
    data = started().file_bytes()
    assert len(list(split_file(data))) == 2
    for damaged in (b"", data[1:], data[:-1], data + b"\0"):
        with pytest.raises(DataProblem):
            list(split_file(damaged))
