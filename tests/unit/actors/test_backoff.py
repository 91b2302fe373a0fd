"""When a lane starts again."""

from __future__ import annotations

from actors.backoff import DELAYS_MS, HEALTHY_MS, Backoff


def test_what_fails_at_once_waits_longer_each_time() -> None:
    """A lane that can't start doesn't keep the machine busy, and is tried for ever."""
    backoff = Backoff()
    delays = [backoff.after_failure(100, moved=False) for _ in range(len(DELAYS_MS) + 2)]
    assert delays == [*DELAYS_MS, DELAYS_MS[-1], DELAYS_MS[-1]]


def test_a_lane_that_ran_well_starts_again_at_once() -> None:
    """However often its processes are killed, a lane whose frontier moves in between never waits; nor one that ran long."""
    backoff = Backoff()
    assert [backoff.after_failure(1_500, moved=True) for _ in range(20)] == [0.0] * 20
    backoff.after_failure(100, moved=False)
    assert backoff.after_failure(100, moved=False) > 0
    assert backoff.after_failure(HEALTHY_MS, moved=False) == 0.0
