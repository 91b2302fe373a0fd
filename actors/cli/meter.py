"""Totals and rates from successive statuses: pure, the time is handed in.

Counters of a status fall to zero when the process that counts starts anew; the meter's totals don't: a counter that
fell counts from zero, as Prometheus' ``increase`` does. Rates and lags are over the last WINDOW_S seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.status import ClusterStatus, LagHistogram, LaneStatus, ShardStatus

WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Totals:
    """What a lane has done since the meter first saw it, and what its processes had counted until then."""

    read: int = 0
    applied: int = 0
    bytes_sent: int = 0
    dead_letters: int = 0
    retries: int = 0
    dropped: int = 0
    lag: LagHistogram = field(default_factory=LagHistogram)

    def plus(self, other: Totals) -> Totals:
        """Both together."""
        return Totals(
            self.read + other.read,
            self.applied + other.applied,
            self.bytes_sent + other.bytes_sent,
            self.dead_letters + other.dead_letters,
            self.retries + other.retries,
            self.dropped + other.dropped,
            self.lag.plus(other.lag),
        )

    def since(self, earlier: Totals) -> Totals:
        """What was added to ``earlier``; all of it when a counter fell in between."""
        counts = [mine - theirs for mine, theirs in zip(self.lag.counts, earlier.lag.counts, strict=True)]
        added = Totals(
            self.read - earlier.read,
            self.applied - earlier.applied,
            self.bytes_sent - earlier.bytes_sent,
            self.dead_letters - earlier.dead_letters,
            self.retries - earlier.retries,
            self.dropped - earlier.dropped,
            LagHistogram(tuple(counts), self.lag.sum_ms - earlier.lag.sum_ms),
        )
        numbers = (added.read, added.applied, added.bytes_sent, added.dead_letters, added.retries, added.dropped)
        return self if min(*numbers, *counts) < 0 else added


@dataclass(frozen=True, slots=True)
class LaneReading:
    """A lane now: its status, its totals, its rates in rows a second, and the lag of the last seconds (None: none)."""

    cluster: str
    status: LaneStatus
    totals: Totals
    read_per_s: float = 0.0
    applied_per_s: float = 0.0
    lag_p50_ms: float | None = None
    lag_p99_ms: float | None = None

    @property
    def backlog(self) -> int:
        """Row changes read and not yet applied."""
        return self.status.buffered_rows


class Meter:
    """Feed it every status; it remembers what rates need and no more."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], tuple[int, Totals]] = {}
        self._totals: dict[tuple[str, str], Totals] = {}
        self._history: dict[tuple[str, str], deque[tuple[float, Totals]]] = {}

    def update(self, statuses: Sequence[ClusterStatus], now_s: float) -> tuple[LaneReading, ...]:
        """The lanes of all clusters as of ``now_s`` (any clock that doesn't go back)."""
        return tuple(self._lane(status.cluster, lane, now_s) for status in statuses for lane in status.lanes)

    def _lane(self, cluster: str, lane: LaneStatus, now_s: float) -> LaneReading:
        key = (cluster, lane.lane)
        total = self._totals.get(key, Totals()).plus(self._added(key, 0, Totals(read=lane.read_rows)))
        for shard in lane.shards:
            pid = shard.process.pid if shard.process else 0
            total = total.plus(self._added((*key, str(shard.shard)), pid, _totals_of(shard)))
        self._totals[key] = total
        history = self._history.setdefault(key, deque())
        history.append((now_s, total))
        while len(history) > 2 and history[1][0] <= now_s - WINDOW_S:
            history.popleft()
        since_s, earlier = history[0]
        recent = total.since(earlier)
        elapsed_s = now_s - since_s
        return LaneReading(
            cluster,
            lane,
            total,
            recent.read / elapsed_s if elapsed_s > 0 else 0.0,
            recent.applied / elapsed_s if elapsed_s > 0 else 0.0,
            recent.lag.quantile_ms(0.5),
            recent.lag.quantile_ms(0.99),
        )

    def _added(self, counter: tuple[str, ...], pid: int, now: Totals) -> Totals:
        """What a counter gained; a new process counts from zero, even when it has passed the old one already."""
        last_pid, last = self._last.get(counter, (pid, Totals()))
        self._last[counter] = (pid, now)
        return now.since(last) if pid == last_pid else now


def _totals_of(shard: ShardStatus) -> Totals:
    return Totals(
        applied=shard.applied,
        bytes_sent=shard.bytes_sent,
        dead_letters=shard.dead_letters,
        retries=sum(shard.retries.values()),
        dropped=sum(shard.dropped.values()),
        lag=shard.lag,
    )
