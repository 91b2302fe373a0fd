"""The checkpoint store: compare-and-set on the epoch, durable, several ingests in one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from actors.drivers.store import SqlCheckpointStore
from actors.members import this_process
from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.frontier import Frontier
from ingest.problems import DataProblem, Problem, WorldProblem

OWNER = this_process("supervisor")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def record(epoch: int, executed: str = "") -> CheckpointRecord:
    return CheckpointRecord("lane", epoch, Frontier(executed), 10, "uuid", "fingerprint")


def test_claims_count_up_and_carry_the_last_record(url: str) -> None:
    """Each start is a new epoch that knows the frontier of the one before."""
    store = SqlCheckpointStore(url)
    assert store.claim("lane", OWNER).epoch == 1
    store.commit(record(1, "a"))
    store.commit(record(1, "b"))
    claim = SqlCheckpointStore(url).claim("lane", OWNER)
    assert (claim.epoch, claim.record) == (2, record(1, "b"))


def test_an_older_epoch_writes_nothing(url: str) -> None:
    """Invariant 4: a record of a fenced epoch is refused and changes nothing."""
    store = SqlCheckpointStore(url)
    store.claim("lane", OWNER)
    store.claim("lane", OWNER)
    with pytest.raises(DataProblem, match="epoch 1 of lane"):
        store.commit(record(1, "late"))
    assert store.latest("lane") is None
    assert not store.holds("lane", 1)
    assert store.holds("lane", 2)


def test_who_claimed_last_is_known(url: str) -> None:
    """A supervisor whose claim was durable although it failed can tell that nobody else has the lane."""
    store = SqlCheckpointStore(url)
    assert store.claimant("lane") is None
    store.claim("lane", OWNER)
    other = replace(OWNER, pid=OWNER.pid + 1)
    store.claim("lane", other)
    assert store.claimant("lane") == other


def test_one_of_many_claims_wins_each_epoch(url: str) -> None:
    """Invariant 4: racing supervisors never get the same epoch."""
    SqlCheckpointStore(url).claim("lane", OWNER)

    def claim(_: int) -> int | None:
        try:
            return SqlCheckpointStore(url).claim("lane", OWNER).epoch
        except Problem:
            return None

    with ThreadPoolExecutor(8) as pool:
        epochs = [epoch for epoch in pool.map(claim, range(24)) if epoch is not None]
    assert len(epochs) == len(set(epochs))


def test_members_of_earlier_epochs_stay_until_settled(url: str) -> None:
    """A crash between claim and fencing forgets no process that may still write."""
    store = SqlCheckpointStore(url)
    old, new = this_process("old"), this_process("new")
    store.claim("lane", OWNER)
    store.enlist("lane", 1, [old])
    store.claim("lane", OWNER)
    store.enlist("lane", 2, [new])
    assert set(store.claim("lane", OWNER).earlier_members) == {old, new}
    store.settle("lane", 3, [new])
    assert store.claim("lane", OWNER).earlier_members == (new,)


def test_ingests_share_a_store(url: str) -> None:
    """Lanes of one name in two ingests don't meet."""
    first, second = SqlCheckpointStore(url, "first"), SqlCheckpointStore(url, "second")
    assert (first.claim("lane", OWNER).epoch, second.claim("lane", OWNER).epoch) == (1, 1)


def test_schema_histories_are_kept_once_each(url: str) -> None:
    """A rewind finds the history of its older point: each that a record carried, newest first, over restarts."""
    store = SqlCheckpointStore(url)
    store.claim("lane", OWNER)
    for history in ("", "first", "first", "second", "second"):
        store.commit(replace(record(1), schema_history=history))
    again = SqlCheckpointStore(url)
    again.commit(replace(record(1), schema_history="second"))
    assert again.histories("lane") == ("second", "first")
    assert again.histories("other") == ()


def test_wishes_last(url: str) -> None:
    """A paused lane stays paused over a restart of its supervisor."""
    SqlCheckpointStore(url).set_wish("lane", "paused")
    assert SqlCheckpointStore(url).wish("lane") == "paused"
    SqlCheckpointStore(url).set_wish("lane", None)
    assert SqlCheckpointStore(url).wish("lane") is None


def test_a_store_that_cannot_be_opened_is_the_worlds_problem() -> None:
    """It says what and where, and is retried; the URL's password isn't shown (invariant 8)."""
    with pytest.raises(WorldProblem, match="unable to open"):
        SqlCheckpointStore("sqlite:////proc/nowhere/store.db").claim("lane", OWNER)
    assert "hunter2" not in repr(SqlCheckpointStore("mysql+pymysql://user:hunter2@127.0.0.1/db"))
