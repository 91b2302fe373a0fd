"""What the hosts of a cluster said of themselves, and what a lane needs of the one that it goes on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.mysql.facts import ReplicaChannel
from ingest.problems import Problem

OnLost = Literal["stop", "continue"]
OnGap = Literal["stop", "resnapshot"]
Preference = Literal["primary", "replica", "order"]


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One configured host, as it answered. ``silence``: why nothing is known of it (then only ``host`` means something).
    ``read_only``: super_read_only counts too. ``unfit``: by lane, what keeps the server from being its source at all."""

    host: str
    uuid: str = ""
    executed: GtidSet = field(default_factory=GtidSet)
    purged: GtidSet = field(default_factory=GtidSet)
    read_only: bool = False
    channels: Sequence[ReplicaChannel] = ()
    silence: Problem | None = None
    unfit: Mapping[str, Sequence[Problem]] = field(default_factory=dict)

    @property
    def replicates(self) -> bool:
        """Does it apply what another server wrote, now?"""
        return any(channel.running for channel in self.channels)

    @property
    def may_receive(self) -> bool:
        """May transactions of other servers still come to it? A writable server without a running channel was promoted,
        or stands alone; one that is read-only may be made a replica again (or is a member of a group, without channel)."""
        return self.replicates or self.read_only


@dataclass(frozen=True, slots=True)
class LaneNeed:
    """``held``: the frontier; None for a lane that begins wherever the host does. ``applied``: what it holds and what may
    have been applied beyond it, as far as that is known: the host must have all of it. ``unsure_of``: the server that the
    last epoch read from, when nobody remembers how far ("": it is known)."""

    lane: str
    held: GtidSet | None
    applied: GtidSet
    on_lost: OnLost = "stop"
    on_gap: OnGap = "stop"
    unsure_of: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a supervisor remembers of what its readers read for a lane and may have handed out: records know that by count
    only. ``epoch``: the last epoch of which it heard to the end; of a later one something may be missing."""

    seen: GtidSet = field(default_factory=GtidSet)
    epoch: int = 0

    def plus(self, seen: GtidSet, epoch: int) -> Memory:
        """With what a report said; ``epoch``: 0 when it wasn't the epoch's last report."""
        return Memory(self.seen.union(seen), max(self.epoch, epoch))


def need_of(
    lane: str, record: CheckpointRecord | None, start: str, memory: Memory, on_lost: OnLost, on_gap: OnGap
) -> LaneNeed:
    """What a lane needs. ``start``: as configured, for a lane without a record. What was given up as lost is needed no
    more. (An epoch that handed anything out has written a record before.)"""
    if record is None:
        held = None if start in ("oldest", "now") else GtidSet.parse(start)
        return LaneNeed(lane, held, held or GtidSet(), on_lost, on_gap)
    held = GtidSet.parse(record.frontier.executed)
    beyond = memory.seen.subtract(GtidSet.parse(record.lost)).union(GtidSet.parse(record.reach))
    if record.frontier.partial_gtid is not None:
        beyond = beyond.union(GtidSet.parse(record.frontier.partial_gtid))
    unsure_of = "" if record.epoch <= memory.epoch else record.source_uuid or "an unknown server"
    return LaneNeed(lane, held, held.union(beyond), on_lost, on_gap, unsure_of)
