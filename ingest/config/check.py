"""Rules that span several parts of a configuration, and the hashes that say which configuration this is.

The checks of text (SQL, templates) work on plain values, so that they are made also where another key of the same rule
is wrong. ``load`` calls all of them; a ``Config`` built otherwise goes through ``check_config``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingest.config.cell_timestamps import timestamp_mistakes
from ingest.config.codes import CONFLICT, UNKNOWN_REFERENCE
from ingest.config.gaps import gap_mistakes
from ingest.config.model import ClusterOptions, Config, Lane, RuleOptions, SqlRule
from ingest.config.part_rules import part_mistakes
from ingest.config.positions import Path
from ingest.config.shapes import Mistake, suggestion
from ingest.config.source_fields import source_mistakes
from ingest.problems import DataProblem
from ingest.rules.match import parse_pattern
from ingest.rules.parse import parse_rule
from ingest.rules.sql import parse_condition, parse_field, parse_select
from ingest.rules.template import parse_template


def reference_mistakes(raw: Mapping[str, Any]) -> list[Mistake]:
    """Lanes that name clusters or sinks which aren't defined."""
    found = []
    lanes = raw.get("lanes")
    for lane, value in lanes.items() if isinstance(lanes, Mapping) else ():
        for key, part in (("cluster", "clusters"), ("sink", "sinks")):
            name = value.get(key) if isinstance(value, Mapping) else None
            known = raw.get(part)
            names = list(known) if isinstance(known, Mapping) else []
            if isinstance(name, str) and name not in names:
                problem = DataProblem(
                    UNKNOWN_REFERENCE, f"there is no {key} named {name!r}", hint=suggestion(name, names)
                )
                found.append(Mistake(("lanes", lane, key), problem))
    return found


def check_lane_text(lane: str, raw: Mapping[str, Any]) -> list[Mistake]:
    """SQL, table patterns and templates of a lane's rules, as far as they are text at all."""
    rules = raw.get("rules")
    found: list[Mistake] = []
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping):
            found += _check_rule_text(("lanes", lane, "rules", index), rule)
    return found


def _check_rule_text(path: Path, rule: Mapping[str, Any]) -> list[Mistake]:
    checks: list[tuple[Path, object, Callable[[str], object]]] = [
        (("sql",), rule.get("sql"), parse_select),
        (("where",), rule.get("where"), parse_condition),
    ]
    tables, fields = rule.get("tables"), rule.get("fields")
    if isinstance(tables, list):
        checks += [(("tables", number), one, parse_pattern) for number, one in enumerate(tables)]
    if isinstance(fields, list):
        checks += [(("fields", number), one, parse_field) for number, one in enumerate(fields)]
    to = rule.get("to")
    if isinstance(to, Mapping):
        checks += [(("to", key), to.get(key), parse_template) for key in ("index", "table", "name")]
        checks.append((("to", "row_key"), to.get("row_key"), lambda text: parse_template(text, row_key=True)))
    found = []
    for inner, text, parse in checks:
        if not isinstance(text, str) or not text:
            continue
        try:
            parse(text)
        except DataProblem as problem:
            found.append(Mistake((*path, *inner), problem))
    return found


def check_parts(clusters: Mapping[str, ClusterOptions], lanes: Mapping[str, Lane]) -> list[Mistake]:
    """What valid parts have against each other."""
    found = _server_id_mistakes(clusters)
    for lane, options in lanes.items():
        found += _rule_mistakes(lane, options.rules)
    return found + part_mistakes(lanes) + source_mistakes(lanes) + timestamp_mistakes(lanes) + gap_mistakes(lanes)


def _server_id_mistakes(clusters: Mapping[str, ClusterOptions]) -> list[Mistake]:
    found = []
    seen: dict[tuple[str, int, int], str] = {}
    for name, cluster in clusters.items():
        server_id = cluster.effective_server_id(name)
        for host, port in cluster.addresses():
            other = seen.setdefault((host, port, server_id), name)
            if other != name:
                what = f"clusters {other!r} and {name!r} use server_id {server_id} on the same server {host}:{port}"
                problem = DataProblem(CONFLICT, what, hint="The server throws one of them out: give each its own.")
                found.append(Mistake(("clusters", name, "server_id"), problem))
                break
    return found


def _rule_mistakes(lane: str, rules: Sequence[RuleOptions]) -> list[Mistake]:
    """Rules that can't be parsed as a whole, and rules that would write the same documents twice."""
    found: list[Mistake] = []
    seen: dict[tuple[object, ...], int] = {}
    for index, options in enumerate(rules):
        path: Path = ("lanes", lane, "rules", index)
        try:
            parsed = parse_rule(index, options)
        except DataProblem as problem:
            if problem.code is CONFLICT:  # the others were found by check_lane_text, at their key
                found.append(Mistake(path, problem))
            continue
        place = parsed.placement
        writes = (frozenset(parsed.patterns), place.target.source, parsed.id, place.row_key, place.part)
        other = seen.setdefault(writes, index)
        if other != index:
            what = f"rules {other} and {index} write the same documents: same tables, same target, same id"
            hint = "Join them with OR in one rule, or give one another target or id."
            found.append(Mistake(path, DataProblem(CONFLICT, what, hint=hint)))
    return found


def fingerprint(lane: Lane) -> str:
    """A stable hash of what decides which rows a lane reads and how it counts them (16 hex digits).

    Checkpoints carry it: with another fingerprint "n row changes into the transaction" means nothing any more.
    """
    return _digest([_identity(rule) for rule in lane.rules], 16)


def _identity(rule: RuleOptions) -> list[object]:
    if isinstance(rule, SqlRule):
        said: list[object] = ["sql", " ".join(rule.sql.split())]
    else:
        said = ["short", rule.tables, rule.fields, rule.exclude, rule.where]
    return [*said, rule.id, rule.to.target_template, rule.to.routing_field]


def config_version(config: Config) -> str:
    """A short hash of the whole configuration (12 hex digits), for metrics and logs."""
    return _digest(config.model_dump(mode="json"), 12)


def _digest(value: object, digits: int) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
