"""What a lane's rules make of one change: written, deleted, or left out, and by which condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.codec import DecodedSlice, SliceDecoder
from ingest.lineage.changes import FoundChange
from ingest.plan.explain import unmet_conditions
from ingest.problems import DataProblem
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.parse import ParsedRule
from ingest.slices import Kind, TransactionStamp

Outcome = Literal["written", "deleted", "left out", "refused"]
Part = tuple[str, str]
"""A part of a document: its name and key."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document, or a part of one, is. ``target``: index or table."""

    target: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """``place``: None where a problem leaves it unknown. ``why``: for people, "" for what is written. ``dropped_rows``: of the
    large transaction that it is part of and that the lane's policy drops; 0: of none."""

    stamp: TransactionStamp
    table: str
    kind: Kind
    rule: int
    outcome: Outcome
    place: Place | None = None
    routing: str | None = None
    why: str = ""
    dropped_rows: int = 0


def judge(change: FoundChange, rules: Sequence[ParsedRule], decoder: SliceDecoder) -> JudgedChange:
    """Run the change's rule on it, as on a tail's: a row that is left out still says which document it would delete.
    DataProblem: the table can't be read."""
    part = change.row.as_slice(1, change.stamp)
    schema = decoder.schema_of(part)
    known = (change.stamp, str(schema.name), change.row.kind, part.rule)
    try:
        rule = compile_rule(rules[part.rule], schema)
        decoded = decoder.decode(part, rule.columns)
        operations = rule.apply(decoded, [2], True)
    except DataProblem as problem:
        return JudgedChange(*known, "refused", why=str(problem))
    if not operations.keys:
        return JudgedChange(*known, "left out", why="the row belongs to no document (its id is NULL)")
    parts = operations.parts
    place = Place(operations.targets[0], None if parts is None else (parts.name, parts.keys[0]))
    outcome, why = _outcome(change, operations.deletes[0], rule, decoded)
    return JudgedChange(*known, outcome, place, operations.routings[0], why)


def _outcome(change: FoundChange, deletes: bool, rule: CompiledRule, decoded: DecodedSlice) -> tuple[Outcome, str]:
    if not deletes:
        return "written", ""
    if change.row.kind is not Kind.DELETE:
        unmet = "; ".join(str(one) for one in unmet_conditions(rule, decoded.after))
        return "left out", unmet or "the rule's condition isn't met"
    if change.moved_to is not None:
        return "deleted", f"the row's key became {change.moved_to!r}"
    return "deleted", "the row moved to another place" if change.other_place else "the row was deleted"


def newest_by_place(changes: Sequence[JudgedChange]) -> dict[Place, JudgedChange]:
    """The last change of each place. One whose place isn't known counts for all, and for the empty target."""
    newest: dict[Place, JudgedChange] = {}
    for change in changes:
        places = [change.place] if change.place is not None else [*newest, Place("")]
        newest |= dict.fromkeys(places, change)
    return newest
