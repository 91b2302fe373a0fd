"""Waiting until a lane has applied what MySQL has, by its durable frontier in the checkpoint store."""

from __future__ import annotations

from collections.abc import Callable

from actors.clock import Clock
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.contract import CheckpointStore

POLL_MS = 100.0


class CatchUp:
    """One lane's frontier. ``key``: the lane's name in the store; ``on_wait``: told how many transactions are missing
    while it waits; ``timeout_ms``: how long a lane may stand still before it isn't waited for any longer."""

    def __init__(
        self, store: CheckpointStore, key: str, clock: Clock, timeout_ms: float, on_wait: Callable[[int], None]
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._timeout_ms = timeout_ms
        self._on_wait = on_wait

    def missing(self, executed: GtidSet) -> int:
        """How many of these transactions the lane hasn't wholly applied. Raises WorldProblem when the store fails."""
        record = self._store.latest(self._key)
        held = GtidSet.parse(record.frontier.executed) if record is not None else GtidSet()
        return executed.subtract(held).count()

    def wait(self, executed: GtidSet) -> int:
        """Wait while the lane moves; how many transactions are missing still when it has stood still for the timeout,
        0 when it holds ``executed``. Raises WorldProblem when the store fails."""
        best = self.missing(executed)
        moved_ms = self._clock.monotonic_ms()
        while best:
            self._on_wait(best)
            self._clock.sleep_ms(POLL_MS)
            now = self.missing(executed)
            if now < best:
                best, moved_ms = now, self._clock.monotonic_ms()
            elif self._clock.monotonic_ms() - moved_ms > self._timeout_ms:
                break
        return best
