"""What a reader says of its run and of the run's lanes, several times a second: values for whoever supervises it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.binlog.gtid import GtidSet
from ingest.problems import Problem

RESNAPSHOTTING = "resnapshotting"
"""The phase of a lane before its stream, while its tables are read."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """Where a lane is, as its reader sees it. ``joining``: it isn't on the shared strand yet. ``ended``: it has left the
    run, with ``problem``, drained, or dropped. ``seen``: the transactions of which changes may have gone out; ``lost``:
    those that the lane has given up. ``snapshot_rows``: read of its tables so far, while it is ``RESNAPSHOTTING``."""

    lane: str
    epoch: int
    phase: str = "starting"
    frontier: str = ""
    partial_rows: int = 0
    frontier_age_ms: float = 0.0
    read_rows: int = 0
    buffered_rows: int = 0
    buffered_bytes: int = 0
    in_flight: int = 0
    joining: bool = False
    drained: bool = False
    ended: bool = False
    problem: Problem | None = None
    seen: GtidSet = field(default_factory=GtidSet)
    lost: str = ""
    dropped_transactions: int = 0
    dropped_rows: int = 0
    snapshot_rows: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """Where a run is. ``read``: the transactions read to their end, and those held before."""

    lanes: Mapping[str, LaneReport] = field(default_factory=dict)
    host: str = ""
    file: str = ""
    position: int = 0
    transactions: int = 0
    row_changes: int = 0
    bytes_read: int = 0
    commit_us: int = 0
    read: GtidSet = field(default_factory=lambda: GtidSet.parse(""))
