"""A sink with state, simulated: it keeps no documents, but how many row changes passed, and shows that.

Checked: each record that becomes durable holds exactly the sum over its frontier (1, to the change: nothing is missing and
nothing counts twice); what is shown was durable before, and never goes back (2).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.sinks.blackhole.counts import RowCounts, total
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.slices import Kind
from ingest.version import split_version
from tests.kit.binlog_writer import Change
from tests.simulation.lanes import COUNTED
from tests.simulation.mysql import DATABASE, Transaction
from tests.simulation.sinks import SinkServer, ViolationError

SHOWN = "shown"

Figures = dict[str, int]


def state_name(lane: str) -> str:
    """What a lane's sink keeps."""
    return RowCounts.name if lane == COUNTED else ""


class ShownCounts(RowCounts):
    """The blackhole's counts, shown as one document."""

    def show(self, states: Sequence[bytes], version: int) -> Sequence[Request[bytes]]:
        """See ``SinkState``."""
        payload = json.dumps(figures_of(states), sort_keys=True).encode()
        return [Request([RequestItem("total", version, SHOWN, delete=False, payload=payload, size_bytes=len(payload))])]


def figures_of(states: Sequence[bytes]) -> Figures:
    """The sum of all shards' counts: those that aren't zero."""
    return {
        f"{table}.{kind.name}": number
        for (_, table), numbers in total(states).items()
        for kind, number in zip(Kind, numbers, strict=True)
        if number
    }


def _kinds(change: Change) -> tuple[Kind, ...]:
    """As what a change counts: with another key it is a delete and an insert."""
    if change.before is None:
        return (Kind.INSERT,)
    if change.after is None:
        return (Kind.DELETE,)
    return (Kind.UPDATE,) if change.before[0] == change.after[0] else (Kind.DELETE, Kind.INSERT)


@dataclass(eq=False)
class CountingServer(SinkServer):
    """``base``: what the state began behind, in ``first_epoch``; ``durable``: what records held of it."""

    base: GtidSet = field(default_factory=GtidSet)
    first_epoch: int = 0
    durable: list[Figures] = field(default_factory=list)
    shown_version: int = 0
    shown: Figures = field(default_factory=dict)

    def becomes_durable(self, record: CheckpointRecord, transactions: Sequence[Transaction]) -> None:
        """A record is about to be durable."""
        if record.state is None:
            raise ViolationError(f"invariant 1: {self.lane}: a record without state")
        held = GtidSet.parse(record.frontier.executed)
        if not record.state.shards:
            self.base, self.first_epoch = held, record.epoch
        exact: Counter[str] = Counter()
        for one in transactions:
            if one.gtid in self.base:
                continue
            rows = len(one.changes) if one.gtid in held else 0
            if one.gtid == record.frontier.partial_gtid and one.gtid not in held:
                rows = record.frontier.partial_rows
            for change in one.changes[:rows]:
                exact.update(f"{DATABASE}.{change.table.name}.{kind.name}" for kind in _kinds(change))
        found = figures_of(record.state.shards)
        if found != exact:
            raise ViolationError(f"invariant 1: {self.lane}: {found} is kept, {dict(exact)} in {record.frontier}")
        self.durable.append(found)

    def _apply(self, item: RequestItem[bytes], version: int) -> ItemResult:
        if self.scheduler.random.random() < self.faults.refused:
            return ItemResult(Outcome.RETRY, "busy")
        if item.target != SHOWN:
            return DONE
        if version <= self.shown_version:
            return NEWER
        figures: Figures = json.loads(item.payload)
        if figures not in self.durable:
            raise ViolationError(f"invariant 2: {self.lane}: {figures} is shown and isn't durable")
        begun_before = split_version(self.shown_version)[0] < self.first_epoch
        if not begun_before and any(number > figures.get(name, 0) for name, number in self.shown.items()):
            raise ViolationError(f"invariant 2: {self.lane}: {figures} is shown after {self.shown}")
        self.shown_version, self.shown = version, figures
        self.applied += 1
        return DONE

    @property
    def shows_all(self) -> bool:
        """Is what is durable seen?"""
        return not self.durable or self.shown == self.durable[-1]
