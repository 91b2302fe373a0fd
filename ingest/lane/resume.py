"""Where a lane's new epoch starts, and how long its tail is: a pure decision.

On the server and under the rules of the last record, exactly the next ``reserve_rows`` row changes may have been
dispatched. From another server (its order of independent transactions differs) or under other rules (rows are counted
differently), or when the record names a reach (it was rewound), the tail is everything up to the source's end, asked
for after no older epoch can send any more. Whether the source is fit at all is ``ingest.failover``'s; what is checked here
again is what must never be wrong.

What a lane whose sink keeps state had dispatched beyond the frontier is forgotten with its state: it has no tail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.frontier import Frontier
from ingest.lane.kept_state import refuse_other_state
from ingest.lane.large import NO_EXEMPTION, Exemption, policy_of
from ingest.problems import DataProblem, declare
from ingest.schema_history.history import History

PURGED = declare(
    "source.purged",
    "The server has purged transactions that the lane still needs.",
    '`ingest replay` reads them from archived binlog files; `on_gap = "resnapshot"` takes the tables\' present state'
    " instead; or use another host that has them.",
)
LOST = declare(
    "source.lost_transactions",
    "The lane applied transactions that this server never had (a failover lost them, or it is another cluster).",
    'Use a host that has them. To go on without them: `on_lost = "continue"` in the lane, then `ingest verify`, which finds'
    " the documents that only the lost transactions changed.",
)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the source says of itself: ``executed`` is its end, asked after fencing."""

    uuid: str
    executed: str
    purged: str


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """``frontier``: ask the source for everything after it. ``tail_rows``: coalesce so many row changes, or, when
    None, all up to ``end`` (both stop at ``end``). A fresh lane has no tail (0). ``reach``: as the record's; this epoch's
    records carry it on until their frontier holds it. ``lost``: what was applied and given up, in all epochs.
    ``exemption``: what isn't dropped, however large. ``stands``: what records name as their frontier until the whole tail is
    applied (None: the true one). A tail that begins with a snapshot has it: the binlog doesn't hold what the snapshot stands
    for, so until then the gap must be found again.
    """

    frontier: Frontier
    tail_rows: int | None
    end: str
    schema_history: str = ""
    applied_rows: int = 0
    reach: str = ""
    lost: str = ""
    exemption: Exemption = NO_EXEMPTION
    stands: Frontier | None = None


def snapshot_point(record: CheckpointRecord | None, start: Frontier, before: GtidSet, after: GtidSet) -> ResumePoint:
    """Where a lane goes on whose gap a snapshot fills, which was taken while the server went from ``before`` to ``after``:
    the rows are in its tail already, and the binlog between the two is the rest of it. ``start``: as configured, for a
    lane without a record."""
    frontier, end = Frontier(str(before)), str(after)
    if record is None:
        return ResumePoint(frontier, None, end, reach=end, stands=start)
    return ResumePoint(frontier, None, end, "", record.applied_rows, end, record.lost, stands=record.frontier)


def resume_point(
    record: CheckpointRecord | None,
    start: Frontier,
    fingerprint: str,
    source: SourceFacts,
    lane: str,
    lost: GtidSet | None = None,
    state: str = "",
    drops: str = "",
) -> ResumePoint:
    """Decide. ``start`` is the configured start, used when there is no record; ``lost``: transactions that are given up;
    ``state``: what the lane's sink keeps; ``drops``: what the lane's policy drops from now on (``LargePolicy.drops``).
    DataProblem when the source has purged or never had what the frontier needs, or the state isn't that of these rules and
    transactions.
    """
    if record is not None:
        refuse_other_state(record, state, lane, fingerprint, lost)
    if record is not None and lost:
        record = without_lost(record, lost)
    frontier = start if record is None else record.frontier
    reach = "" if record is None else record.reach
    _check_source(frontier, reach, source, lane)
    if record is None:
        return ResumePoint(frontier, 0, source.executed)
    bound: int | None = record.reserve_rows
    exemption = _exemption(record, fingerprint, drops)
    if record.fingerprint != fingerprint:
        frontier, bound = Frontier(frontier.executed), None
    elif record.source_uuid != source.uuid or reach or lost:
        bound = None
    elif record.drops and record.drops != drops:
        bound = None  # the rows of what was dropped weren't counted, and now they may be
    if state:
        bound = 0
    history, applied = record.schema_history, record.applied_rows
    return ResumePoint(frontier, bound, source.executed, history, applied, reach, record.lost, exemption)


def _exemption(record: CheckpointRecord, fingerprint: str, drops: str) -> Exemption:
    """What mustn't be dropped: where the policy is another one, or measures other rows, all that may have been applied."""
    same_rules = record.fingerprint == fingerprint
    if not drops:
        return NO_EXEMPTION
    if same_rules and record.drops == drops:
        return Exemption(record.exempt)
    held = GtidSet.parse(record.exempt).union(GtidSet.parse(record.frontier.executed))
    if record.frontier.partial_gtid is not None:
        held = held.union(GtidSet.parse(record.frontier.partial_gtid))
    return Exemption(str(held), tail=True, unless=policy_of(record.drops) if same_rules else None)


def without_lost(record: CheckpointRecord, lost: GtidSet) -> CheckpointRecord:
    """A record that gives transactions up: its frontier holds them no more (a server that lost them uses their numbers
    again), ``lost`` names them. A schema history that they changed isn't the source's any more and is made anew."""
    frontier = record.frontier
    executed = str(GtidSet.parse(frontier.executed).subtract(lost))
    if frontier.partial_gtid is None or frontier.partial_gtid in lost:
        frontier = Frontier(executed)
    else:
        frontier = replace(frontier, executed=executed)
    history = record.schema_history
    if history:
        made_from = History.decode(history)
        history = "" if made_from.snapshot.union(made_from.applied).intersect(lost) else history
    return replace(
        record,
        frontier=frontier,
        reach=str(GtidSet.parse(record.reach).subtract(lost)),
        lost=str(GtidSet.parse(record.lost).union(lost)),
        exempt=str(GtidSet.parse(record.exempt).subtract(lost)),
        schema_history=history,
    )


def _check_source(frontier: Frontier, reach: str, source: SourceFacts, lane: str) -> None:
    held = GtidSet.parse(frontier.executed)
    missing = GtidSet.parse(source.purged).subtract(held)
    if missing:
        raise DataProblem(PURGED, f"purged and not applied: {missing}", {"lane": lane, "server": source.uuid})
    unknown = held.union(GtidSet.parse(reach)).subtract(GtidSet.parse(source.executed))
    if unknown:
        raise DataProblem(LOST, f"applied, but not on the server: {unknown}", {"lane": lane, "server": source.uuid})
