"""actors.cli.meter: totals that survive restarts, and rates over the last seconds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.cli.meter import WINDOW_S, LaneReading, Meter
from ingest.status import LagHistogram, LaneStatus, ProcessStatus, ShardStatus
from tests.kit.statuses import cluster, lag, lane, shard


def process(pid: int) -> ProcessStatus:
    return ProcessStatus("shard", "n", pid, 0, 0.0)


def counting(events: int, pid: int = 1, histogram: LagHistogram | None = None) -> ShardStatus:
    return shard(
        0, events, process=process(pid), lag=histogram or LagHistogram(), dead_letters=0, dropped={}, retries={}
    )


def reading(meter: Meter, now_s: float, *shards: ShardStatus, read: int = 0) -> LaneReading:
    status: LaneStatus = lane(shards=shards, read_rows=read)
    (found,) = meter.update([cluster("parcels", status)], now_s)
    return found


def test_rates_are_over_the_window() -> None:
    """Rows a second between the oldest status still in the window and the newest."""
    meter = Meter()
    assert reading(meter, 0.0, counting(0)).applied_per_s == 0
    assert reading(meter, 1.0, counting(100), read=50).applied_per_s == 100
    assert reading(meter, 2.0, counting(400), read=200).applied_per_s == 200
    found = reading(meter, 2.0 + WINDOW_S, counting(400), read=200)
    assert (found.applied_per_s, found.read_per_s) == (0, 0)
    assert (found.totals.applied, found.totals.read) == (400, 200)


def test_lag_is_of_the_window_and_absent_without_transactions() -> None:
    """Old lags don't weigh on new ones; when nothing was committed there is no lag rather than an old one."""
    meter = Meter()
    reading(meter, 0.0, counting(0))
    found = reading(meter, 1.0, counting(1, histogram=lag(b1000=100)))
    assert (found.lag_p50_ms, found.lag_p99_ms) == (850, 997)
    found = reading(meter, 1.0 + WINDOW_S, counting(2, histogram=lag(b1000=100, b5=100)))
    assert found.lag_p99_ms is not None
    assert found.lag_p99_ms <= 5
    assert reading(meter, 2.0 + 2 * WINDOW_S, counting(2, histogram=lag(b1000=100, b5=100))).lag_p50_ms is None


def test_a_new_process_counts_from_zero_even_when_it_is_already_ahead() -> None:
    """The pid tells a restart where the numbers don't."""
    meter = Meter()
    reading(meter, 0.0, counting(10, pid=1))
    assert reading(meter, 1.0, counting(25, pid=2)).totals.applied == 35


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=5), min_size=1, max_size=5))
def test_totals_are_the_sum_over_all_runs(runs: list[list[int]]) -> None:
    """Whatever a shard's processes counted, one after another, the total is the sum of what each did."""
    meter = Meter()
    now_s, found, expected = 0.0, None, 0
    for pid, increments in enumerate(runs):
        counted = 0
        for increment in increments:
            counted += increment
            now_s += 1
            found = reading(meter, now_s, counting(counted, pid), read=expected + counted)
        expected += counted
    assert found is not None
    assert found.totals.applied == expected
    assert found.totals.read == expected


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_rates_are_never_negative(counts: list[int]) -> None:
    """A counter that falls (a restart that nobody noticed) gives no negative rate."""
    meter = Meter()
    for now_s, count in enumerate(counts):
        found = reading(meter, float(now_s), counting(count), read=count)
        assert found.applied_per_s >= 0
        assert found.read_per_s >= 0


def test_lanes_of_several_clusters_are_told_apart() -> None:
    """Two clusters may have lanes of one name."""
    meter = Meter()
    one, two = cluster("a", lane(shards=(counting(5),))), cluster("b", lane(shards=(counting(7),)))
    meter.update([one, two], 0.0)
    grown = replace(two, lanes=(lane(shards=(counting(17),)),))
    assert [found.totals.applied for found in meter.update([one, grown], 1.0)] == [5, 17]
