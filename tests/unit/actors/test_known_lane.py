"""How long a lane that left the shared reader stays away."""

from __future__ import annotations

from actors.joining import NEAR_ROWS, NEAR_TRANSACTIONS
from actors.known_lane import FORGOTTEN_MS, STAYS_MS, KnownLane, Stay
from actors.lane_groups import is_near
from actors.run_report import LaneReport, RunReport
from ingest.binlog.gtid import GtidSet
from ingest.status import LaneState


def test_a_lane_that_leaves_again_and_again_stays_away_longer() -> None:
    """Joining costs an epoch, and a lane that falls behind holds the others up: a lane that can't keep up mustn't do so
    every few seconds. One that was well for half an hour begins anew."""
    stay, now_ms, away = Stay(), 0.0, []
    for _ in range(5):
        stay.begin(now_ms)
        waited = 0.0
        while not stay.is_over(now_ms + waited, STAYS_MS):
            waited += 1_000.0
        away.append(waited)
        now_ms += waited
    assert away == [*STAYS_MS, STAYS_MS[-1]]
    now_ms += FORGOTTEN_MS + 1
    stay.begin(now_ms)
    assert stay.is_over(now_ms + STAYS_MS[0], STAYS_MS)


def test_what_a_person_said_overrules_what_a_group_reports() -> None:
    """A lane that was paused while it started stays paused, whatever its start still reports; one that is being drained
    may fail and start again, but isn't RUNNING before it is drained."""
    for state in LaneState:
        assert KnownLane(LaneState.PAUSED).is_told_to_rest(state)
        assert not KnownLane(LaneState.STARTING).is_told_to_rest(state)
    assert KnownLane(LaneState.DRAINING).is_told_to_rest(LaneState.RUNNING)
    assert not KnownLane(LaneState.DRAINING).is_told_to_rest(LaneState.BACKOFF)


def test_when_a_lane_is_near() -> None:
    """A lane joins when few transactions are missing, and not from within a large one: it would read the rest of that inside
    the shared reader, be late, and leave again."""
    uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"

    def run(last: int, partial_rows: int = 0, host: str = "h") -> RunReport:
        lanes = {"a": LaneReport("a", 1, partial_rows=partial_rows)}
        return RunReport(lanes, host, read=GtidSet.parse(f"{uuid}:1-{last}"))

    shared = run(10_000)
    assert is_near("a", run(10_000 - NEAR_TRANSACTIONS, NEAR_ROWS), shared)
    assert not is_near("a", run(9_999 - NEAR_TRANSACTIONS), shared)
    assert not is_near("a", run(10_000, NEAR_ROWS + 1), shared)
    assert not is_near("a", run(10_000), run(10_000, host=""))
