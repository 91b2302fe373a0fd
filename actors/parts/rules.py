"""A lane's rules, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.config.model import Lane

if TYPE_CHECKING:
    from ingest.rules.parse import ParsedRule


def parsed_rules(lane: Lane) -> tuple[ParsedRule, ...]:
    """DataProblem names a rule that can't be parsed."""
    from ingest.rules.parse import parse_rule

    return tuple(parse_rule(index, options) for index, options in enumerate(lane.rules))
