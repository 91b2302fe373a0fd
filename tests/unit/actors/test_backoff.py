"""When a lane starts again."""

from __future__ import annotations

from actors.backoff import DELAYS_MS, HEALTHY_MS, SELDOM_AFTER, SELDOM_MS, Backoff
from ingest.version import EPOCH_MAX


def test_what_fails_at_once_waits_longer_each_time() -> None:
    """A lane that can't start doesn't keep the machine busy, and is tried for ever."""
    backoff = Backoff()
    delays = [backoff.after_failure(100, moved=False) for _ in range(len(DELAYS_MS) + 2)]
    assert delays == [*DELAYS_MS, DELAYS_MS[-1], DELAYS_MS[-1]]


def test_what_has_been_down_for_long_is_asked_less_often() -> None:
    """Each try takes an epoch, and versions have room for four million of them: years, at this pace."""
    backoff = Backoff(failures=SELDOM_AFTER)
    assert backoff.after_failure(100, moved=False) == SELDOM_MS
    assert EPOCH_MAX * SELDOM_MS / 1000 > 3 * 365 * 86_400


def test_a_lane_that_ran_well_starts_again_at_once() -> None:
    """However often its processes are killed, a lane whose frontier moves in between never waits; nor one that ran long."""
    backoff = Backoff()
    assert [backoff.after_failure(1_500, moved=True) for _ in range(20)] == [0.0] * 20
    backoff.after_failure(100, moved=False)
    assert backoff.after_failure(100, moved=False) > 0
    assert backoff.after_failure(HEALTHY_MS, moved=False) == 0.0
