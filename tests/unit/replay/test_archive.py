"""ingest.replay.archive: what a file says of itself, and the files that are refused."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem
from ingest.replay.archive import look_through
from tests.kit.archived_binlogs import TABLE, UUID, gtids, written
from tests.kit.binlog_writer import BinlogWriter, Change


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("next_file", ["", "binlog.000002"])
def test_what_a_file_holds(checksum: bool, compressed: bool, next_file: str) -> None:
    """What came before it, its transactions, and where the last one ends; with and without checksums, compressed too,
    closed or not."""
    writer = written([1, 2], [3, 4], checksum=checksum, compressed=compressed, next_file=next_file)
    data = writer.file_bytes()
    found = look_through("a", data)
    assert (found.previous, found.contents, found.size_bytes) == (gtids(1, 2), gtids(3, 4), len(data))
    assert found.end == len(data)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_cut_anywhere_ends_with_its_last_whole_transaction(compressed: bool) -> None:
    """Invariant 1: of a copy that was made while the server wrote, no half of a transaction is taken for a whole one."""
    whole = written([1], [2, 3], compressed=compressed).file_bytes()
    first = len(written([1], [2], compressed=compressed).file_bytes())
    start = len(written([1], []).file_bytes())
    for size in range(start, len(whole) + 1):
        found = look_through("a", whole[:size])
        assert (found.contents, found.end) == (
            (gtids(), start) if size < first else (gtids(2), first) if size < len(whole) else (gtids(2, 3), len(whole))
        )


def test_a_definition_ends_its_transaction() -> None:
    """A statement that is a transaction by itself is whole when its event is there."""
    writer = written([1], [])
    writer.gtid(2)
    cut = len(writer.file_bytes())
    writer.query("shop", "CREATE TABLE t (id INT PRIMARY KEY)")
    data = writer.file_bytes()
    assert look_through("a", data).contents == gtids(2)
    assert look_through("a", data[:cut]).contents == gtids()


def test_files_that_are_refused_by_name() -> None:
    """Invariant 5: encrypted, no binlog at all, without GTIDs, damaged: each says what and which file."""
    plain = written([1], [2]).file_bytes()
    anonymous = BinlogWriter(UUID)
    anonymous.format_description()
    anonymous.query("", "BEGIN")
    damaged = bytearray(plain)
    damaged[-40] ^= 1
    for data, code in [
        (b"\xfdbin" + plain[4:], "replay.encrypted"),
        (b"mysqlbinlog text", "binlog.malformed"),
        (b"", "binlog.malformed"),
        (anonymous.file_bytes(), "binlog.no_gtid"),
        (bytes(damaged), "binlog.checksum"),
    ]:
        with pytest.raises(DataProblem) as caught:
            look_through("archive/binlog.000007", data)
        assert caught.value.code.name == code
        assert caught.value.where["file"] == "archive/binlog.000007"


def test_a_large_transaction_is_found_whole() -> None:
    """Many events of one transaction, and the one behind it."""
    writer = written([1], [])
    changes = [Change(TABLE, None, (key, key)) for key in range(50)]
    writer.gtid(2)
    writer.query("", "BEGIN")
    for change in changes:
        writer.table_map(TABLE)
        writer.rows([change])
    writer.xid(2)
    writer.transaction(3, changes[:1])
    assert look_through("a", writer.file_bytes()).contents == gtids(2, 3)
