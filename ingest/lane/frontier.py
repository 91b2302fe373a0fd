"""The frontier and the ledger that moves it.

A frontier is the GTID set wholly applied in a lane, and how many row changes of the next transaction ("next
expected": a huge transaction needs no replay from its first row). Row changes are counted as the lane sees them:
those of tables that its rules match.

Invariant: the frontier never passes a row change that isn't acknowledged, and never flattens a gap.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet, GtidSetBuilder


@dataclass(frozen=True, slots=True)
class Frontier:
    """``executed``: canonical GTID set text. ``partial_gtid``: the transaction of which the first ``partial_rows``
    row changes are applied too (None: none).
    """

    executed: str
    partial_gtid: str | None = None
    partial_rows: int = 0


@dataclass(slots=True)
class _Open:
    """A transaction between begin and wholly applied. Ordinals ``start``+1 .. ``end`` are its row changes, after
    ``skipped`` of them which the frontier already held.
    """

    gtid: str
    start: int
    skipped: int
    end: int | None = None


class Ledger:
    """Turns "everything up to this ordinal is applied" into a frontier. One per lane and epoch."""

    def __init__(self, frontier: Frontier) -> None:
        self._executed = GtidSetBuilder(GtidSet.parse(frontier.executed))
        self._initial = frontier
        self._open: deque[_Open] = deque()

    def holds(self, gtid: str) -> bool:
        """Is the transaction wholly applied already?"""
        return gtid in self._executed

    def begin(self, gtid: str, last_ordinal: int) -> int:
        """A transaction begins after ``last_ordinal``. Returns how many of its first row changes to skip."""
        skip = self._initial.partial_rows if gtid == self._initial.partial_gtid else 0
        self._open.append(_Open(gtid, last_ordinal, skip))
        return skip

    def end(self, gtid: str, last_ordinal: int) -> None:
        """The newest transaction is complete; its last row change has ``last_ordinal``."""
        newest = self._open[-1]
        if newest.gtid != gtid or newest.end is not None:
            raise AssertionError(f"{gtid} ends, but the open transaction is {newest.gtid}")
        newest.end = last_ordinal

    def advance(self, watermark: int) -> Frontier:
        """All row changes up to ``watermark`` are applied: the frontier that follows."""
        while self._open and self._open[0].end is not None and self._open[0].end <= watermark:
            self._executed.add(self._open.popleft().gtid)
        if self._open:
            first = self._open[0]
            rows = first.skipped + max(0, watermark - first.start)
            if rows:
                return Frontier(str(self._executed.freeze()), first.gtid, rows)
        elif self._initial.partial_gtid is not None and self._initial.partial_gtid not in self._executed:
            return Frontier(str(self._executed.freeze()), self._initial.partial_gtid, self._initial.partial_rows)
        return Frontier(str(self._executed.freeze()))

    @property
    def newest(self) -> str | None:
        """The newest transaction that isn't wholly applied."""
        return self._open[-1].gtid if self._open else None

    @property
    def open_transactions(self) -> int:
        """Transactions read but not wholly applied."""
        return len(self._open)
