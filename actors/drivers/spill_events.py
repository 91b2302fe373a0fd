"""Rows events of a transaction that isn't decided yet, in order: in memory up to a bound, then in a file (invariant 6).

The file is in the temporary directory and has no name as soon as it is open, so that no crash leaves it behind.
"""

from __future__ import annotations

import pickle
import tempfile
from collections import deque
from typing import IO

from ingest.codec import RowsEvent

EVENT_OVERHEAD_BYTES = 500
"""What an event costs beside its images."""


class SpillingEvents:
    """See the module and ``ingest.lane.large.HeldEvents``. Not thread-safe. Once the file is used, what comes goes there
    until all was taken out."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._held: deque[tuple[object, RowsEvent]] = deque()
        self._held_bytes = 0
        self._tables: list[object] = []
        self._numbers: dict[int, int] = {}
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self._read_at = 0
        self._end = 0

    def append(self, held: tuple[object, RowsEvent]) -> None:
        """One more."""
        table, event = held
        if self._file is None and self._held_bytes < self._memory_bytes:
            self._held.append(held)
            self._held_bytes += len(event.images) + EVENT_OVERHEAD_BYTES
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="ingest-held-")  # noqa: SIM115 - open until all was taken out
        self._file.seek(self._end)
        pickle.dump((self._number_of(table), event), self._file, pickle.HIGHEST_PROTOCOL)
        self._end = self._file.tell()
        self._in_file += 1

    def popleft(self) -> tuple[object, RowsEvent]:
        """The oldest one, taken out. IndexError: there is none."""
        if self._held or self._file is None:
            held = self._held.popleft()
            self._held_bytes -= len(held[1].images) + EVENT_OVERHEAD_BYTES
            return held
        self._file.seek(self._read_at)
        number, event = pickle.load(self._file)
        self._read_at = self._file.tell()
        self._in_file -= 1
        table = self._tables[number]
        if not self._in_file:
            self.clear()
        return table, event

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._held_bytes = self._in_file = self._read_at = self._end = 0
        self._tables.clear()
        self._numbers.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __len__(self) -> int:
        return len(self._held) + self._in_file

    def _number_of(self, table: object) -> int:
        """A table must come back as the very one that it was."""
        number = self._numbers.setdefault(id(table), len(self._tables))
        if number == len(self._tables):
            self._tables.append(table)
        return number
