"""From verdicts to a decision: which host the stream is opened on, for which lanes, and what becomes of the others.

A host that is fit for a lane beats one that isn't; among those, the preferred role, then the host that more of the others
follow, then the one that is read from already, then the one with most transactions, then the configured order. A lane for
which no host will do waits (it may heal: a host is silent, lags, or is being filled) or stops (all answer, and none ever
will; or the cluster has a writer that lost what the lane applied). A lane's verdict is its own (invariant 7).

A lane whose gap a snapshot is to fill is opened alone, on a host that has purged what it needs: the others of its reader
needn't wait for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.binlog.gtid import GtidSet
from ingest.failover.facts import HostFacts, LaneNeed, Preference
from ingest.failover.verdict import Standing, Verdict, followers, judge_hosts, shown
from ingest.lane.resume import LOST, PURGED
from ingest.problems import DataProblem, Problem, ProblemCode, WorldProblem, declare

WAITS = declare(
    "source.waits",
    "No host of the cluster has all that the lane needs, but one may come to have it.",
    "Nothing to do when a host comes back or a replica catches up. Else mend what is said of each host; or take those that"
    " are gone for good out of the cluster's `hosts`.",
)
HOLE = declare(
    "source.hole",
    "A host lacks transactions in the middle of what it has, as after an incomplete restore.",
    "Rebuild that host from the primary. Until then use another: name one in the cluster's `hosts` that has them.",
)
ERRANT = declare(
    "source.errant",
    "A host has transactions that no other one has, though it isn't the one that writes.",
    "Find out what they are (mysqlbinlog --include-gtids), then rebuild the host, or bring them to the primary.",
)
ELSEWHERE = declare(
    "source.elsewhere",
    "A lane needs another host than the lanes that share its reader.",
    "Nothing to do: it goes on with a reader of its own.",
)
RESNAPSHOTS = declare(
    "source.resnapshots",
    "Every host has purged what a lane needs, so it takes its tables' present state, with a reader of its own.",
    'Nothing to do. Without `on_gap = "resnapshot"` the lane would stop.',
)
MOVED = declare(
    "source.moved",
    "The stream goes to another host: its own was demoted, is gone, or isn't the one to read from any more.",
    "Nothing to do: the lanes go on in a new epoch.",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """``host``: the one to open, None when it is none. ``lanes``: those to run on it, each with what it gives up as lost
    (nothing, but for ``on_lost = "continue"``). ``refused``: the problem of each other lane. ``verdicts``: of every host, by
    lane. ``gap``: what the host has purged that the one lane needs; a snapshot is to stand for it."""

    host: str | None
    lanes: Mapping[str, GtidSet] = field(default_factory=dict)
    refused: Mapping[str, Problem] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[Verdict]] = field(default_factory=dict)
    gap: GtidSet = field(default_factory=GtidSet)

    @property
    def is_grave(self) -> bool:
        """Does a lane stop or give something up? (Look twice before: a server shows what it just wrote a moment late.)"""
        doubtful = {LOST, HOLE, ERRANT}
        return any(self.lanes.values()) or any(one.code in doubtful for one in self.refused.values())


def choose(hosts: Sequence[HostFacts], needs: Sequence[LaneNeed], prefer: Preference, current_uuid: str) -> Choice:
    """Decide. ``hosts``: in the configured order; ``current_uuid``: the server that is or was read from, "" for none."""
    verdicts = {need.lane: judge_hosts(hosts, need) for need in needs}
    usable = {need.lane: _usable(verdicts[need.lane], need) for need in needs}
    place = {host.host: number for number, host in enumerate(hosts)}

    def rank(host: HostFacts) -> tuple[object, ...]:
        served = sum(host.host in of_lane for of_lane in usable.values())
        there = host.uuid != current_uuid
        if prefer == "order":
            return (-served, there, place[host.host])
        return (_role(host, prefer), -_followed(host, hosts, prefer), -served, there, -host.executed.count(),
                place[host.host])  # fmt: skip

    gaps: Mapping[str, GtidSet] = {}
    if not any(usable.values()):
        lane, gaps = _first_gap(needs, verdicts, hosts)
        usable[lane] = dict.fromkeys(gaps, GtidSet())
    candidates = [host for host in hosts if any(host.host in of_lane for of_lane in usable.values())]
    chosen = min(candidates, key=rank).host if candidates else None
    return Choice(
        chosen,
        {lane: of_lane[chosen] for lane, of_lane in usable.items() if chosen in of_lane} if chosen else {},
        {
            need.lane: _refusal(need, verdicts[need.lane], hosts, elsewhere=list(usable[need.lane]))
            for need in needs
            if chosen not in usable[need.lane]
        },
        verdicts,
        gaps.get(chosen or "", GtidSet()),
    )


def better_host(
    hosts: Sequence[HostFacts], needs: Sequence[LaneNeed], prefer: Preference, current_uuid: str
) -> str | None:
    """The host that a running stream should go to: one that serves every lane of it without loss, and that is preferred to
    the current one, or the current one is not to be read from any more. None: stay."""
    found = choose(hosts, needs, prefer, current_uuid)
    if found.host is None or len(found.lanes) < len(needs) or any(found.lanes.values()):
        return None
    chosen = next(host for host in hosts if host.host == found.host)
    return None if chosen.uuid == current_uuid else found.host


def _usable(verdicts: Sequence[Verdict], need: LaneNeed) -> dict[str, GtidSet]:
    """The hosts that a lane can go on from, each with what it gives up there."""
    fit = {one.host: GtidSet() for one in verdicts if one.standing is Standing.FIT}
    if fit or need.on_lost == "stop":
        return fit
    return {one.host: one.gtids for one in verdicts if one.standing is Standing.LOST}


def _first_gap(
    needs: Sequence[LaneNeed], verdicts: Mapping[str, Sequence[Verdict]], hosts: Sequence[HostFacts]
) -> tuple[str, dict[str, GtidSet]]:
    """The first lane whose gap a snapshot may fill, and on which hosts."""
    for need in needs:
        gaps = _gaps(verdicts[need.lane], need, hosts)
        if gaps:
            return need.lane, gaps
    return needs[0].lane, {}


def _gaps(verdicts: Sequence[Verdict], need: LaneNeed, hosts: Sequence[HostFacts]) -> dict[str, GtidSet]:
    """The hosts on which a snapshot may stand for what they have purged, each with that; none where a host may still
    come to serve, or a person has to look."""
    is_lost = any(one.standing is Standing.LOST for one in verdicts)
    if need.on_gap == "stop" or is_lost or _may_come_to_serve(verdicts, need, hosts):
        return {}
    return {one.host: one.gtids for one in verdicts if one.standing is Standing.PURGED}


def _may_come_to_serve(verdicts: Sequence[Verdict], need: LaneNeed, hosts: Sequence[HostFacts]) -> bool:
    """Is there a host that may have all that the lane needs some day? One that lags and has purged it won't."""
    known = {host.host: host for host in hosts}
    for one in verdicts:
        host = known[one.host]
        is_filled = one.standing is Standing.HOLE and host.replicates
        has_purged = need.held is not None and bool(host.purged.subtract(need.held))
        lags = one.standing in {Standing.BEHIND, Standing.UNSURE} or is_filled
        if one.standing is Standing.UNREACHABLE or (lags and not has_purged):
            return True
    return False


def _role(host: HostFacts, prefer: Preference) -> int:
    if prefer == "replica":
        return 0 if host.replicates else 1
    if host.read_only:
        return 2
    return 1 if host.replicates else 0


def _followed(host: HostFacts, hosts: Sequence[HostFacts], prefer: Preference) -> int:
    """Of those that write alone; a replica that others follow is no better for that."""
    return followers(host, hosts) if prefer == "primary" and not host.may_receive else 0


def _refusal(
    need: LaneNeed, verdicts: Sequence[Verdict], hosts: Sequence[HostFacts], elsewhere: Sequence[str]
) -> Problem:
    where = {"lane": need.lane}
    if elsewhere:
        return WorldProblem(ELSEWHERE, f"it goes on from {elsewhere[0]}; {_all(verdicts)}", where)
    standings = {one.standing for one in verdicts}
    if standings <= {Standing.UNREACHABLE, Standing.UNFIT}:
        return _servers_own(verdicts).with_where(**where)
    if Standing.LOST in standings:
        return _stop(LOST, "applied, but not on the server", Standing.LOST, verdicts, where)
    if Standing.PURGED in standings and not _may_come_to_serve(verdicts, need, hosts):
        if need.on_gap == "resnapshot":
            return WorldProblem(RESNAPSHOTS, f"it begins alone: {_all(verdicts)}", where)
        return _stop(PURGED, "purged and not applied", Standing.PURGED, verdicts, where)
    if standings & {Standing.UNREACHABLE, Standing.BEHIND, Standing.UNSURE} or _is_being_filled(verdicts, hosts):
        lacking = GtidSet()
        for one in verdicts:
            lacking = lacking.union(one.gtids) if one.standing in {Standing.BEHIND, Standing.HOLE} else lacking
        what = f"waits for {shown(lacking)}" if lacking else "waits for a host"
        return WorldProblem(WAITS, f"{what}: {_all(verdicts)}", where)
    if Standing.HOLE in standings:
        return _stop(HOLE, "older transactions are missing", Standing.HOLE, verdicts, where)
    if Standing.ERRANT in standings:
        return _stop(ERRANT, "nobody else has", Standing.ERRANT, verdicts, where)
    return _stop(LOST, "applied, but not on the server", Standing.FOREIGN, verdicts, where)


def _is_being_filled(verdicts: Sequence[Verdict], hosts: Sequence[HostFacts]) -> bool:
    """Has a replica that applies transactions side by side a hole for a moment?"""
    receiving = {host.host for host in hosts if host.replicates}
    return any(one.standing is Standing.HOLE and one.host in receiving for one in verdicts)


def _stop(
    code: ProblemCode, lead: str, standing: Standing, verdicts: Sequence[Verdict], where: Mapping[str, str]
) -> Problem:
    first = next(one for one in verdicts if one.standing is standing)
    others = f"; {_all(verdicts)}" if len(verdicts) > 1 else ""
    return DataProblem(code, f"{lead}: {shown(first.gtids)}{others}", {**where, "host": first.host})


def _servers_own(verdicts: Sequence[Verdict]) -> Problem:
    """Hosts that don't answer or can't be sources: the problem of the first that may heal, else of the first, with all
    that is wrong with it."""
    problems = [problem for one in verdicts for problem in one.problems]
    own = verdicts[0].problems
    if len(own) > 1 and all(isinstance(one, DataProblem) for one in problems):
        return DataProblem(own[0].code, verdicts[0].why, own[0].where, "\n".join(one.hint for one in own))
    leading = next((one for one in problems if isinstance(one, WorldProblem)), problems[0])
    if len(verdicts) == 1:
        return leading
    return type(leading)(leading.code, f"no host can be read from: {_all(verdicts)}", leading.where, leading.hint)


def _all(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(map(str, verdicts))
