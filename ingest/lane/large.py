"""Large transactions: one lane's policy, and what it makes of each transaction that comes.

How large one is is measured by what the lane takes of it: its row changes, and the bytes of their images, as the rows
events have them. So one transaction has one size, on every server, compressed or not, with MySQL 5.6 as with 9. (The length
that a GTID event states, since 8.0.2, is of one server's binlog: a replica's differs by checksums, events left out and
compression, and it counts tables that the lane doesn't capture. The native core tells by it what can't be large.)

``drop`` is decided before anything of a transaction is applied: its rows are held back until it has ended, or a limit is
passed. Then it is a transaction without changes: its rows have no ordinals, and the frontier passes it.

Invariants: a transaction is dropped whole or not at all, by every epoch alike (2, 3: what an earlier epoch may have applied
must be applied again, or a document would go back to what it was before). The size and the policy decide, so epochs of one
policy agree. Where the policy or the rules changed, what the first epoch reads in its tail isn't dropped (but what the
policy before would have dropped too), and it stays **exempt** in every later record: a rewind may read it again. A
transaction that is begun is finished. Dropped rows are counted (1, 5).
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.codec import RowsEvent
from ingest.problems import declare

SLOW_LANE = declare(
    "lane.large_transaction",
    "A large transaction came, and the lane's policy is to take it beside the lanes that share its reader.",
    "Nothing to do: the lane goes on with a reader of its own, and joins the others again when it has caught up.",
)

Action = Literal["apply", "slow-lane", "drop"]


@dataclass(frozen=True, slots=True)
class LargePolicy:
    """A transaction is large when it has more row changes than ``rows``, or more bytes of row images than ``size_bytes``
    (None: no limit)."""

    action: Action = "apply"
    rows: int | None = None
    size_bytes: int | None = None

    def is_passed_by(self, rows: int, size_bytes: int) -> bool:
        """Is so much too much?"""
        return (self.rows is not None and rows > self.rows) or (
            self.size_bytes is not None and size_bytes > self.size_bytes
        )

    @property
    def may_reach_bytes(self) -> int | None:
        """What isn't longer than this, uncompressed, can't be large: a row has a byte at least. None: nothing is large."""
        limits = [limit for limit in (self.rows, self.size_bytes) if limit is not None]
        return min(limits) if limits and self.action != "apply" else None

    @property
    def drops(self) -> str:
        """What a record says of it: its limits if it drops (``rows=5 bytes=900``), else ""."""
        if self.action != "drop":
            return ""
        limits = (("rows", self.rows), ("bytes", self.size_bytes))
        return " ".join(f"{name}={limit}" for name, limit in limits if limit is not None)


APPLIES_ALL = LargePolicy()


def policy_of(drops: str) -> LargePolicy | None:
    """A record's ``drops`` as the policy that it was made under, None for none. ValueError."""
    limits = {name: int(limit) for name, _, limit in (one.partition("=") for one in drops.split())}
    if limits.keys() - {"rows", "bytes"}:
        raise ValueError(f"{drops!r} are no limits")
    return LargePolicy("drop", limits.get("rows"), limits.get("bytes")) if limits else None


@dataclass(frozen=True, slots=True)
class Exemption:
    """What a lane's ``drop`` doesn't judge in an epoch, since an earlier one may have applied it. ``gtids``: a set, as text;
    ``tail``: what begins in this epoch's tail too, but for what ``unless`` would have dropped as well."""

    gtids: str = ""
    tail: bool = False
    unless: LargePolicy | None = None


NO_EXEMPTION = Exemption()


@dataclass(frozen=True, slots=True)
class DroppedTransaction:
    """``tables``: row changes by table, of those that the lane captures."""

    gtid: str
    rows: int
    size_bytes: int
    tables: Mapping[str, int]


class HeldEvents(Protocol):
    """(table, event) in order; ``deque`` is one, and a shell's that spills to disk (invariant 6). The table comes back as
    the very object that it was."""

    def append(self, held: tuple[object, RowsEvent], /) -> None:
        """One more."""

    def popleft(self) -> tuple[object, RowsEvent]:
        """The oldest one, taken out."""

    def clear(self) -> None:
        """Forget all."""

    def __len__(self) -> int:
        """How many."""


class Judgement(enum.Enum):
    """What becomes of an event's rows: they go on, are held back, or are dropped; ``LEAVE``: they go on, and the lane leaves
    for a reader of its own."""

    APPLY = "apply"
    HOLD = "hold"
    DROP = "drop"
    LEAVE = "leave"


class LargeTransactions:
    """See the module: begin, ``judge`` per rows event, end. ``held``: the rows of the present transaction, for whoever asks
    for judgement to put in and take out. ``partial_gtid``: the transaction that the frontier holds a part of."""

    def __init__(
        self,
        policy: LargePolicy,
        held: HeldEvents,
        exemption: Exemption = NO_EXEMPTION,
        partial_gtid: str | None = None,
    ) -> None:
        self.policy = policy
        self.held = held
        self.dropped_transactions = 0
        self.dropped_rows = 0
        self._exemption = exemption
        self._exempt = GtidSetBuilder(GtidSet.parse(exemption.gtids))
        self._partial_gtid = partial_gtid
        self._limits: Sequence[LargePolicy] = ()
        self._in_exempt_tail = False
        self._gtid = ""
        self._rows = 0
        self._size_bytes = 0
        self._tables: Counter[str] = Counter()
        self._drops = False

    @property
    def exempt(self) -> str:
        """What a record of this epoch says is exempt: the set as text."""
        return str(self._exempt.freeze()) if self.policy.action == "drop" else ""

    def begin(self, gtid: str, *, in_tail: bool) -> None:
        """A transaction that the lane wants begins. One that isn't begun here is applied (a stream's short way)."""
        self._gtid, self._rows, self._size_bytes, self._drops = gtid, 0, 0, False
        self._tables.clear()
        self.held.clear()
        self._limits = (self.policy,)
        if self.policy.action != "drop":
            return
        self._in_exempt_tail = in_tail and self._exemption.tail
        if gtid in self._exempt or gtid == self._partial_gtid:
            self._limits = ()
        elif self._in_exempt_tail:
            unless = self._exemption.unless
            self._limits = () if unless is None else (self.policy, unless)
            if unless is None:
                self._exempt.add(gtid)

    def judge(self, table: str, rows: int, size_bytes: int) -> Judgement:
        """What becomes of a rows event of a table that the lane captures."""
        if not self._limits:
            return Judgement.APPLY
        self._rows += rows
        self._size_bytes += size_bytes
        self._tables[table] += rows
        if self._drops:
            return Judgement.DROP
        drops = self.policy.action == "drop"
        if not all(limits.is_passed_by(self._rows, self._size_bytes) for limits in self._limits):
            return Judgement.HOLD if drops else Judgement.APPLY
        if not drops:
            self._limits = ()
            return Judgement.LEAVE
        self.held.clear()
        self._drops = True
        return Judgement.DROP

    def end(self) -> DroppedTransaction | None:
        """The transaction that was begun has ended: what was dropped, if it was. What is ``held`` goes on."""
        dropped = self._drops
        if self._limits and self._in_exempt_tail and not dropped:
            self._exempt.add(self._gtid)
        self._limits, self._drops, self._in_exempt_tail = (), False, False
        if not dropped:
            return None
        self.dropped_transactions += 1
        self.dropped_rows += self._rows
        return DroppedTransaction(self._gtid, self._rows, self._size_bytes, dict(self._tables))

    @property
    def told(self) -> str:
        """The transaction at hand, for people."""
        tables = ", ".join(sorted(self._tables))
        return f"{self._gtid} has {self._rows:,} row changes and more, {self._size_bytes:,} bytes, of {tables}"


class TracedTransactions(LargeTransactions):
    """Judges as a lane does and holds nothing back: for who reads binlogs to say what became of a row."""

    def judge(self, table: str, rows: int, size_bytes: int) -> Judgement:
        """Always applied; ``end`` says what a lane dropped."""
        super().judge(table, rows, size_bytes)
        return Judgement.APPLY
