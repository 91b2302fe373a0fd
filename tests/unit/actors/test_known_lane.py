"""How long a lane that left the shared reader stays away."""

from __future__ import annotations

from actors.known_lane import FORGOTTEN_MS, STAYS_MS, KnownLane, Stay
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
