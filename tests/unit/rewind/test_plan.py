"""ingest.rewind.plan: whether a lane may go somewhere, and the record that takes it there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.binlog.file import Committed
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.lane.frontier import Frontier
from ingest.lane.resume import SourceFacts
from ingest.mysql.server_version import parse_server_version
from ingest.problems import DataProblem
from ingest.rewind.boundary import Place
from ingest.rewind.moment import Moment
from ingest.rewind.plan import Asked, RewindOrder, Situation, plan_rewind, rewound
from ingest.schema_history.history import History

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
SOURCE = SourceFacts(UUID, f"{UUID}:1-100", "")
RECORD = CheckpointRecord("lane", 7, Frontier(f"{UUID}:1-50", f"{UUID}:51", 3), 10, UUID, "rules", "", 1000)


def up_to(number: int) -> GtidSet:
    return GtidSet.parse(f"{UUID}:1-{number}")


def place(held: GtidSet) -> Place:
    return Place(held, 1, 400, Committed(f"{UUID}:x", 0, 400))


def situation(record: CheckpointRecord | None = RECORD, kept: tuple[str, ...] = (), full: bool = True) -> Situation:
    return Situation(record, kept, SOURCE, full, [1_000, 2_000, 3_000])


def history(*applied: int, snapshot: int = 20) -> str:
    numbers = GtidSet.parse(",".join(f"{UUID}:{number}" for number in applied))
    return History(parse_server_version("5.6.24"), 8, 45, False, up_to(snapshot), numbers).encode()


def test_what_is_shown() -> None:
    """What is read again, about how much that is, and what lies behind a gap of the set that was asked for."""
    plan = plan_rewind("lane", Asked(GtidSet.parse(f"{UUID}:1-30:41-50")), place(up_to(30)), situation())
    assert (plan.epoch, plan.old, plan.new) == (7, RECORD.frontier, f"{UUID}:1-30")
    assert plan.again == GtidSet.parse(f"{UUID}:31-100")
    assert (plan.again_files, plan.again_bytes, plan.gaps) == (2, 4_600, 10)
    assert not plan.never


def test_the_record_reaches_as_far_as_the_lane_had_come() -> None:
    """Invariant 2: the next source must have all that was applied, the partial transaction too, and no count of another
    order is left."""
    record = rewound(RECORD, 8, RewindOrder(f"{UUID}:1-30", False, True), ())
    assert record == replace(RECORD, epoch=8, frontier=Frontier(f"{UUID}:1-30"), reach=f"{UUID}:1-51", source_uuid="")
    again = rewound(replace(record, reach=f"{UUID}:1-51"), 9, RewindOrder(f"{UUID}:1-10", False, True), ())
    assert (again.frontier.executed, again.reach) == (f"{UUID}:1-10", f"{UUID}:1-51")


def test_a_moment_that_the_lane_has_not_reached_in_part() -> None:
    """Of a moment that is ahead of the frontier in part, that which the lane holds; nothing that it doesn't."""
    record = replace(RECORD, frontier=Frontier(f"{UUID}:1-20:40-50"))
    plan = plan_rewind("lane", Asked(Moment(0)), place(up_to(30)), situation(record))
    assert plan.new == f"{UUID}:1-20"


@pytest.mark.parametrize(
    ("asked", "before", "code", "text"),
    [
        (Asked(up_to(60)), up_to(60), "rewind.ahead", "10 transactions before that point"),
        (Asked(Moment(0)), up_to(60), "rewind.ahead", "10 transactions before that point"),
        (Asked(up_to(50)), up_to(50), "rewind.nothing", "already"),
        (Asked(Moment(0)), up_to(50), "rewind.nothing", "already"),
    ],
)
def test_what_is_refused(asked: Asked, before: GtidSet, code: str, text: str) -> None:
    """Forward without --skip, and nowhere."""
    with pytest.raises(DataProblem, match=text) as caught:
        plan_rewind("lane", asked, place(before), situation())
    assert caught.value.code.name == code


def test_a_lane_without_a_record_and_one_ahead_of_the_source() -> None:
    """Neither can be taken back: the first has no frontier; the second's documents come from elsewhere."""
    with pytest.raises(DataProblem, match="never run"):
        plan_rewind("lane", Asked(up_to(1)), place(up_to(1)), situation(None))
    ahead = replace(RECORD, frontier=Frontier(f"{UUID}:1-101"))
    with pytest.raises(DataProblem, match=f"not on the server: {UUID}:101"):
        plan_rewind("lane", Asked(up_to(1)), place(up_to(1)), situation(ahead))


def test_skip_goes_forward_and_says_what_is_never_applied() -> None:
    """Only with the flag, and counted."""
    plan = plan_rewind("lane", Asked(up_to(60), skip=True), place(up_to(60)), situation())
    assert (plan.new, plan.never.count()) == (f"{UUID}:1-60", 10)
    assert rewound(RECORD, 8, plan.order, ()).frontier.executed == f"{UUID}:1-60"


def test_a_lane_that_moved_meanwhile_is_left_where_it_is() -> None:
    """Somebody else took it back further after it was shown: the order would take it forward."""
    with pytest.raises(DataProblem, match="doesn't hold"):
        rewound(replace(RECORD, frontier=Frontier(f"{UUID}:1-20")), 9, RewindOrder(f"{UUID}:1-30", False, True), ())


def test_the_schema_history_is_that_of_the_older_point() -> None:
    """The record's own while no statement came in between, else the one that the store kept."""
    newest, middle, oldest = history(25, 35, 45), history(25, 35), history(25)
    record = replace(RECORD, schema_history=newest)
    kept = (newest, middle, history(25, snapshot=10), oldest)

    def at(number: int) -> str:
        return rewound(record, 8, RewindOrder(f"{UUID}:1-{number}", False, False), kept).schema_history

    assert [at(number) for number in (46, 45, 44, 35, 34, 25)] == [newest, newest, middle, middle, oldest, oldest]


def test_an_unknown_schema_history_is_refused_or_not_needed() -> None:
    """Invariant 5: without it and without full metadata nothing is guessed; with metadata none is needed. What is passed
    over may have changed tables: they are read anew."""
    record = replace(RECORD, schema_history=history(25, 45))
    with pytest.raises(DataProblem, match=f"changed tables: {UUID}:45"):
        plan_rewind("lane", Asked(up_to(30)), place(up_to(30)), situation(record, full=False))
    assert rewound(record, 8, RewindOrder(f"{UUID}:1-30", False, True), ()).schema_history == ""
    assert rewound(record, 8, RewindOrder(f"{UUID}:1-60", True, False), ()).schema_history == ""


def test_state_does_not_go_back() -> None:
    """What a sum was then isn't kept: refused, unless a new one begins there, of which nobody knows anything beyond it."""
    record = replace(RECORD, state=KeptState("sum/1", (b"7",)))
    with pytest.raises(DataProblem, match="sum/1") as caught:
        plan_rewind("lane", Asked(up_to(30)), place(up_to(30)), situation(record))
    assert caught.value.code.name == "rewind.has_state"
    plan = plan_rewind("lane", Asked(up_to(30), new_state="sum/1"), place(up_to(30)), situation(record))
    taken = rewound(record, 8, plan.order, ())
    assert (taken.frontier, taken.reach, taken.state) == (Frontier(f"{UUID}:1-30"), "", KeptState("sum/1"))


def test_a_new_state_may_begin_where_the_lane_is() -> None:
    """Other rules, an option that was switched on, transactions that a failover lost: the frontier needn't move."""
    for record in (RECORD, replace(RECORD, state=KeptState("sum/1", (b"7",)))):
        plan = plan_rewind("lane", Asked(up_to(50), new_state="sum/1"), place(up_to(50)), situation(record))
        assert rewound(record, 8, plan.order, ()).state == KeptState("sum/1")
    lost = replace(RECORD, frontier=Frontier(f"{UUID}:1-110"), state=KeptState("sum/1", (b"7",)))
    plan = plan_rewind("lane", Asked(up_to(100), new_state="sum/1"), place(up_to(100)), situation(lost))
    assert rewound(lost, 8, plan.order, ()).frontier == Frontier(f"{UUID}:1-100")


def test_state_that_a_sink_keeps_no_more_is_given_up_when_a_person_says_so() -> None:
    """The lane then goes back as one of documents: with its reach."""
    record = replace(RECORD, state=KeptState("sum/1", (b"7",)))
    taken = rewound(record, 8, RewindOrder(f"{UUID}:1-30", False, True, new_state=""), ())
    assert (taken.state, taken.reach) == (None, f"{UUID}:1-51")


def test_a_lane_without_state_has_none_to_begin() -> None:
    """Said, not passed over."""
    with pytest.raises(DataProblem, match="neither now nor"):
        plan_rewind("lane", Asked(up_to(30), new_state=""), place(up_to(30)), situation())
