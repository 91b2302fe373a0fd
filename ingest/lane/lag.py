"""How late a parcel's transactions are when the sink has said yes to all of them.

Invariant: a transaction counts once per parcel, however many of its slices hold rows of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ingest.native import core
from ingest.slices import Slice
from ingest.status import LAG_BOUNDS_MS, LagHistogram


def lag_histogram(parts: Sequence[Slice], now_us: int) -> LagHistogram:
    """The lags at ``now_us`` (microseconds since 1970); a clock that is behind the source's gives 0. ValueError when
    packed stamps end within one."""
    native = core()
    found = None
    if native is not None:
        found = native.lags([part.packed_stamps for part in parts], now_us, LAG_BOUNDS_MS)
    return _pure(parts, now_us) if found is None else LagHistogram(tuple(found[0]), found[1])


def _pure(parts: Sequence[Slice], now_us: int) -> LagHistogram:
    counts = [0] * (len(LAG_BOUNDS_MS) + 1)
    sum_ms = 0.0
    for commit_us in {stamp.gtid: stamp.commit_us for part in parts for stamp in part.stamps}.values():
        lag_ms = max(0.0, (now_us - commit_us) / 1000)
        counts[bisect_left(LAG_BOUNDS_MS, lag_ms)] += 1
        sum_ms += lag_ms
    return LagHistogram(tuple(counts), sum_ms)
