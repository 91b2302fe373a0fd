"""actors.rewind.carry_out: the one step that rewinds a lane, on a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.drivers.store import SqlCheckpointStore
from actors.members import this_process
from actors.rewind.carry_out import carry_out
from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.frontier import Frontier
from ingest.problems import DataProblem
from ingest.rewind.plan import RewindOrder

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
ME = this_process("test")
RECORD = CheckpointRecord("lane", 1, Frontier(f"{UUID}:1-50"), 10, UUID, "rules")


@pytest.fixture
def store(tmp_path: Path) -> SqlCheckpointStore:
    made = SqlCheckpointStore(f"sqlite:///{tmp_path}/store.db")
    made.claim("lane", ME)
    made.commit(RECORD)
    return made


def test_a_new_epoch_with_the_older_frontier(store: SqlCheckpointStore) -> None:
    """Invariant 4: the epoch that held the lane can't write its frontier back; the next one begins at the older."""
    taken = carry_out(store, "lane", RewindOrder(f"{UUID}:1-20", skip=False, self_describing=True), ME)
    assert (taken.epoch, taken.frontier.executed, taken.reach) == (2, f"{UUID}:1-20", f"{UUID}:1-50")
    with pytest.raises(DataProblem, match="epoch 1 of lane"):
        store.commit(RECORD)
    claim = store.claim("lane", ME)
    assert (claim.epoch, claim.record) == (3, taken)


def test_an_order_that_does_not_fit_changes_no_frontier(store: SqlCheckpointStore) -> None:
    """The epoch is used up; the frontier is the old one."""
    carry_out(store, "lane", RewindOrder(f"{UUID}:1-20", skip=False, self_describing=True), ME)
    with pytest.raises(DataProblem, match="doesn't hold"):
        carry_out(store, "lane", RewindOrder(f"{UUID}:1-30", skip=False, self_describing=True), ME)
    latest = store.latest("lane")
    assert latest is not None
    assert latest.frontier.executed == f"{UUID}:1-20"
    assert store.holds("lane", 3)


def test_a_lane_that_never_ran(store: SqlCheckpointStore) -> None:
    """There is nothing to take back."""
    with pytest.raises(DataProblem, match="never run"):
        carry_out(store, "other", RewindOrder("", skip=False, self_describing=True), ME)
