"""Whether a lane may go to a place, what that means, and the record that takes it there.

A rewound record holds the older frontier, and as its reach all that the old frontier held: the source of the next epoch
must have that, and its tail goes to the source's end. The schema history must be that of the older point: the record's own
while no statement in between changed it, else one that the store kept, else (where the server's table maps say everything)
none; else it is refused before anything happens.

State that a sink keeps (``ingest.sinks.state``) can't be taken back: what it was then isn't kept. So a lane with state goes
back only with a new one, which begins empty at the new frontier; nothing beyond that is known to anybody then, so there is
no reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.lane.frontier import Frontier
from ingest.lane.resume import LOST, SourceFacts
from ingest.problems import DataProblem, declare
from ingest.rewind.boundary import Place
from ingest.rewind.moment import Moment
from ingest.schema_history.history import History

NO_RECORD = declare(
    "rewind.no_record",
    "The lane has no frontier yet, so it can't be taken back.",
    "Set the lane's `start` in the configuration.",
)
AHEAD = declare(
    "rewind.ahead",
    "The lane hasn't applied all that it would hold then.",
    "Name an older point. --skip takes it forward all the same: what lies between is never applied.",
)
NOTHING = declare("rewind.nothing", "The lane is at that point.", "Name an older point.")
SCHEMAS_UNKNOWN = declare(
    "rewind.schemas_unknown",
    "Tables were changed since the point, and how they were then isn't known.",
    "Name a point behind the statements listed. With binlog_row_metadata=FULL (MySQL 8.0.1 and newer) the binlog says it.",
)
HAS_STATE = declare(
    "rewind.has_state",
    "The lane's sink keeps state (sums since the lane began), and what it was at the older point isn't kept.",
    "--new-state begins a new one there: it then holds what comes after that point, and nothing before. Or replay what is"
    " wanted into a lane of its own (`ingest replay --into`).",
)
NO_STATE = declare("rewind.no_state", "The lane's sink keeps no state.", "Leave --new-state out.")
CHANGED = declare(
    "rewind.changed",
    "The lane's frontier isn't what it was when the rewind was shown.",
    "Somebody else has moved the lane: look at `ingest status`, and ask again.",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for. ``skip``: forward too, and what is between is never applied. ``new_state``: as in
    ``RewindOrder``."""

    point: GtidSet | Moment
    skip: bool = False
    new_state: str | None = None


@dataclass(frozen=True, slots=True)
class RewindOrder:
    """What is carried out: GTID set text of the new frontier. ``self_describing``: the server's table maps say
    everything, so that a lane without a schema history can be read. ``new_state``: the name of the state that the lane's sink
    keeps and that begins anew, "" when it keeps none any more; None: nobody said so."""

    frontier: str
    skip: bool
    self_describing: bool
    new_state: str | None = None


@dataclass(frozen=True, slots=True)
class RewindPlan:
    """What is shown before it happens. ``again``: the transactions that are read again; ``never``: those passed over,
    never to be applied; ``until``: the source's end now, up to which nothing of it is seen; ``again_files``,
    ``again_bytes``: about how much binlog that is. ``gaps``: how many transactions of the set that was asked for come
    behind one that it lacks, and are read again too."""

    lane: str
    epoch: int
    old: Frontier
    new: str
    again: GtidSet
    never: GtidSet
    until: str
    again_files: int
    again_bytes: int
    gaps: int
    order: RewindOrder


@dataclass(frozen=True, slots=True)
class Situation:
    """What the store and the source say. ``kept``: the schema histories that the store kept; ``file_bytes``: the sizes
    of the source's binlogs, oldest first."""

    record: CheckpointRecord | None
    kept: Sequence[str]
    source: SourceFacts
    self_describing: bool
    file_bytes: Sequence[int]


def plan_rewind(lane: str, asked: Asked, place: Place, found: Situation) -> RewindPlan:
    """What would happen. DataProblem when it can't: names why, and what could be."""
    record = found.record
    if record is None:
        raise DataProblem(NO_RECORD, f"lane {lane} has never run", {"lane": lane})
    if asked.new_state == "" and record.state is None:
        raise DataProblem(NO_STATE, "neither now nor in its record", {"lane": lane})
    executed = GtidSet.parse(found.source.executed)
    held = GtidSet.parse(record.frontier.executed)
    lost = held.union(GtidSet.parse(record.reach)).subtract(executed)
    if lost and not asked.new_state:
        raise DataProblem(LOST, f"applied, but not on the server: {lost}", {"lane": lane, "server": found.source.uuid})
    new = _new_frontier(lane, asked, place.held, held)
    order = RewindOrder(str(new), asked.skip, found.self_describing, asked.new_state)
    rewound(record, record.epoch + 1, order, found.kept)
    asked_for = asked.point if isinstance(asked.point, GtidSet) else new
    sizes = found.file_bytes[place.file_number :]
    return RewindPlan(
        lane=lane,
        epoch=record.epoch,
        old=record.frontier,
        new=str(new),
        again=executed.subtract(new),
        never=new.subtract(held),
        until=found.source.executed,
        again_files=len(sizes) if place.first else 0,
        again_bytes=max(0, sum(sizes) - place.position) if place.first else 0,
        gaps=asked_for.subtract(new).count(),
        order=order,
    )


def _new_frontier(lane: str, asked: Asked, before: GtidSet, held: GtidSet) -> GtidSet:
    where = {"lane": lane}
    if asked.skip:
        new = before
    else:
        new = before.intersect(held)
        ahead = (asked.point if isinstance(asked.point, GtidSet) else before).subtract(held)
        if ahead and (isinstance(asked.point, GtidSet) or new == held):
            text = f"{ahead.count():,} transactions before that point aren't applied yet: {ahead}"
            raise DataProblem(AHEAD, text, where)
    if new == held and asked.new_state is None:
        raise DataProblem(NOTHING, f"the frontier is {new} already", where)
    return new


def rewound(record: CheckpointRecord, epoch: int, order: RewindOrder, kept: Sequence[str]) -> CheckpointRecord:
    """The record of ``epoch`` that takes a lane to the ordered frontier. DataProblem ``rewind.changed`` when the lane
    isn't where it was, ``rewind.has_state``, ``rewind.schemas_unknown``."""
    if record.state is not None and order.new_state is None:
        raise DataProblem(HAS_STATE, f"it keeps {record.state.name}", {"lane": record.lane})
    held = GtidSet.parse(record.frontier.executed)
    new = GtidSet.parse(order.frontier)
    beyond = new.subtract(held)
    if beyond and not order.skip:
        raise DataProblem(CHANGED, f"the frontier doesn't hold {beyond} any more", {"lane": record.lane})
    reach = held.union(GtidSet.parse(record.reach))
    if record.frontier.partial_gtid is not None:
        reach = reach.union(GtidSet.parse(record.frontier.partial_gtid))
    return replace(
        record,
        epoch=epoch,
        frontier=Frontier(str(new)),
        reach="" if order.new_state else str(reach),
        source_uuid="",  # no server's order: row changes counted in one mean nothing from here
        schema_history=_history_at(new, beyond, record, order, kept),
        state=KeptState(order.new_state) if order.new_state else None,
    )


def _history_at(
    new: GtidSet, beyond: GtidSet, record: CheckpointRecord, order: RewindOrder, kept: Sequence[str]
) -> str:
    """The encoded schema history at a frontier. Where transactions are passed over, statements may be among them: the
    schemas are then read anew ("")."""
    if not record.schema_history or beyond:
        return ""
    newest = History.decode(record.schema_history)
    if newest.applied.issubset(new):
        return record.schema_history
    wanted = newest.applied.intersect(new)
    for text in kept:
        history = History.decode(text)
        if history.snapshot == newest.snapshot and history.applied == wanted:
            return text
    if order.self_describing:
        return ""
    later = newest.applied.subtract(new)
    raise DataProblem(SCHEMAS_UNKNOWN, f"statements behind that point changed tables: {later}", {"lane": record.lane})
