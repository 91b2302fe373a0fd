"""A lane's state between its record and its shards: what may be continued, and one shard's keeping of it.

    record --refuse_other_state (reader and shard)--> StateKeeper.open --> put: applied, at_barrier --> bytes for the record
    record is durable --> shown --> requests

Invariant: a state is continued only from the very frontier, rules and form that it was kept with; else the lane stops by
name, and a person begins a new state with ``ingest rewind --new-state``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.cuts import DurableState
from ingest.problems import DataProblem, declare
from ingest.version import version_of

if TYPE_CHECKING:
    from ingest.lane.applier import Applied
    from ingest.sinks.contract import Request
    from ingest.sinks.state import SinkState

_ANEW = (
    "`ingest rewind CONFIG --to POINT --new-state` begins a new state: it holds what comes after that point, and nothing"
    " before."
)
MISSING = declare(
    "state.missing",
    "The lane's sink keeps state, and the lane's record has none: what was applied before isn't in it.",
    f"{_ANEW} Or give the lane another name: it then begins with its `start`.",
)
UNWANTED = declare(
    "state.unwanted",
    "The lane's record holds state that its sink doesn't keep any more.",
    "Bring the sink's option back. `ingest rewind CONFIG --to POINT --new-state` gives the state up.",
)
FOREIGN = declare(
    "state.of_another_form",
    "The lane's record holds state that this sink, or this version, can't read.",
    f"Go back to what wrote it. {_ANEW}",
)
OTHER_RULES = declare(
    "state.of_other_rules",
    "The lane's rules were changed, and its state is of the old ones.",
    f"Bring the old rules back. {_ANEW} Or give the lane another name.",
)
HOLDS_LOST = declare(
    "state.holds_lost_transactions",
    "The lane's state holds transactions that a failover lost, and their part can't be taken out of it.",
    f"Use a host that has them. {_ANEW}",
)
TOO_LARGE = declare(
    "state.too_large",
    "A shard's state is larger than its part of `checkpoint.state_bytes`.",
    "Raise `checkpoint.state_bytes`, or let the sink keep less (fewer tables, coarser groups). The lane goes on from its last"
    " record then, and nothing is lost.",
)
NOT_SHOWN = declare(
    "state.not_shown",
    "The sink refused for good what was to be shown of a lane's state.",
    "Look at the sink's answer; mend its mapping or rights, then `ingest resume`.",
)


def refuse_other_state(
    record: CheckpointRecord, name: str, lane: str, fingerprint: str | None = None, lost: GtidSet | None = None
) -> None:
    """DataProblem when a lane whose sink keeps state ``name`` ("": none) can't go on from this record. ``fingerprint``: of
    the rules now (None: not asked); ``lost``: transactions that are given up."""
    where = {"lane": lane}
    kept = record.state
    if kept is None:
        if name:
            raise DataProblem(MISSING, f"its frontier is {record.frontier.executed or 'empty'}", where)
        return
    if not name:
        raise DataProblem(UNWANTED, f"it holds {kept.name}", where)
    if kept.name != name:
        raise DataProblem(FOREIGN, f"it holds {kept.name}, the sink keeps {name}", where)
    if not kept.shards:
        return  # new: nothing of any rules or transactions is in it
    if fingerprint is not None and record.fingerprint != fingerprint:
        raise DataProblem(OTHER_RULES, f"kept with rules {record.fingerprint}, now they are {fingerprint}", where)
    counted = GtidSet.parse(record.frontier.executed)
    if record.frontier.partial_gtid is not None:
        counted = counted.union(GtidSet.parse(record.frontier.partial_gtid))
    gone = counted.intersect(lost or GtidSet())
    if gone:
        raise DataProblem(HOLDS_LOST, f"lost, and in the state: {gone}", where)


class StateKeeper:
    """One shard's state over its epochs. ``bytes_max``: for the state of all shards together."""

    def __init__(self, kept: SinkState, lane: str, shard: int, shards: int, bytes_max: int) -> None:
        self._state = kept
        self._lane = lane
        self._shard = shard
        self._shards = shards
        self._bytes_max = bytes_max // shards
        self._shown: DurableState | None = None

    def open(self, record: CheckpointRecord | None) -> None:
        """Begin an epoch with what its lane's last record holds. DataProblem when that can't be."""
        states: Sequence[bytes] = ()
        if record is not None:
            refuse_other_state(record, self._state.name, self._lane)
            assert record.state is not None
            states = record.state.shards
        try:
            self._state.restore(states, self._shard, self._shards)
        except ValueError as error:
            raise DataProblem(FOREIGN, f"its state can't be read: {error}", {"lane": self._lane}) from error

    def applied(self, parts: Sequence[Applied]) -> None:
        """A parcel's rows, once."""
        self._state.apply(parts)

    def at_barrier(self) -> bytes:
        """The state now: the parcel that carries the barrier is applied, and none after it. DataProblem
        ``state.too_large``."""
        found = self._state.snapshot()
        if len(found) > self._bytes_max:
            what = f"{len(found):,} bytes; a shard of this lane may keep {self._bytes_max:,}"
            raise DataProblem(TOO_LARGE, what, {"lane": self._lane, "shard": self._shard})
        return found

    def shown(self, durable: DurableState) -> Sequence[Request[Any]]:
        """What shall be seen of a durable record; nothing when a later one was shown already."""
        last = self._shown
        if last is not None and (last.epoch, last.ordinal) > (durable.epoch, durable.ordinal):
            return ()
        self._shown = durable
        return self._state.show(durable.shards, version_of(durable.epoch, durable.ordinal + 1, delete=False))

    @property
    def figures(self) -> Mapping[str, int]:
        """The lane's durable state in numbers, in the shard that shows it."""
        return self._state.figures(self._shown.shards) if self._shown is not None else {}
