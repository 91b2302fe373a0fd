"""What a host is worth to a lane, by name.

A host may be read from when it has all that the lane may have applied (else the tail would end too soon and documents go
back, invariant 2), has purged nothing that the lane lacks, and passes nothing by (invariant 1). What the others have tells a
hole from an end, and a transaction that only this server knows from one that is on its way.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.failover.facts import HostFacts, LaneNeed
from ingest.problems import DataProblem, Problem

_GTIDS_SHOWN = 400
_UUID = 36


class Standing(enum.Enum):
    """``fit``: may be read from. ``behind``: lacks what may still come to it. ``hole``: lacks what is older than what it
    has of the same server. ``purged``: has thrown away what the lane needs. ``lost``: was promoted, or stands alone, without
    what the lane applied (older than what it has, too, for a lane that goes on without what nobody has any more).
    ``errant``: has transactions that nobody else has. ``foreign``: has nothing of what the lane applied. ``unsure``: a replica
    that may lack what was read from a server that is silent now. ``unreachable``: doesn't answer. ``unfit``: can't be a source
    as it is set up."""

    FIT = "fit"
    BEHIND = "behind"
    HOLE = "hole"
    PURGED = "purged"
    LOST = "lost"
    ERRANT = "errant"
    FOREIGN = "foreign"
    UNSURE = "unsure"
    UNREACHABLE = "unreachable"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One host for one lane. ``gtids``: the transactions that it is about; ``problems``: what the server itself has."""

    host: str
    standing: Standing
    gtids: GtidSet = field(default_factory=GtidSet)
    problems: Sequence[Problem] = ()

    @property
    def why(self) -> str:
        """In words."""
        gtids = shown(self.gtids)
        if self.problems:
            return "; ".join(f"{one.code.name}: {one.what}" for one in self.problems)
        return {
            Standing.FIT: "has all that is needed",
            Standing.BEHIND: f"still lacks {gtids}",
            Standing.HOLE: f"has a hole: it lacks {gtids}, which is older than what it has of the same server",
            Standing.PURGED: f"has purged {gtids}, which isn't applied",
            Standing.LOST: f"takes writes and is no replica, so it will never have {gtids}",
            Standing.ERRANT: f"has {gtids}, which no other host has, though it isn't the one that writes",
            Standing.UNSURE: "may lack what was read last from the server that doesn't answer, and nobody knows what that was",
            Standing.FOREIGN: f"has nothing of {gtids}: it is of another topology, or was reset",
        }.get(self.standing, "")

    def __str__(self) -> str:
        return f"{self.host}: {self.standing.value}: {self.why}"


def shown(gtids: GtidSet) -> str:
    """A GTID set as text of bounded length."""
    text = str(gtids)
    return text if len(text) <= _GTIDS_SHOWN else f"{text[:_GTIDS_SHOWN]}... ({gtids.count()} transactions)"


def judge_hosts(hosts: Sequence[HostFacts], need: LaneNeed) -> tuple[Verdict, ...]:
    """A verdict for each, in their order."""
    strays = {host.host: errant(host, hosts) for host in hosts}
    bound = _bound(hosts, strays, need.unsure_of) if need.unsure_of else None
    if bound is not None:
        need = replace(need, applied=need.applied.union(bound), unsure_of="")
    return tuple(_judge(host, hosts, strays, need) for host in hosts)


def _bound(hosts: Sequence[HostFacts], strays: dict[str, GtidSet], uuid: str) -> GtidSet | None:
    """What can have been read at most: all that the server has; when it isn't among the hosts (it got another server_uuid,
    or the lane was rewound) and all of them answer, all that the one has that has most. None: not known."""
    last = next((host for host in hosts if host.uuid == uuid), None)
    if last is not None:
        return last.executed
    found = GtidSet()
    for host in hosts:
        found = found.union(host.executed.subtract(strays[host.host]))
    return found if _all_answer(hosts) and any(found.issubset(host.executed) for host in hosts) else None


def _judge(host: HostFacts, hosts: Sequence[HostFacts], strays: dict[str, GtidSet], need: LaneNeed) -> Verdict:
    if host.silence is not None:
        refused = isinstance(host.silence, DataProblem)
        return Verdict(host.host, Standing.UNFIT if refused else Standing.UNREACHABLE, problems=(host.silence,))
    if host.unfit.get(need.lane):
        return Verdict(host.host, Standing.UNFIT, problems=tuple(host.unfit[need.lane]))
    if strays[host.host]:
        return Verdict(host.host, Standing.ERRANT, strays[host.host])
    missing = need.applied.subtract(host.executed)
    if missing and not need.applied.intersect(host.executed) and not host.may_receive:
        return Verdict(host.host, Standing.FOREIGN, missing)
    elsewhere = _others_have(host, hosts, strays).union(_silent_may_have(host, hosts, need))
    passed = older_than_newest(missing.union(elsewhere), host.executed)
    if passed and not _is_given_up(passed.intersect(elsewhere), host, hosts, need):
        return Verdict(host.host, Standing.HOLE, passed)
    if missing:
        return Verdict(host.host, Standing.BEHIND if host.may_receive else Standing.LOST, missing)
    if need.unsure_of and host.may_receive:
        return Verdict(host.host, Standing.UNSURE)
    gap = host.purged.subtract(need.held) if need.held is not None else GtidSet()
    if gap:
        return Verdict(host.host, Standing.PURGED, gap)
    return Verdict(host.host, Standing.FIT)


def _all_answer(hosts: Sequence[HostFacts]) -> bool:
    return all(host.silence is None for host in hosts)


def _is_given_up(elsewhere: GtidSet, host: HostFacts, hosts: Sequence[HostFacts], need: LaneNeed) -> bool:
    """Does a lane go on without what a host that writes passed by? If it shall, and nobody has that any more."""
    return need.on_lost == "continue" and not host.may_receive and _all_answer(hosts) and not elsewhere


def _others_have(host: HostFacts, hosts: Sequence[HostFacts], strays: dict[str, GtidSet]) -> GtidSet:
    """What it lacks of the others' transactions; what is errant there isn't the cluster's."""
    found = GtidSet()
    for other in hosts:
        if other is not host and other.silence is None:
            found = found.union(other.executed.subtract(strays[other.host]))
    return found.subtract(host.executed)


def _silent_may_have(host: HostFacts, hosts: Sequence[HostFacts], need: LaneNeed) -> GtidSet:
    """Gaps in what a replica has, which the lane lacks too: while a host is silent nobody can say that there never were such
    transactions. (Replicas may apply in any order: that the lane has later ones says nothing.)"""
    if not host.may_receive or _all_answer(hosts):
        return GtidSet()
    passed, inside = _newest(host.purged), GtidSetBuilder()
    for tsid, last in _newest(host.executed).items():
        first = passed.get(tsid, 0) + 1
        if first <= last:
            inside.add_interval(tsid, first, last)
    return inside.freeze().subtract(host.executed).subtract(need.applied)


def _newest(gtids: GtidSet) -> dict[str, int]:
    """The highest number of each server (and tag)."""
    newest: dict[str, int] = {}
    for tsid, _, last in gtids.intervals():
        newest[tsid] = max(last, newest.get(tsid, 0))
    return newest


def older_than_newest(missing: GtidSet, executed: GtidSet) -> GtidSet:
    """Those of ``missing`` that have a smaller number than the newest executed transaction of the same server (and tag)."""
    newest = _newest(executed)
    older = GtidSetBuilder()
    for tsid, first, last in missing.intervals():
        end = min(last, newest.get(tsid, 0) - 1)
        if first <= end:
            older.add_interval(tsid, first, end)
    return older.freeze()


def is_primary(host: HostFacts, hosts: Sequence[HostFacts]) -> bool:
    """Does it write, without being anybody's replica, and does another host follow it?"""
    return host.silence is None and not host.may_receive and followers(host, hosts) > 0


def followers(host: HostFacts, hosts: Sequence[HostFacts]) -> int:
    """How many of the other hosts replicate from it."""
    return sum(
        any(channel.running and channel.source_uuid == host.uuid for channel in other.channels)
        for other in hosts
        if other is not host and other.silence is None
    )


def errant(host: HostFacts, hosts: Sequence[HostFacts]) -> GtidSet:
    """Transactions of its own that its source lacks, while it is a replica; or that no other host has, while another one is
    the primary that they follow. Its own only: those of other servers may just have come here first."""
    if host.silence is not None:
        return GtidSet()
    others = [other for other in hosts if other is not host and other.silence is None]
    sources = [other for other in others if any(one.source_uuid == other.uuid for one in host.channels if one.running)]
    if not sources and (host.replicates or not any(is_primary(other, hosts) for other in others)):
        return GtidSet()
    extra = _own(host)
    for other in sources or others:
        extra = extra.subtract(other.executed)
    return extra


def _own(host: HostFacts) -> GtidSet:
    """The executed transactions that the server itself wrote, tagged ones included."""
    own = GtidSetBuilder()
    for tsid, first, last in host.executed.intervals():
        if tsid[:_UUID] == host.uuid:
            own.add_interval(tsid, first, last)
    return own.freeze()
