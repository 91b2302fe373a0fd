"""A lane's shadow: the same rules into targets whose names have a suffix, with a name and frontier of its own."""

from __future__ import annotations

import re

from ingest.config.model import Config, GtidStart, RuleOptions, Target
from ingest.problems import DataProblem, declare
from ingest.sinks.blackhole.options import BlackholeTarget
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseTarget

BAD_SUFFIX = declare(
    "cli.bad_suffix",
    "The suffix can't be part of a target's name.",
    "Use 1 to 40 lower-case letters, digits, - and _, with a letter or digit first.",
)

_SUFFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_NAMED_BY: dict[type[Target], str] = {ElasticsearchTarget: "index", HbaseTarget: "table", BlackholeTarget: "name"}


def shadow_name(lane: str, suffix: str) -> str:
    """How a lane's shadow is called in the store: no lane of a configuration may be called so."""
    return f"{lane}@{suffix}"


def with_shadow(config: Config, lane: str, suffix: str, start: str | None) -> Config:
    """A configuration with the shadow as its only lane. ``start``: a GTID set, or None: before the oldest file.
    DataProblem ``cli.bad_suffix``."""
    if not _SUFFIX.fullmatch(suffix):
        raise DataProblem(BAD_SUFFIX, f"{suffix!r} can't be a suffix")
    options = config.lanes[lane]
    rules = tuple(_beside(rule, suffix) for rule in options.rules)
    begin = "oldest" if start is None else GtidStart(gtid=start)
    shadow = options.model_copy(update={"rules": rules, "start": begin})
    return config.model_copy(update={"lanes": {shadow_name(lane, suffix): shadow}})


def _beside(rule: RuleOptions, suffix: str) -> RuleOptions:
    """The rule with ``-SUFFIX`` behind its target's name; an HBase table beside another is created like it."""
    changed: dict[str, object] = {_NAMED_BY[type(rule.to)]: f"{rule.to.target_template}-{suffix}"}
    if isinstance(rule.to, HbaseTarget):
        changed["create"] = True
    return rule.model_copy(update={"to": rule.to.model_copy(update=changed)})
