"""What rules have against ``on_gap = "resnapshot"``. Pure; all mistakes at once.

A resnapshot deletes what no row asks for. So the lane must be the only one that writes its indices or tables, what they are
must be known from the rules alone, and a document's key must say all about where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.config.codes import CONFLICT
from ingest.config.model import Lane, RuleOptions
from ingest.config.positions import Path
from ingest.config.shapes import Mistake
from ingest.problems import DataProblem
from ingest.rules.match import has_wildcard
from ingest.rules.parse import ParsedRule, parse_rule
from ingest.sinks.blackhole.options import BlackholeTarget
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseTarget
from ingest.sinks.registry import SinkOptions, state_name

_HINT = 'Set on_gap = "stop" (`ingest replay` fills a gap from archived binlogs), or change the rule.'


def gap_mistakes(lanes: Mapping[str, Lane], sinks: Mapping[str, SinkOptions]) -> list[Mistake]:
    """Lanes that a snapshot couldn't bring to what MySQL shows, each with the reason."""
    found: list[Mistake] = []
    for name, lane in lanes.items():
        if lane.on_gap == "resnapshot":
            found += (*_of_lane(name, lanes), *_of_sink(name, sinks.get(lane.sink)))
    return found


def _of_sink(name: str, sink: SinkOptions | None) -> Iterator[Mistake]:
    if sink is not None and state_name(sink):
        what = "the sink keeps sums, and the tables' present state doesn't say which changes led to it"
        yield _mistake(("lanes", name, "on_gap"), what)


def _of_lane(name: str, lanes: Mapping[str, Lane]) -> Iterator[Mistake]:
    lane = lanes[name]
    if lane.truncate == "keep":
        what = 'truncate = "keep" keeps documents without a row, and on_gap = "resnapshot" deletes them'
        yield _mistake(("lanes", name, "on_gap"), what)
    if lane.large_transactions.policy == "drop":
        what = 'large transactions are dropped, and on_gap = "resnapshot" brings documents to what they led to'
        yield _mistake(("lanes", name, "on_gap"), what)
    for index, options in enumerate(lane.rules):
        try:
            rule = parse_rule(index, options)
        except DataProblem:
            continue  # said elsewhere
        if isinstance(options.to, BlackholeTarget):
            continue  # nothing is ever there
        for why in (*_of_target(options), *_of_place(rule), *_of_others(name, options, lanes)):
            yield _mistake(("lanes", name, "rules", index), f'on_gap = "resnapshot" can\'t be exact here: {why}')


def _mistake(path: Path, what: str) -> Mistake:
    return Mistake(path, DataProblem(CONFLICT, what, hint=_HINT))


def _of_target(options: RuleOptions) -> Iterator[str]:
    target = options.to
    if isinstance(target, ElasticsearchTarget):
        if target.part is not None:
            yield "the rule writes parts of documents; a part that no row asks for any more isn't found"
        if target.write == "upsert":
            yield 'documents written with write = "upsert" have no version, so a deletion could hit a newer one'
    elif isinstance(target, HbaseTarget):
        if target.delete == "columns":
            yield 'with delete = "columns" other rules write into the same rows'
        if target.timestamps == "commit_time":
            yield "a row that is read by SELECT has no commit time"


def _of_place(rule: ParsedRule) -> Iterator[str]:
    place = rule.placement
    if place.routing is not None:
        yield "the routing value of a document that no row asks for any more isn't known"
    if place.target.columns:
        yield "a column decides the index or table, so not all of them are known"
    if place.row_key is not None and not place.row_key.is_invertible:
        yield "the document key can't be told from row_key; use {key} or {reverse:key} once, with texts and {salt:N}"
    for kind in ("database", "table"):
        named = any(part.kind == kind for part in place.target.parts)
        if named and any(has_wildcard(getattr(pattern, kind)) for pattern in rule.patterns):
            yield f"of a dropped table, the index or table that {{{kind}}} stands for isn't known: name the tables, or one target"


def _of_others(name: str, options: RuleOptions, lanes: Mapping[str, Lane]) -> Iterator[str]:
    mine = options.to.target_template
    for other, lane in lanes.items():
        if other == name or lane.sink != lanes[name].sink:
            continue
        if any(_may_meet(mine, rule.to.target_template) for rule in lane.rules):
            yield f"lane {other!r} writes into the same index or table, and its documents would be deleted"


def _may_meet(left: str, right: str) -> bool:
    """Might two templates give one name? (No, when what stands before or behind their placeholders differs.)"""
    ends = [re.split(r"\{[^{}]*\}", text.lower()) for text in (left, right)]
    for plain, template in (ends, ends[::-1]):
        if len(plain) == 1:
            return re.fullmatch(".*".join(map(re.escape, template)), plain[0], re.DOTALL) is not None
    heads, tails = [parts[0] for parts in ends], [parts[-1][::-1] for parts in ends]
    return all(one.startswith(two) or two.startswith(one) for one, two in (heads, tails))
