"""Every row of a lane's tables against its document.

While writes go on, a row may be read before the lane has applied it, so what disagrees is only in doubt at first;
``settling.py`` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from actors.verify.frontier import CatchUp
from actors.verify.rows import SelectedRows
from ingest.problems import DataProblem
from ingest.sinks.faults import TARGET_MISSING
from ingest.sinks.stored import SinkReader, StoredDocument
from ingest.verify.chunks import Key
from ingest.verify.comparison import Difference
from ingest.verify.documents import ExpectedGroup, TablePlan
from ingest.verify.key_set import KeySet

CHUNK_ROWS = 2_000

Progress = Callable[[str, int, int], None]
"""What is being read, how much of it was read, how much there is (about; 0: unknown)."""

Doubts = dict[Key, list[Sequence[Difference]]]
"""Rows of one table whose documents disagree, with the differences of each document."""


@dataclass(frozen=True, slots=True)
class LaneEnds:
    """What is compared: the lane's tables, MySQL's rows, the sink, and the way to wait for the lane."""

    lane: str
    sink: str
    tables: Sequence[TablePlan]
    rows: SelectedRows
    reader: SinkReader
    catch_up: CatchUp

    def fetch(self, group: ExpectedGroup) -> list[StoredDocument | None]:
        """The group's documents as the sink has them; none where even the target is missing."""
        try:
            keys, routings = [one.key for one in group.documents], [one.routing for one in group.documents]
            return self.reader.fetch(group.target, keys, routings)
        except DataProblem as problem:
            if problem.code == TARGET_MISSING:
                return [None] * len(group.documents)
            raise


@dataclass(slots=True)
class FirstPass:
    """What one look at every row gave. ``expected``: the keys that each target should hold; ``doubts`` by table."""

    rows: int = 0
    documents: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    expected: dict[str, KeySet] = field(default_factory=dict)
    doubts: list[Doubts] = field(default_factory=list)
    keyless: list[Sequence[Difference]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A chunk whose documents are being fetched."""

    table: int
    keys: Sequence[Key]
    parts: Sequence[tuple[ExpectedGroup, Future[list[StoredDocument | None]]]]


class RowsComparison:
    """Looks at every row once, reading the sink for one chunk while the next chunk is read and decoded."""

    def __init__(self, ends: LaneEnds, progress: Progress, chunk_rows: int = CHUNK_ROWS) -> None:
        self._ends = ends
        self._progress = progress
        self._chunk_rows = chunk_rows
        self._result = FirstPass(doubts=[{} for _ in ends.tables])

    def run(self) -> FirstPass:
        """Compare. Raises Problem when one of the ends fails."""
        ends, result = self._ends, self._result
        about = sum(ends.rows.rows_about(table.queries) for table in ends.tables)
        with ThreadPoolExecutor(1, thread_name_prefix="verify-fetch") as fetching:
            pending: _Pending | None = None
            for number, table in enumerate(ends.tables):
                for on in table.rules:
                    if on.fixed_target is not None:  # looked at even when no row asks for a document there
                        result.expected.setdefault(on.fixed_target, KeySet())
                for values, keys in ends.rows.chunks(table.queries, self._chunk_rows):
                    following = _Pending(number, keys, self._begin(table, values, fetching))
                    self._finish(pending)
                    pending = following
                    result.rows += len(keys)
                    self._progress("rows", result.rows, max(about, result.rows))
            self._finish(pending)
        return result

    def _begin(
        self, table: TablePlan, values: Sequence[Sequence[bytes | None]], fetching: ThreadPoolExecutor
    ) -> list[tuple[ExpectedGroup, Future[list[StoredDocument | None]]]]:
        result = self._result
        expectation = table.expect(values)
        result.dropped.update(expectation.dropped)
        result.documents += expectation.documents
        for group in expectation.groups:
            result.expected.setdefault(group.target, KeySet()).add(document.key for document in group.documents)
        return [(group, fetching.submit(self._ends.fetch, group)) for group in expectation.groups]

    def _finish(self, pending: _Pending | None) -> None:
        if pending is None:
            return
        doubts = self._result.doubts[pending.table]
        for group, fetched in pending.parts:
            for row, differences in group.compare(fetched.result()):
                if pending.keys[row]:
                    doubts.setdefault(pending.keys[row], []).append(differences)
                else:
                    self._result.keyless.append(differences)
