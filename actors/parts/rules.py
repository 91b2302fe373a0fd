"""A lane's rules, parsed, and its policy of large transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.config.model import Lane

if TYPE_CHECKING:
    from ingest.lane.large import LargePolicy
    from ingest.rules.parse import ParsedRule


def parsed_rules(lane: Lane) -> tuple[ParsedRule, ...]:
    """DataProblem names a rule that can't be parsed."""
    from ingest.rules.parse import parse_rule

    return tuple(parse_rule(index, options) for index, options in enumerate(lane.rules))


def large_policy(lane: Lane) -> LargePolicy:
    """What a lane does with large transactions."""
    from ingest.lane.large import LargePolicy

    options = lane.large_transactions
    return LargePolicy(options.policy, options.rows, options.bytes)
