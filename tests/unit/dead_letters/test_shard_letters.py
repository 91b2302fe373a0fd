"""A shard with dead letters, from parcels to store, whatever comes in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.config.model import ElasticsearchTableRule
from ingest.dead_letters.breaker import MOSTLY_POISON, TOO_MANY, BreakerLimits
from ingest.dead_letters.letter import QUARANTINED
from ingest.problems import DataProblem, WorldProblem
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.slices import Kind
from tests.kit.letter_world import POLICY, World

Step = Callable[[World], None]

KEYS = st.integers(1, 2)
KINDS = st.sampled_from([Kind.UPDATE, Kind.INSERT, Kind.DELETE])
WHEN = st.sampled_from(["before", "after"])


def write(key: int, bad: bool, kind: Kind, put: int) -> Step:
    def step(world: World) -> None:
        world.commit(key, bad=bad, kind=kind)
        world.put(put)

    return step


def fail_put(count: int, when: str) -> Step:
    return lambda world: world.failing(when, lambda: world.put(count))


def fail_retry(when: str) -> Step:
    return lambda world: world.failing(when, world.retry_all)


WRITES: st.SearchStrategy[Step] = st.builds(write, KEYS, st.booleans(), KINDS, st.integers(0, 3))
COMMANDS: st.SearchStrategy[Step] = st.one_of(
    st.builds(fail_put, st.integers(1, 3), WHEN),
    st.builds(fail_retry, WHEN),
    st.just(lambda world: world.begin_epoch()),
    st.just(lambda world: world.retry_all()),
    st.builds(lambda key: lambda world: world.retry_key(key), KEYS),
    st.builds(lambda key: lambda world: world.drop(key), KEYS),
    st.builds(lambda mended: lambda world: setattr(world.sink, "mended", mended), st.booleans()),
)
STEPS = st.one_of(*[WRITES] * 9, COMMANDS)
"""Two writes to each command (one_of counts the alternatives of what it is given)."""


@given(st.lists(STEPS, min_size=8, max_size=40), st.booleans())
@settings(max_examples=200)
def test_a_retried_key_ends_at_its_newest_version(steps: list[Step], holds: bool) -> None:
    """Invariants 1, 2 and 3: whatever the order of changes, poison, mending, retries, drops, crashes on either side of
    the store's write and replays, no document goes back, no change is lost or becomes two letters, and once all is
    mended and retried every key is at its newest version. With the quarantine and without."""
    world = World(replace(POLICY, holds=holds))
    for step in steps:
        step(world)
    world.settle()


def test_later_changes_wait_behind_a_letter() -> None:
    """The quarantine: what comes after poison isn't sent; of it the newest is kept and stands for the others; a retry
    sends that one only, and closes all; other keys go on."""
    world = World()
    world.commit(1, bad=True)
    world.put(1)
    for _ in range(3):
        world.commit(1)
        world.commit(2)
        world.put(2)
    assert world.sink.tries.count("1") == 1
    assert world.sink.stored["2"][1] == 7
    cause, newest = sorted(world.letters.letters.values(), key=lambda letter: letter.version)
    assert (cause.reason, cause.stamp.position, cause.superseded) == ("mapper_parsing_exception", 1, 0)
    assert (newest.reason, newest.stamp.position, newest.superseded) == (QUARANTINED, 6, 2)
    world.sink.mended = True
    report = world.retry_all()
    assert (report.settled, report.superseded, report.refused) == (1, 3, ())
    assert world.sink.tries.count("1") == 2
    assert world.sink.stored["1"][1] == 6
    world.settle()


def test_a_retry_that_is_poison_again_stays() -> None:
    """The letter keeps its number, counts the attempt and says the sink's new words; the key stays in quarantine."""
    world = World()
    world.commit(1, bad=True)
    world.put(1)
    [before] = world.letters.letters.values()
    report = world.retry_all()
    assert [one.result.reason for one in report.refused] == ["mapper_parsing_exception"]
    [after] = world.letters.letters.values()
    assert (after.number, after.attempts) == (before.number, 1)
    world.commit(1)
    world.put(1)
    assert "1" not in world.sink.stored


def test_a_retry_goes_by_the_rules_of_now() -> None:
    """A rule that leaves the row out by now deletes its document (the sink may hold an older one); one that doesn't take
    the table any more leaves the letter and says so; one that computes another document sends that."""
    world = World()
    world.commit(1)
    world.commit(1, bad=True)
    world.put(1)
    world.put(1)
    target = ElasticsearchTarget(index="{table}")
    world.rule = ElasticsearchTableRule(tables=("other.*",), to=target)
    world.begin_epoch()
    [refused] = world.retry_all().refused
    assert refused.result.reason == "rule_gone"
    world.rule = ElasticsearchTableRule(tables=("shop.*",), where="bad = 0", to=target)
    world.begin_epoch()
    assert world.retry_all().settled == 1
    assert (world.sink.stored, world.sink.seen) == ({}, {"1": 2})
    assert not world.letters.letters


def test_a_replay_in_a_new_epoch_gives_no_second_letter() -> None:
    """Invariant 3: the store has the letter, the frontier hasn't passed it: the same change under a higher version is
    the same letter, and stays the cause."""
    world = World()
    world.commit(1, bad=True)
    world.failing("after", lambda: world.put(1))
    [letter] = world.letters.letters.values()
    assert (letter.epoch, letter.number, letter.reason) == (2, 1, "mapper_parsing_exception")
    assert world.sink.tries == ["1"], "it was in quarantine when it came again"


def test_a_drop_lets_the_key_go_on() -> None:
    """The dropped row doesn't reach the sink; the next change does, in the same epoch."""
    world = World()
    world.commit(1, bad=True)
    world.commit(1)
    world.put(1)
    world.put(1)
    world.drop(1)
    status = world.shard.status().letters
    assert (status.open, status.dropped) == (0, 2)
    assert "1" not in world.sink.stored
    world.commit(1)
    world.put(1)
    assert world.sink.stored["1"][1] == 3


def test_without_a_quarantine_a_later_change_settles() -> None:
    """With quarantine = false: the sink takes the next change, and the letters of the document are closed by it."""
    world = World(replace(POLICY, holds=False))
    world.commit(1, bad=True)
    world.put(1)
    assert len(world.letters.letters) == 1
    world.commit(1)
    world.put(1)
    assert world.sink.stored["1"][1] == 2
    assert not world.letters.letters
    assert world.shard.status().letters.superseded == 1


def test_partial_documents_are_all_kept_and_retried_in_order() -> None:
    """With write = "upsert" no change stands for another: each is a letter, and a retry sends them one by one in the
    order of their versions, up to the first that is poison again."""
    world = World(replace(POLICY, whole=[False]))
    for bad in (True, False, True, False):
        world.commit(1, bad=bad)
        world.put(1)
    assert len(world.letters.letters) == 4
    world.sink.tries.clear()
    report = world.retry_all()
    assert (report.settled, len(report.refused), world.sink.tries) == (0, 1, ["1"])
    world.sink.mended = True
    report = world.retry_all()
    assert (report.settled, report.superseded, world.sink.stored["1"][1]) == (4, 0, 4)


def test_poison_stops_a_lane_that_wants_it() -> None:
    """on_poison = "stop": the problem names the row, and nothing is stored or acknowledged."""
    world = World(replace(POLICY, stops=True))
    world.commit(1, bad=True)
    with pytest.raises(DataProblem, match="mapper_parsing_exception") as caught:
        world.put(1)
    assert caught.value.where["key"] == "1"
    assert caught.value.where["gtid"].endswith(":1")
    assert not world.letters.letters


def test_the_breaker_stops_before_anything_is_stored() -> None:
    """Poison as the rule: the lane stops with counts, the commonest reason and a key, and its letters aren't kept."""
    world = World(replace(POLICY, limits=BreakerLimits(10, 0.2, 100)))
    for key in range(1, 5):
        world.commit(key, bad=True)
    with pytest.raises(DataProblem) as caught:
        world.put(4)
    assert caught.value.code is MOSTLY_POISON
    assert "mapper_parsing_exception" in caught.value.what
    assert not world.letters.letters
    assert world.shard.status().letters.breaker_open


def test_the_breaker_stops_at_too_many_open_letters() -> None:
    """dead_letters_max counts causes, not what waits behind them; a lane that is resumed past it runs until the next."""
    world = World(replace(POLICY, limits=BreakerLimits(1_000, 1.0, 2)))
    for key in (1, 1, 2, 2):
        world.commit(key, bad=True)
        world.put(1)
    world.commit(3, bad=True)
    with pytest.raises(DataProblem) as caught:
        world.put(1)
    assert caught.value.code is TOO_MANY
    world.sink.mended = True
    world.begin_epoch()
    world.settle()


def test_a_retry_needs_a_running_epoch() -> None:
    """A shard whose epoch was ended sends nothing (invariant 4)."""
    world = World()
    world.commit(1, bad=True)
    world.put(1)
    world.shard.end_epoch(world.epochs.epoch)
    with pytest.raises(WorldProblem, match="serves no epoch"):
        world.retry_all()


def test_status_says_what_is_open_and_for_how_long() -> None:
    """Counts and the oldest letter's age, by the clock that is handed in."""
    world = World()
    world.commit(1, bad=True)
    world.commit(1)
    world.put(1)
    world.put(1)
    world.host.now_us += 5_000_000
    status = world.shard.status()
    assert (status.dead_letters, status.letters.open, status.letters.quarantined) == (1, 2, 1)
    assert status.letters.oldest_age_ms == 5_000
    world.sink.mended = True
    world.retry_all()
    status = world.shard.status()
    assert (status.letters.open, status.letters.oldest_age_ms, status.letters.retried) == (0, 0, 1)
