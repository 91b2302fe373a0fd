"""The changes of one id in a stretch of binlog: what stands for a lane's dispatcher in a ``StreamRouter``.

So tables, schemas, keys and moved rows are read by the very code that a lane's reader runs. Invariant: memory is bounded;
of more than ``KEPT`` changes the oldest go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.codec import Statement
from ingest.dead_letters.stored_row import StoredRow
from ingest.lane.dispatcher import DocumentChange, Phase
from ingest.lane.large import DroppedTransaction
from ingest.lane.routing import NOWHERE
from ingest.lane.statements import EMPTIED, LaneStatements
from ingest.lineage.keys import SinkKey
from ingest.problems import DataProblem
from ingest.schema import TableName
from ingest.slices import Kind, TransactionStamp

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class FoundChange:
    """A row change of the id. ``key``: the document key; ``moved_to``: the one that the row has since (None: it is the
    same, or the row is gone); ``other_place``: the key is the same, and what else decides the document's place isn't."""

    row: StoredRow
    stamp: TransactionStamp
    key: str
    moved_to: str | None = None
    other_place: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    lane: str


class KeyChanges:
    """See the module: the part of ``LaneDispatcher`` that a router uses, and a ``StatementPolicy``. ``found``: in order;
    ``emptied``: transactions that truncated or dropped a table of the lane, with what they say; ``dropped``: large ones, which
    the lane's policy drops, by GTID."""

    phase = Phase.LIVE

    def __init__(self, lane: str, wanted: SinkKey) -> None:
        self.plan = _Plan(lane)
        self.found: deque[FoundChange] = deque(maxlen=KEPT)
        self.emptied: deque[tuple[TransactionStamp, str]] = deque(maxlen=KEPT)
        self.dropped: dict[str, DroppedTransaction] = {}
        self.wants = True
        self.is_flowing = False
        self._wanted = wanted
        self._stamp = TransactionStamp("", 0, "", 0)

    def begin(self, stamp: TransactionStamp) -> bool:
        """A transaction begins; every one is wanted."""
        self._stamp = stamp
        return True

    def end(self, _gtid: str) -> None:
        """A transaction ends."""

    def schema_changed(self, _gtid: str, _history: str) -> None:
        """The router keeps the schemas."""

    def change(self, changes: Sequence[DocumentChange]) -> None:
        """What the rules' keys make of one row change."""
        for key, identity, shape, kind, before, after in changes:
            if (key, identity) == NOWHERE or not self._wanted.made_of(shape, key):
                continue
            row = StoredRow(
                shape.rule, kind, shape.table_map, shape.supplement, shape.before_present, shape.after_present,
                before, after,
            )  # fmt: skip
            others = [] if kind is not Kind.DELETE else [
                one[0] for one in changes if one[2] is shape and one[3] is Kind.INSERT
            ]  # fmt: skip
            moved = next((other for other in others if other != key), None)
            self.found.append(FoundChange(row, self._stamp, key, moved, bool(others) and moved is None))

    def judge(self, statement: Statement, captures: Callable[[TableName], bool]) -> DataProblem | None:
        """A statement stops no search."""
        problem = LaneStatements("stop").judge(statement, captures)
        if problem is not None and problem.code is EMPTIED:
            self.emptied.append((self._stamp, problem.what))
        return None
