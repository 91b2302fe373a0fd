"""ingest.lane.resume: where an epoch starts, and how long its tail is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.lane.frontier import Frontier
from ingest.lane.resume import ResumePoint, SourceFacts, resume_point, without_lost
from ingest.mysql.server_version import parse_server_version
from ingest.problems import DataProblem
from ingest.schema_history.history import History

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "4e11fa47-71ca-11e1-9e33-c80aa9429562"
SOURCE = SourceFacts(UUID, f"{UUID}:1-100", f"{UUID}:1-5")
RECORD = CheckpointRecord("lane", 7, Frontier(f"{UUID}:1-50", f"{UUID}:51", 3), 10, UUID, "rules", "", 1000)


def point(record: CheckpointRecord | None, source: SourceFacts = SOURCE, rules: str = "rules") -> ResumePoint:
    return resume_point(record, Frontier(f"{UUID}:1-5"), rules, source, "lane")


def test_how_long_the_tail_is() -> None:
    """Invariant 2: nothing for a fresh lane, the reserve on the same server under the same rules; else to the end."""
    assert point(None).tail_rows == 0
    assert point(RECORD) == ResumePoint(RECORD.frontier, 10, SOURCE.executed, "", 1000)
    assert point(RECORD, replace(SOURCE, uuid=OTHER)) == ResumePoint(RECORD.frontier, None, SOURCE.executed, "", 1000)
    assert point(RECORD, rules="new") == ResumePoint(Frontier(f"{UUID}:1-50"), None, SOURCE.executed, "", 1000)


def test_a_reach_takes_the_tail_to_the_end() -> None:
    """After a rewind the reserve says too little, whatever the server."""
    rewound = replace(RECORD, frontier=Frontier(f"{UUID}:1-30"), reach=f"{UUID}:1-51")
    assert point(rewound) == ResumePoint(rewound.frontier, None, SOURCE.executed, "", 1000, rewound.reach)


def test_a_source_without_all_of_the_reach_is_refused() -> None:
    """Invariant 2: a tail that ends before what was applied would set documents back."""
    rewound = replace(RECORD, frontier=Frontier(f"{UUID}:1-30"), reach=f"{UUID}:1-51")
    with pytest.raises(DataProblem, match=f"not on the server: {UUID}:41-51"):
        point(rewound, replace(SOURCE, executed=f"{UUID}:1-40"))


def test_what_is_purged_is_refused() -> None:
    """Invariant 1."""
    with pytest.raises(DataProblem, match=f"purged and not applied: {UUID}:51-60"):
        point(RECORD, replace(SOURCE, purged=f"{UUID}:1-60"))


def test_what_is_given_up_leaves_the_frontier() -> None:
    """A server that lost transactions uses their numbers again: held, the new ones would be passed over (invariant 1). The
    tail goes to the end, since what is behind was applied too; the record names the loss."""
    lost = GtidSet.parse(f"{UUID}:41-51")
    source = replace(SOURCE, executed=f"{UUID}:1-40")
    found = resume_point(replace(RECORD, reach=f"{UUID}:1-60", lost=f"{OTHER}:7"), Frontier(""), "rules", source, "lane",
                         lost.union(GtidSet.parse(f"{UUID}:52-60")))  # fmt: skip
    assert found.frontier == Frontier(f"{UUID}:1-40")
    assert (found.tail_rows, found.reach) == (None, f"{UUID}:1-40")
    assert found.lost == f"{UUID}:41-60,{OTHER}:7"
    with pytest.raises(DataProblem, match=f"not on the server: {UUID}:41-50"):
        point(RECORD, source)


def test_a_history_that_lost_statements_made_is_made_anew() -> None:
    """The tables are the new source's."""
    history = History(parse_server_version("9.0.0"), 8, 255, False, GtidSet(), GtidSet.parse(f"{UUID}:45"))
    kept = without_lost(replace(RECORD, schema_history=history.encode()), GtidSet.parse(f"{UUID}:46-50"))
    assert kept.schema_history
    assert not without_lost(kept, GtidSet.parse(f"{UUID}:45")).schema_history


COUNTED = replace(RECORD, reserve_rows=0, state=KeptState("sum/1", (b"1", b"2")))


def counted(record: CheckpointRecord | None, **other: object) -> ResumePoint:
    said = {"fingerprint": "rules", "lost": None, "source": SOURCE, "state": "sum/1", **other}
    return resume_point(record, Frontier(f"{UUID}:1-5"), lane="lane", **said)  # type: ignore[arg-type]


def test_state_has_no_tail() -> None:
    """What was applied beyond the frontier is forgotten with its state: every change after it is applied, one by one, in
    whatever order another server has them, with a part of a transaction, and while archived files are read."""
    point = ResumePoint(RECORD.frontier, 0, SOURCE.executed, "", 1000)
    assert counted(COUNTED) == point
    assert counted(COUNTED, source=replace(SOURCE, uuid=OTHER)) == point
    assert counted(replace(COUNTED, reach=f"{UUID}:1-60")) == replace(point, reach=f"{UUID}:1-60")
    assert counted(None).tail_rows == 0


def test_a_new_state_begins_under_any_rules() -> None:
    """Nothing of the old ones is in it."""
    record = replace(COUNTED, frontier=Frontier(f"{UUID}:1-50"), state=KeptState("sum/1"))
    assert counted(record, fingerprint="new", lost=GtidSet.parse(f"{UUID}:50")).frontier == Frontier(f"{UUID}:1-49")


@pytest.mark.parametrize(
    ("record", "other", "code"),
    [
        (RECORD, {}, "state.missing"),
        (COUNTED, {"state": ""}, "state.unwanted"),
        (COUNTED, {"state": "sum/2"}, "state.of_another_form"),
        (COUNTED, {"fingerprint": "new"}, "state.of_other_rules"),
        (COUNTED, {"lost": GtidSet.parse(f"{UUID}:50-60")}, f"{UUID}:50-51"),
        (COUNTED, {"lost": GtidSet.parse(f"{UUID}:51")}, "state.holds_lost_transactions"),
    ],
)
def test_state_is_continued_as_it_was_kept_or_not_at_all(
    record: CheckpointRecord, other: dict[str, object], code: str
) -> None:
    """Never silent (5): a sum of other rules, of another form, or with what a failover lost in it isn't gone on with."""
    with pytest.raises(DataProblem) as caught:
        counted(record, **other)
    assert code in str(caught.value)
    assert "--new-state" in caught.value.hint
    assert caught.value.where == {"lane": "lane"}


def test_lost_transactions_that_no_state_holds_are_nothing_to_it() -> None:
    """They were applied beyond the frontier, and forgotten."""
    assert counted(COUNTED, lost=GtidSet.parse(f"{UUID}:52-60")).frontier == COUNTED.frontier
