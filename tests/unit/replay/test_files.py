"""actors.replay.files: files as a dump would send them, for every codec."""

from __future__ import annotations

import select
from collections.abc import Sequence
from pathlib import Path

import pytest

from actors.replay import files
from actors.replay.files import ArchivePackets, look_at
from ingest.binlog.gtid import GtidSet
from ingest.codec import EventPackets, ReaderCodec, Rotated, RowsEvent, TransactionBegin, TransactionEnd
from ingest.mysql.framing import PureEventPackets
from ingest.problems import DataProblem
from ingest.replay.order import readings
from tests.kit.archived_binlogs import UUID, archived, gtids, written
from tests.kit.binlog_writer import BinlogWriter
from tests.kit.codecs import CODECS, codec_id


class Dump:
    """A server's dump behind the files."""

    def __init__(self, writer: BinlogWriter) -> None:
        self._events: Sequence[bytes] = [writer.fake_rotate(), *writer.events()]
        self.closed = False

    def fileno(self) -> int:
        return 0

    def read_available(self) -> EventPackets:
        events, self._events = self._events, ()
        return PureEventPackets(tuple(events))

    def close(self) -> None:
        self.closed = True


def read(packets: ArchivePackets, codec: ReaderCodec) -> list[str]:
    """What the stream's decoder makes of all there is: files and transactions."""
    decoder = codec.stream(checksum=True)
    found: list[str] = []
    while True:
        got = packets.read_available()
        if not len(got):
            return found
        decoder.push(got)
        while (event := decoder.next_event()) is not None:
            if isinstance(event, Rotated):
                found.append(event.file)
            elif isinstance(event, TransactionBegin):
                found.append(event.gtid.removeprefix(f"{UUID}:"))
            elif isinstance(event, RowsEvent):
                found.append("row")
            elif isinstance(event, TransactionEnd):
                found.append("end")


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Three files in a chain, one of them without checksums and one compressed."""
    return [
        archived(tmp_path, "c", written([1, 2], [3, 4], next_file="a")),
        archived(tmp_path, "a", written([1, 2, 3, 4], [5], checksum=False, next_file="b")),
        archived(tmp_path, "b", written([1, 2, 3, 4, 5], [6, 7], compressed=True)),
    ]


def packets_of(paths: Sequence[Path], held: GtidSet, dump: Dump | None = None, checksum: bool = True) -> ArchivePackets:
    found = readings([look_at(path) for path in paths], held)
    return ArchivePackets(found, None if dump is None else lambda: dump, checksum=checksum)


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_files_are_read_in_order_without_what_is_held(codec: ReaderCodec, paths: list[Path]) -> None:
    """Each file is announced, with and without checksums; transactions come whole, but for those held; nothing after."""
    packets = packets_of(paths, gtids(1, 2, 3, 6))
    assert select.select([packets], [], [], 0)[0]
    assert read(packets, codec) == ["c", "4", "row", "end", "a", "5", "row", "end", "b", "7", "row", "end"]
    assert not select.select([packets], [], [], 0)[0]
    packets.close()


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("last", [1, 2])
def test_the_servers_dump_follows(codec: ReaderCodec, checksum: bool, last: int, paths: list[Path]) -> None:
    """Whatever the files and the server say of checksums."""
    writer = written([], [8, 9], checksum=checksum)
    dump = Dump(writer)
    packets = packets_of(paths[:last], gtids(1, 2, 3), dump, checksum)
    assert read(packets, codec)[-7:] == ["binlog.000001", "8", "row", "end", "9", "row", "end"]
    packets.close()
    assert dump.closed


def test_a_bounded_part_is_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Invariant 6: a chunk at a time."""
    monkeypatch.setattr(files, "CHUNK_BYTES", 500)
    packets = packets_of([archived(tmp_path, "a", written([], range(1, 100)))], gtids())
    sizes = []
    while len(got := packets.read_available()):
        sizes.append(got.size_bytes)
    assert len(sizes) > 10
    assert max(sizes) < 1000
    packets.close()


def test_a_file_that_shrank_or_went_is_named(paths: list[Path]) -> None:
    """Between the look and the reading."""
    for damage in (lambda: paths[0].write_bytes(paths[0].read_bytes()[:100]), paths[0].unlink):
        packets = packets_of(paths, gtids(1, 2))
        damage()
        with pytest.raises(DataProblem, match=str(paths[0])) as caught:
            packets.read_available()
        assert caught.value.code.name == "replay.unreadable"
        packets.close()
        paths[0].write_bytes(written([1, 2], [3, 4], next_file="a").file_bytes())
