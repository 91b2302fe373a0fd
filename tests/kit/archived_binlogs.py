"""Archived binlog files for tests, from real bytes that no server wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.binlog.gtid import GtidSet
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec

UUID = "11111111-2222-3333-4444-555555555555"
TABLE = TableSpec("shop", "orders", (ColumnSpec("id"), ColumnSpec("n")))


def gtids(*numbers: int) -> GtidSet:
    """Transactions of the one server."""
    return GtidSet.parse(",".join(f"{UUID}:{number}" for number in numbers))


def written(
    previous: Sequence[int],
    numbers: Sequence[int],
    *,
    next_file: str = "",
    checksum: bool = True,
    compressed: bool = False,
) -> BinlogWriter:
    """A file of one-row transactions after others; ``next_file``: it ends as a file that is followed by one."""
    writer = BinlogWriter(UUID, checksum=checksum)
    writer.format_description()
    writer.previous_gtids(gtids(*previous).encode())
    for number in numbers:
        changes = [Change(TABLE, None, (number, 10 * number))]
        if compressed:
            writer.compressed(number, changes)
        else:
            writer.transaction(number, changes)
    if next_file:
        writer.rotate(next_file)
    return writer


def archived(directory: Path, name: str, writer: BinlogWriter) -> Path:
    """The file in a directory."""
    path = directory / name
    path.write_bytes(writer.file_bytes())
    return path
