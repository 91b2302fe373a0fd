"""What a lane's policy of large transactions must and must not have dropped, judged from what the source wrote.

A policy may change while all runs. A transaction that each of them drops must never show, one that none drops must be there;
of the others each must be there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from ingest.lane.large import APPLIES_ALL, LargePolicy, LargeTransactions
from tests.kit.binlog_writer import row_image
from tests.simulation.mysql import Document, Topology, Transaction
from tests.simulation.sinks import SinkServer, ViolationError

POLICIES = (
    APPLIES_ALL,
    LargePolicy("drop", rows=5),
    LargePolicy("drop", rows=2),
    LargePolicy("drop", size_bytes=60),
    LargePolicy("drop", rows=1, size_bytes=100),
    LargePolicy("slow-lane", rows=5),
)


def some_policy(random: Random, *, drops: bool) -> LargePolicy:
    """One of those that a person might choose. ``drops``: may it drop? (Not where a gap is filled by the tables' state.)"""
    return random.choice([one for one in POLICIES if drops or one.action != "drop"])


@dataclass(eq=False)
class LargeWatch:
    """One lane's. ``had``: the policies that it has had, the present one last; ``judges``: of every epoch; ``rewound``: a
    person took it back, perhaps behind a change of its policy: what had been read by then isn't dropped."""

    lane: str
    topology: Topology
    had: list[LargePolicy] = field(default_factory=lambda: [APPLIES_ALL])
    judges: list[LargeTransactions] = field(default_factory=list)
    rewound: bool = False

    @property
    def policy(self) -> LargePolicy:
        """The present one."""
        return self.had[-1]

    def may_drop(self, transaction: Transaction) -> bool:
        """Did any policy tell to drop it?"""
        return any(one.action == "drop" and one.is_passed_by(*_size(transaction)) for one in self.had)

    def must_drop(self, transaction: Transaction) -> bool:
        """Did every one, and is it so in every epoch?"""
        return not (self.rewound and len(self.had) > 1) and all(
            one.action == "drop" and one.is_passed_by(*_size(transaction)) for one in self.had
        )

    def is_never_shown(self, value: int) -> bool:
        """Is it of a row that must be dropped?"""
        made_by = self.topology.made_by.get(value)
        return made_by is not None and len(self.had) == 1 and self.must_drop(made_by)

    def check_equal(self, sink: SinkServer) -> None:
        """Invariant 1, in the end: the sink shows what the source does, but for what was dropped, and nothing in part."""
        shows: dict[str, set[bool]] = {}
        for document in self.topology.history:
            found = sink.stored.get(document, (0, None))[1]
            may_show, lost = list(self._may_show(document)), self.topology.lost_states(document)
            wanted = [state for _, state in may_show] + lost
            if found not in wanted:
                raise ViolationError(f"invariant 1: {self.lane}: {document} is {found}, may be one of {wanted}")
            newest, state = may_show[0]
            if state not in wanted[1:] and found not in lost:
                shows.setdefault(newest, set()).add(found == state)
        torn = [gtid for gtid, seen in shows.items() if len(seen) > 1]
        if torn:
            raise ViolationError(f"{self.lane}: these were dropped in part: {torn}")
        self._check_counted()

    def _may_show(self, document: Document) -> Iterator[tuple[str, int | None]]:
        """What the document may show in the end, and of which transaction: the newest one's that may be applied, or, if that
        may be dropped, the one's before it."""
        for transaction in reversed(self.topology.transactions):
            places = [place for step in transaction.steps for one, place in step if one == document]
            if not places or self.must_drop(transaction):
                continue
            yield transaction.gtid, self.topology.history[document][places[-1]]
            if not self.may_drop(transaction):
                return
        yield "", None

    def _check_counted(self) -> None:
        """Invariants 1 and 5: each was counted, by some epoch at least."""
        rows = sum(len(one.changes) for one in self.topology.transactions if self.must_drop(one))
        counted = sum(judge.dropped_rows for judge in self.judges)
        if len(self.had) == 1 and counted < rows:
            raise ViolationError(f"invariant 5: {self.lane}: {rows} rows were dropped, {counted} counted")


def _size(transaction: Transaction) -> tuple[int, int]:
    return len(transaction.changes), sum(map(len, _images(transaction)))


def _images(transaction: Transaction) -> Sequence[bytes]:
    return [row_image(one.table, row) for one in transaction.changes for row in (one.before, one.after) if row]
