"""The one step that rewinds a lane: a record of a newly claimed epoch. Called where no actor of the lane is started
meanwhile: in its supervisor, or where nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingest.checkpoint.contract import CheckpointStore, Member
from ingest.checkpoint.record import CheckpointRecord
from ingest.problems import DataProblem
from ingest.rewind.plan import NO_RECORD, RewindOrder, rewound


class RewindStore(CheckpointStore, Protocol):
    """A store that can rewind lanes."""

    def histories(self, lane: str) -> Sequence[str]:
        """The schema histories that the lane's records carried, newest first."""


def carry_out(
    store: RewindStore, lane: str, order: RewindOrder, claimant: Member, *, own: bool = False
) -> CheckpointRecord:
    """Claim the next epoch and write its record; durable when it returns. Earlier epochs are fenced by the claim, and
    waited for when the lane starts. ``claimant``: the calling process; ``own``: only if it claimed the lane last. Problems: the
    store's; DataProblem ``rewind.changed`` leaves the old frontier."""
    claim = store.claim(lane, claimant, own=own)
    if claim.record is None:
        raise DataProblem(NO_RECORD, f"lane {lane} has never run", {"lane": lane})
    record = rewound(claim.record, claim.epoch, order, store.histories(lane))
    store.commit(record)
    return record
