"""A mapping that keeps insertion order and moves to disk past a bound: where a long tail waits (invariant 6).

Up to ``memory_bytes`` it is a dict; past it, an SQLite file in the temporary directory that is deleted as soon as it is
open, so that no crash leaves it behind.
"""

from __future__ import annotations

import pickle
import sqlite3
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from ingest.lane.buffers import SliceShape
from ingest.lane.tail import TailKey, TailRow

ROW_OVERHEAD_BYTES = 400
"""What a row costs in a dict beside its images (measured with 11 columns)."""


class SpillingMap(MutableMapping[TailKey, TailRow]):
    """See the module. Not thread-safe."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._held: dict[TailKey, TailRow] = {}
        self._held_bytes = 0
        self._disk: sqlite3.Connection | None = None
        self._shapes: list[SliceShape] = []
        self._shape_numbers: dict[SliceShape, int] = {}

    def __setitem__(self, key: TailKey, row: TailRow) -> None:
        if self._disk is None:
            replaced = self._held.get(key)
            self._held_bytes += _size(row) - (_size(replaced) if replaced is not None else 0)
            self._held[key] = row
            if self._held_bytes > self._memory_bytes:
                self._spill()
            return
        values = (*key, self._packed(row))
        self._disk.execute(
            "INSERT INTO rows (rule, place, identity, row) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (rule, place, identity) DO UPDATE SET row = excluded.row",
            values,
        )

    def __getitem__(self, key: TailKey) -> TailRow:
        if self._disk is None:
            return self._held[key]
        found = self._disk.execute("SELECT row FROM rows WHERE rule = ? AND place = ? AND identity = ?", key).fetchone()
        if found is None:
            raise KeyError(key)
        return self._unpacked(found[0])

    def __delitem__(self, key: TailKey) -> None:
        if self._disk is None:
            self._held_bytes -= _size(self._held.pop(key))
            return
        if self._disk.execute("DELETE FROM rows WHERE rule = ? AND place = ? AND identity = ?", key).rowcount == 0:
            raise KeyError(key)

    def __iter__(self) -> Iterator[TailKey]:
        if self._disk is None:
            return iter(self._held)
        return iter(self._disk.execute("SELECT rule, place, identity FROM rows ORDER BY number"))

    def __len__(self) -> int:
        if self._disk is None:
            return len(self._held)
        return int(self._disk.execute("SELECT COUNT(*) FROM rows").fetchone()[0])

    def _packed(self, row: TailRow) -> bytes:
        """A row without its shape, which must come back as the very one: rows of one slice share it."""
        number = self._shape_numbers.setdefault(row.shape, len(self._shapes))
        if number == len(self._shapes):
            self._shapes.append(row.shape)
        fields = (row.shard, number, row.kind, row.ordinal, row.before, row.after, row.stamp)
        return pickle.dumps(fields, pickle.HIGHEST_PROTOCOL)

    def _unpacked(self, packed: bytes) -> TailRow:
        shard, number, kind, ordinal, before, after, stamp = pickle.loads(packed)
        return TailRow(shard, self._shapes[number], kind, ordinal, before, after, stamp)

    def _spill(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="ingest-tail-", delete=False) as file:
            path = Path(file.name)
        disk = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        disk.execute("PRAGMA journal_mode = OFF")
        disk.execute("PRAGMA synchronous = OFF")
        disk.execute("PRAGMA locking_mode = EXCLUSIVE")
        disk.execute(
            "CREATE TABLE rows (number INTEGER PRIMARY KEY AUTOINCREMENT, rule INTEGER, place TEXT, identity TEXT, row BLOB, "
            "UNIQUE (rule, place, identity))"
        )
        path.unlink()
        self._disk = disk
        for key, row in self._held.items():
            self[key] = row
        self._held.clear()


def _size(row: TailRow) -> int:
    return len(row.before) + len(row.after) + ROW_OVERHEAD_BYTES
