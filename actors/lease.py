"""A shard's lease: leave to write, which ends by itself when it can't be renewed.

Renewing asks the checkpoint store whether the epoch is still the lane's; the lease then runs from the moment *before*
the question was asked. So once a newer epoch is claimed, no lease of an older one outlives the claim by more than
``lease_ms``, whatever hangs (invariant 4). Monotonic clock only.
"""

from __future__ import annotations

from actors.host import Host
from ingest.checkpoint.contract import CheckpointStore
from ingest.problems import DataProblem, WorldProblem, declare

LEASE_LOST = declare(
    "lane.lease_lost",
    "The shard couldn't confirm that its epoch still holds the lane, so it stopped writing.",
    "Look at the checkpoint store; the lane starts again from its frontier by itself.",
)


class Lease:
    """One epoch's lease of one shard, kept by a thread of its own until ``close``."""

    def __init__(self, store: CheckpointStore, lane: str, epoch: int, lease_ms: float, host: Host) -> None:
        self._store = store
        self._lane = lane
        self._epoch = epoch
        self._lease_ms = lease_ms
        self._host = host
        self._until_ms = float("-inf")
        self._fenced: DataProblem | None = None
        self._closed = host.event()

    def open(self) -> None:
        """Renew once, then keep renewing. Raises the store's problem when the first renewal fails."""
        self._renew()
        self._host.start(f"lease-{self._lane}-{self._epoch}", self._keep)

    def check(self) -> None:
        """Raise WorldProblem ``lane.lease_lost`` unless the lease is running."""
        if self._fenced is not None or self._host.monotonic_ms() >= self._until_ms:
            why = "a newer epoch has the lane" if self._fenced else "the checkpoint store didn't confirm it in time"
            raise WorldProblem(LEASE_LOST, why, {"lane": self._lane, "epoch": self._epoch})

    def close(self) -> None:
        """Let it end: no renewal any more, and ``check`` refuses from now on."""
        self._until_ms = float("-inf")
        self._closed.set()

    def _renew(self) -> None:
        asked_ms = self._host.monotonic_ms()
        if not self._store.holds(self._lane, self._epoch):
            self._fenced = DataProblem(LEASE_LOST, "a newer epoch has the lane", {"lane": self._lane})
        elif not self._closed.is_set():
            self._until_ms = asked_ms + self._lease_ms

    def _keep(self) -> None:
        while not self._closed.wait(self._lease_ms / 4000):
            try:
                self._renew()
            except WorldProblem:
                continue  # the lease runs out by itself if this goes on
            if self._fenced is not None:
                return
