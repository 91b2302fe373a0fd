"""What a running pipeline says of itself: the one read model for the command line, metrics, dashboards and tests.

Every actor fills in its own part; the supervisor puts the parts together. Counters only rise within one run of a
process; the ``process`` fields tell a restart. Nothing here holds a secret.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LAG_BOUNDS_MS = (
    0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
    1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 30_000, 60_000, 300_000,
)  # fmt: skip
"""Upper bounds of the lag histogram's buckets, in milliseconds; one more bucket holds the rest."""


@dataclass(frozen=True, slots=True)
class LagHistogram:
    """Commit on the source to the sink's yes, in milliseconds: how many transactions per bucket, and their sum."""

    counts: Sequence[int] = field(default_factory=lambda: (0,) * (len(LAG_BOUNDS_MS) + 1))
    sum_ms: float = 0.0

    def plus(self, other: LagHistogram) -> LagHistogram:
        """Both together."""
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return LagHistogram(counts, self.sum_ms + other.sum_ms)

    def quantile_ms(self, share: float) -> float | None:
        """The lag that ``share`` (0..1) of the transactions didn't exceed, by linear interpolation within its bucket;
        None when there were none. In the last bucket: its lower bound.
        """
        total = sum(self.counts)
        if not total:
            return None
        wanted = share * total
        below = 0
        for index, count in enumerate(self.counts):
            if count and below + count >= wanted:
                lower = LAG_BOUNDS_MS[index - 1] if index else 0.0
                upper = LAG_BOUNDS_MS[index] if index < len(LAG_BOUNDS_MS) else lower
                return lower + (upper - lower) * (wanted - below) / count
            below += count
        return float(LAG_BOUNDS_MS[-1])


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """The process an actor runs in."""

    role: str
    node: str
    pid: int
    rss_bytes: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class LetterStatus:
    """One shard's dead letters. ``open``: how many wait for a person now, the oldest for ``oldest_age_ms``. Counters:
    ``quarantined`` changes held behind a letter, ``retried`` letters that a retry settled, ``superseded`` by a newer
    change, ``dropped`` by a person. ``breaker_open``: poison was the rule and stopped the lane.
    """

    open: int = 0
    oldest_age_ms: float = 0.0
    quarantined: int = 0
    retried: int = 0
    superseded: int = 0
    dropped: int = 0
    breaker_open: bool = False


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One sink actor. Counters are row changes unless said otherwise; ``dropped`` by reason (``filtered``,
    ``coalesced``, ``newer``...); ``retries`` by reason; ``dead_letters``: changes that the sink refused and the store
    keeps; ``trouble`` is what it is waiting for, "" when nothing. ``figures``: the lane's durable state in numbers, from the
    shard that shows it (empty in the others, and until a record of this epoch is durable).
    """

    shard: int
    epoch: int
    state: str
    events: int = 0
    upserts: int = 0
    deletes: int = 0
    bytes_sent: int = 0
    requests: int = 0
    retries: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    nulled: int = 0
    dead_letters: int = 0
    letters: LetterStatus = field(default_factory=LetterStatus)
    lag: LagHistogram = field(default_factory=LagHistogram)
    figures: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""
    process: ProcessStatus | None = None

    @property
    def applied(self) -> int:
        """Row changes that are durable in the sink or superseded there by a newer one."""
        return self.events


class LaneState(enum.Enum):
    """Where a lane is. Only RUNNING moves data; STOPPED waits for a person, BACKOFF for time. RESNAPSHOTTING: its tables
    are read for what every host has purged."""

    STARTING = "starting"
    FENCING = "fencing"
    RESNAPSHOTTING = "resnapshotting"
    TAIL = "tail"
    RUNNING = "running"
    BACKOFF = "backoff"
    STOPPED = "stopped"
    PAUSED = "paused"
    DRAINING = "draining"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane. ``frontier`` is the durable one, as GTID set text; ``problem`` is the text of what stopped it or of
    what it backs off from; ``reader``: ``shared`` with other lanes, its ``own``, ``joining`` the shared one, or "" for none;
    ``lost``: the GTIDs that it applied, that a failover lost, and that it went on without; ``dropped_transactions``,
    ``dropped_rows``: large ones that its policy dropped, in this epoch. ``snapshot_rows``: read of its tables so far, while it
    is RESNAPSHOTTING.
    """

    lane: str
    sink: str
    state: LaneState
    epoch: int
    frontier: str = ""
    partial_rows: int = 0
    frontier_age_ms: float = 0.0
    read_rows: int = 0
    buffered_rows: int = 0
    buffered_bytes: int = 0
    in_flight: int = 0
    restarts: int = 0
    problem: str = ""
    reader: str = ""
    shards: Sequence[ShardStatus] = ()
    checkpoint: ProcessStatus | None = None
    lost: str = ""
    dropped_transactions: int = 0
    dropped_rows: int = 0
    snapshot_rows: int = 0

    @property
    def applied(self) -> int:
        """Row changes applied by the present shards."""
        return sum(shard.applied for shard in self.shards)

    @property
    def open_letters(self) -> int:
        """Dead letters that wait for a person."""
        return sum(shard.letters.open for shard in self.shards)

    @property
    def figures(self) -> Mapping[str, int]:
        """The durable state of a sink that keeps some, in numbers."""
        return next((shard.figures for shard in self.shards if shard.figures), {})

    @property
    def oldest_letter_age_ms(self) -> float:
        """How long the oldest of them has waited."""
        return max((shard.letters.oldest_age_ms for shard in self.shards), default=0.0)

    @property
    def lag(self) -> LagHistogram:
        """Over all shards."""
        total = LagHistogram()
        for shard in self.shards:
            total = total.plus(shard.lag)
        return total


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One host of a cluster as a reader last saw it. ``role``: ``writable``, ``replica``, ``read_only`` (a replica that
    takes no writes, or a server without channel that takes none), "" when it doesn't answer. ``verdict``: ``fit``, ``behind``,
    ``hole``, ``purged``, ``lost``, ``errant``, ``foreign``, ``unsure``, ``unreachable`` or ``unfit``, the worst over the lanes; ``why``: in
    words. ``reading``: it is read from.
    """

    host: str
    role: str
    verdict: str
    why: str
    reading: bool = False


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """One reader. ``behind``: how many transactions of the server's gtid_executed it hasn't read yet (None: the
    server didn't answer). ``hosts``: the cluster's, as it saw them when it last chose.
    """

    lanes: Sequence[str]
    host: str
    file: str
    position: int
    transactions: int
    row_changes: int
    bytes_read: int
    commit_us: int
    source_executed: str = ""
    behind: int | None = None
    process: ProcessStatus | None = None
    hosts: Sequence[HostStatus] = ()


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """One MySQL cluster's supervisor and all below it. ``metrics``: addresses to scrape."""

    cluster: str
    config_version: str
    lanes: Sequence[LaneStatus]
    readers: Sequence[ReaderStatus]
    supervisor: ProcessStatus | None = None
    metrics: Sequence[str] = ()
