"""The two ends of a lane, as a comparison reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from actors.snapshot.rows import SelectedRows
from actors.verify.frontier import CatchUp
from ingest.problems import DataProblem
from ingest.sinks.faults import TARGET_MISSING
from ingest.sinks.stored import SinkReader, StoredDocument
from ingest.verify.documents import ExpectedDocument, TablePlan

CHUNK_ROWS = 2_000

Progress = Callable[[str, int, int], None]
"""What is being read, how much of it was read, how much there is (about; 0: unknown)."""

ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class LaneEnds:
    """What is compared: the lane's tables, MySQL's rows, the sink, and the way to wait for the lane."""

    lane: str
    sink: str
    tables: Sequence[TablePlan]
    rows: SelectedRows
    reader: SinkReader
    catch_up: CatchUp

    def fetch(self, target: str, documents: Sequence[ExpectedDocument]) -> list[StoredDocument | None]:
        """The documents as the sink has them; none where even the target is missing."""
        try:
            keys, routings = [one.key for one in documents], [one.routing for one in documents]
            return self.reader.fetch(target, keys, routings)
        except DataProblem as problem:
            if problem.code == TARGET_MISSING:
                return [None] * len(documents)
            raise

    def scan(self, target: str) -> Iterator[StoredDocument]:
        """Every document of a target; none where even the target is missing. Raises Problem."""
        return _existing(self.reader.scan(target, CHUNK_ROWS))

    def scan_keys(self, target: str) -> Iterator[str]:
        """The key of every document of a target; none where even the target is missing. Raises Problem."""
        return _existing(self.reader.scan_keys(target))


def _existing(read: Iterable[ReadT]) -> Iterator[ReadT]:
    try:
        yield from read
    except DataProblem as problem:
        if problem.code != TARGET_MISSING:
            raise
