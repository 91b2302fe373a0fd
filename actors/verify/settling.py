"""What was in doubt while writes went on: a difference, or only late?

A row: read it, wait until the lane's frontier has passed what MySQL has executed by then, read its documents, and read
the row again. If it stood still in between, its documents decide; if it moved, once more. A document too many: wait
for the frontier, read the sink again, then MySQL; what no row asks for then, once more or for good.

Invariant: nothing is forgotten; what can't be decided in ``TRIES`` counts as ``unsettled``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.verify.comparison import Doubts
from actors.verify.ends import CHUNK_ROWS, LaneEnds, Progress
from actors.verify.reading import Surplus
from ingest.snapshot.chunks import Key
from ingest.verify.comparison import Difference
from ingest.verify.documents import Expectation, TablePlan
from ingest.verify.key_set import KeySet
from ingest.verify.verdict import Tally

TRIES = 5


@dataclass(frozen=True, slots=True)
class _Look:
    """Rows that were in doubt, as MySQL has them now: their values, and what they should give."""

    values: dict[Key, Sequence[bytes | None]]
    expectations: Sequence[tuple[Sequence[Key], Expectation]]


class Settling:
    """Decides the doubts of one lane."""

    def __init__(self, ends: LaneEnds, tally: Tally, progress: Progress) -> None:
        self._ends = ends
        self._tally = tally
        self._progress = progress

    def settle_rows(self, doubts: Sequence[Doubts]) -> int:
        """Count what stays; returns how many rows agreed after all."""
        agreed = 0
        for table, of_table in zip(self._ends.tables, doubts, strict=True):
            open_rows = of_table
            for _ in range(TRIES):
                if not open_rows:
                    break
                self._progress("rows in doubt", 0, len(open_rows))
                open_rows, settled = self._try_rows(table, open_rows)
                agreed += settled
            for documents in open_rows.values():
                for differences in documents:
                    self._tally.add(differences, "unsettled")
        return agreed

    def _try_rows(self, table: TablePlan, doubts: Doubts) -> tuple[Doubts, int]:
        """One try: what is still in doubt, and how many rows agree."""
        keys = list(doubts)
        look = self._look(table, keys)
        behind = self._ends.catch_up.wait(self._ends.rows.executed())
        found: Doubts = {}
        for row_keys, expectation in look.expectations:
            for group in expectation.groups:
                for row, differences in group.compare(self._ends.fetch(group.target, group.documents)):
                    found.setdefault(row_keys[row], []).append(differences)
        again = self._look(table, keys).values
        moved: Doubts = {}
        for key, documents in found.items():
            if not behind and look.values[key] != again.get(key):
                moved[key] = documents
            else:
                for differences in documents:
                    self._tally.add(differences)
        return moved, len(keys) - len(found)

    def _look(self, table: TablePlan, keys: Sequence[Key]) -> _Look:
        values: dict[Key, Sequence[bytes | None]] = {}
        expectations = []
        for columns, row_keys in self._ends.rows.by_keys(table.queries, keys):
            values.update(zip(row_keys, zip(*columns, strict=True), strict=True))
            expectations.append((row_keys, table.expect(columns)))
        return _Look(values, expectations)

    def settle_surplus(self, surplus: Surplus) -> None:
        """Count what stays."""
        for _ in range(TRIES):
            if not surplus:
                return
            self._progress("documents in doubt", 0, sum(map(len, surplus.values())))
            behind = self._ends.catch_up.wait(self._ends.rows.executed())
            surplus = {
                target: present
                for target, keys in surplus.items()
                if (present := set(self._ends.scan_keys(target)) & keys)
            }
            wanted = self._wanted(surplus)
            surplus = {
                target: left
                for target, keys in surplus.items()
                if (left := {k for k in keys if k not in wanted[target]})
            }
            if behind:
                break
        count_surplus(surplus, self._tally)

    def _wanted(self, surplus: Surplus) -> dict[str, KeySet]:
        """The keys that rows ask for in these targets, now."""
        wanted = {target: KeySet() for target in surplus}
        for table in self._ends.tables:
            for columns, _ in self._ends.rows.chunks(table.queries, CHUNK_ROWS):
                for group in table.expect(columns).groups:
                    if group.target in wanted:
                        wanted[group.target].add(document.key for document in group.documents)
        return wanted


def count_doubts(doubts: Sequence[Doubts], tally: Tally) -> None:
    """All doubts are differences (nothing was written meanwhile)."""
    for of_table in doubts:
        for documents in of_table.values():
            for differences in documents:
                tally.add(differences)


def count_surplus(surplus: Surplus, tally: Tally) -> None:
    """All of these are too many."""
    for target, keys in surplus.items():
        for key in sorted(keys):
            tally.add([Difference("surplus", target, key)])
