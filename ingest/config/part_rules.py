"""Rules that write parts of the documents of one index: what they must agree on, and what each must have for itself.

Looked at over all lanes of a sink, since parts of one document may come from several. Pure; all mistakes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.config.codes import CONFLICT
from ingest.config.model import Lane
from ingest.config.positions import Path
from ingest.config.shapes import Mistake
from ingest.problems import DataProblem
from ingest.rules.parse import ParsedRule, named_fields, parse_rule
from ingest.sinks.elasticsearch.options import ElasticsearchTarget, PartOptions


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule into Elasticsearch and its place in the configuration."""

    path: Path
    parsed: ParsedRule
    target: ElasticsearchTarget

    @property
    def name(self) -> str:
        """For people."""
        return f"rule {self.path[3]} of lane {self.path[1]!r}"


def part_mistakes(lanes: Mapping[str, Lane]) -> list[Mistake]:
    """What rules of one index have against each other, where any of them writes parts."""
    by_index: dict[tuple[str, str], list[_Rule]] = {}
    for rule, sink in _rules(lanes):
        by_index.setdefault((sink, rule.target.index), []).append(rule)
    return [mistake for rules in by_index.values() for mistake in _index_mistakes(rules)]


def _rules(lanes: Mapping[str, Lane]) -> Iterator[tuple[_Rule, str]]:
    for name, lane in lanes.items():
        for index, options in enumerate(lane.rules):
            if isinstance(options.to, ElasticsearchTarget):
                try:
                    parsed = parse_rule(index, options)
                except DataProblem:
                    continue  # said elsewhere
                yield _Rule(("lanes", name, "rules", index), parsed, options.to), lane.sink


def _index_mistakes(rules: Sequence[_Rule]) -> Iterator[Mistake]:
    parts = [(rule, rule.target.part) for rule in rules if rule.target.part is not None]
    if not parts:
        return
    for rule in rules:
        if rule.target.part is None:
            what = f"{parts[0][0].name} writes parts of this index's documents, and this rule whole ones"
            yield _mistake(rule, what, "Give this rule a part of its own (write = { part = ... }), or another index.")
    yield from _alone(parts)
    owners = [rule for rule, _ in parts]
    yield from _agreed(owners, "when_empty", lambda rule: rule.target.part and rule.target.part.when_empty)
    yield from _agreed(owners, "create", lambda rule: rule.target.create)
    yield from _agreed(owners, "routing: all have one, or none", lambda rule: rule.target.routing is not None)
    named = [rule for rule in owners if rule.parsed.id]
    yield from _agreed(named, "the number of columns in id", lambda rule: len(rule.parsed.id))
    speakers = [rule for rule in owners if rule.target.mapping is not None or rule.target.settings]
    for rule in speakers[1:]:
        what = f"{speakers[0].name} gives mapping or settings of this index already"
        yield _mistake(rule, what, "Give them in one rule for all.")


def _alone(parts: Sequence[tuple[_Rule, PartOptions]]) -> Iterator[Mistake]:
    """What no two rules may both have: the part, and the fields at the top of the document."""
    owner_of: dict[str, _Rule] = {}
    writer_of: dict[str, _Rule] = {}
    for rule, part in parts:
        other = owner_of.setdefault(part.part, rule)
        if other is not rule:
            what = f"{other.name} owns the part {part.part!r} of this index's documents"
            yield _mistake(rule, what, "Give it another name; versions are kept under it.")
        for field in sorted(named_fields(rule.parsed)) if part.into is None else [part.into]:
            other = writer_of.setdefault(field, rule)
            if other is not rule:
                what = f"{other.name} writes the field {field!r} of the same documents"
                yield _mistake(rule, what, "Rename one of them, or put the part into an object (into).")


def _agreed(rules: Sequence[_Rule], what: str, value: Callable[[_Rule], object]) -> Iterator[Mistake]:
    for rule in rules[1:]:
        if value(rule) != value(rules[0]):
            problem = f"rules that write parts of one index must agree on {what}: {rules[0].name} says otherwise"
            yield _mistake(rule, problem, None)


def _mistake(rule: _Rule, what: str, hint: str | None) -> Mistake:
    return Mistake(rule.path, DataProblem(CONFLICT, what, hint=hint))
