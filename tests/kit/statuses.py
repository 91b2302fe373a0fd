"""A status as a running pipeline gives it, with every field filled in, for tests of what shows it."""

from __future__ import annotations

from ingest.status import (
    LAG_BOUNDS_MS,
    ClusterStatus,
    LagHistogram,
    LaneState,
    LaneStatus,
    LetterStatus,
    ProcessStatus,
    ReaderStatus,
    ShardStatus,
)

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def lag(**count_by_bound_ms: int) -> LagHistogram:
    """A histogram from ``b<bound>=count`` (milliseconds, ``_`` for the point), e.g. ``lag(b5=3, b0_5=1)``; the sum
    is as if each lag were its bound."""
    counts = [0] * (len(LAG_BOUNDS_MS) + 1)
    total = 0.0
    for name, count in count_by_bound_ms.items():
        bound = float(name[1:].replace("_", "."))
        counts[LAG_BOUNDS_MS.index(bound)] = count
        total += bound * count
    return LagHistogram(tuple(counts), total)


def shard(number: int = 0, events: int = 100, **more: object) -> ShardStatus:
    """A shard that has seen everything."""
    fields: dict[str, object] = {
        "epoch": 3,
        "state": "running",
        "upserts": 90,
        "deletes": 7,
        "bytes_sent": 65_536,
        "requests": 12,
        "retries": {"429": 2, "timeout": 1},
        "dropped": {"filtered": 3, "newer": 1},
        "nulled": 4,
        "dead_letters": 5,
        "letters": LetterStatus(3, 90_000.0, 11, 6, 7, 8, breaker_open=False),
        "lag": lag(b5=80, b20=15, b300000=5),
        "process": ProcessStatus("shard", "node-1", 4711 + number, 120_000_000, 3.5),
    }
    return ShardStatus(number, events=events, **{**fields, **more})  # type: ignore[arg-type]


def lane(name: str = "orders-search", sink: str = "search", **more: object) -> LaneStatus:
    """A running lane of two shards."""
    fields: dict[str, object] = {
        "state": LaneState.RUNNING,
        "epoch": 3,
        "frontier": f"{UUID}:1-5000",
        "partial_rows": 8,
        "frontier_age_ms": 250.0,
        "read_rows": 230,
        "buffered_rows": 9,
        "buffered_bytes": 1_800,
        "in_flight": 2,
        "restarts": 1,
        "shards": (shard(0, 100), shard(1, 121)),
        "checkpoint": ProcessStatus("checkpointer", "node-1", 4800, 90_000_000, 0.25),
    }
    return LaneStatus(name, sink, **{**fields, **more})  # type: ignore[arg-type]


def cluster(name: str = "parcels", *lanes: LaneStatus) -> ClusterStatus:
    """A cluster with one reader; one running lane unless others are given."""
    shown = lanes or (lane(),)
    reader = ReaderStatus(
        lanes=tuple(one.lane for one in shown),
        host="127.0.0.1:3306",
        file="binlog.000007",
        position=123_456,
        transactions=5_003,
        row_changes=20_000,
        bytes_read=9_000_000,
        commit_us=1_763_724_000_500_000,
        source_executed=f"{UUID}:1-5010",
        behind=7,
        process=ProcessStatus("reader", "node-1", 4700, 150_000_000, 12.25),
    )
    supervisor = ProcessStatus("supervisor", "node-1", 4600, 80_000_000, 1.5)
    return ClusterStatus(name, "9f2c41d0", shown, (reader,), supervisor, ("127.0.0.1:9100",))
