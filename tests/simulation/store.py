"""The checkpoint store, simulated: compare-and-set, with failures before a write, after it, and slow ones.

``commit`` is where invariant 1 is checked: what a durable frontier holds is in the sink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ingest.checkpoint.contract import FENCED, STORE_UNAVAILABLE, Claim, Member
from ingest.checkpoint.record import CheckpointRecord, decode, encode
from ingest.problems import DataProblem, WorldProblem
from tests.simulation.scheduler import Scheduler

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class StoreFaults:
    """How often a call fails before it did anything, fails after it did all of it, or takes long."""

    before: float = 0.0
    after: float = 0.0
    slow: float = 0.0
    slow_ms: float = 1_500.0


@dataclass
class LaneRow:
    """What is durable of a lane."""

    epoch: int = 0
    record: CheckpointRecord | None = None
    members: tuple[Member, ...] = ()
    wish: str | None = None
    claimant: Member | None = None


@dataclass(eq=False)
class StoreServer:
    """What is durable, and who looks at every record that becomes so."""

    scheduler: Scheduler
    on_commit: Callable[[CheckpointRecord], None]
    lanes: dict[str, LaneRow] = field(default_factory=dict)
    faults: StoreFaults = StoreFaults()
    running: bool = True


class SimStore:
    """A process's connection; ``ingest.checkpoint.contract.CheckpointStore``."""

    def __init__(self, server: StoreServer) -> None:
        self._server = server

    def claimant(self, lane: str) -> Member | None:
        """See ``CheckpointStore``."""
        return self._call(lambda: self._server.lanes.get(lane, LaneRow()).claimant)

    def claim(self, lane: str, claimant: Member, *, own: bool = False) -> Claim:
        """See ``CheckpointStore``."""

        def write() -> Claim:
            row = self._server.lanes.setdefault(lane, LaneRow())
            if own and row.claimant != claimant:
                raise DataProblem(FENCED, f"another supervisor has claimed lane {lane} since", {"lane": lane})
            row.epoch += 1
            row.claimant = claimant
            return Claim(row.epoch, row.record, row.members)

        return self._call(write)

    def enlist(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """See ``CheckpointStore``."""

        def write() -> None:
            row = self._held(lane, epoch)
            row.members = tuple({*row.members, *members})

        self._call(write)

    def settle(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """See ``CheckpointStore``."""

        def write() -> None:
            self._held(lane, epoch).members = tuple(members)

        self._call(write)

    def commit(self, record: CheckpointRecord) -> None:
        """See ``CheckpointStore``."""

        def write() -> None:
            row = self._held(record.lane, record.epoch)
            self._server.on_commit(record)
            row.record = decode(encode(record))

        self._call(write)

    def holds(self, lane: str, epoch: int) -> bool:
        """See ``CheckpointStore``."""
        return self._call(lambda: self._server.lanes[lane].epoch == epoch)

    def latest(self, lane: str) -> CheckpointRecord | None:
        """See ``CheckpointStore``."""
        return self._call(lambda: self._server.lanes.get(lane, LaneRow()).record)

    def histories(self, lane: str) -> Sequence[str]:
        """See ``actors.rewind.carry_out.RewindStore``."""
        return ()

    def wish(self, lane: str) -> str | None:
        """See ``CheckpointStore``."""
        return self._call(lambda: self._server.lanes.get(lane, LaneRow()).wish)

    def set_wish(self, lane: str, wish: str | None) -> None:
        """See ``CheckpointStore``."""

        def write() -> None:
            self._server.lanes.setdefault(lane, LaneRow()).wish = wish

        self._call(write)

    def _held(self, lane: str, epoch: int) -> LaneRow:
        row = self._server.lanes[lane]
        if row.epoch != epoch:
            raise DataProblem(FENCED, f"epoch {epoch} of lane {lane} is over", {"lane": lane, "epoch": epoch})
        return row

    def _call(self, write: Callable[[], ResultT]) -> ResultT:
        scheduler, faults = self._server.scheduler, self._server.faults
        slow = scheduler.random.random() < faults.slow
        scheduler.sleep(scheduler.random.random() * (faults.slow_ms if slow else 1.0))
        self._maybe_fail(faults.before)
        result = write()
        scheduler.sleep(scheduler.random.random() * (faults.slow_ms if slow else 1.0))
        self._maybe_fail(faults.after)
        return result

    def _maybe_fail(self, share: float) -> None:
        if not self._server.running or self._server.scheduler.random.random() < share:
            raise WorldProblem(STORE_UNAVAILABLE, "the simulated store fails")
