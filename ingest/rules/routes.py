"""A lane's rules as the reader needs them: which tables, and which columns make keys and places.

The reader evaluates nothing: filters and fields are the sink actors' business.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.lane.routing import RuleRoute
from ingest.lane.statements import ANY_TABLE
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.match import wildcard
from ingest.rules.parse import ParsedRule, matches
from ingest.schema import TableName, TableSchema


class RuleRoutes:
    """``ingest.lane.routing.LaneRoutes`` of one lane."""

    def __init__(self, rules: Sequence[ParsedRule]) -> None:
        self._rules = rules
        self._captured: dict[TableName, bool] = {}

    def captures(self, name: TableName) -> bool:
        """Does any rule match the table? (Asked of ``ANY_TABLE``: might one match some table of the database?)"""
        captured = self._captured.get(name)
        if captured is None:
            captured = self._captured[name] = any(_captures(rule, name) for rule in self._rules)
        return captured

    def routes(self, schema: TableSchema) -> Sequence[RuleRoute]:
        """The rules that match a table, with their key and place columns. DataProblem when one doesn't fit it."""
        compiled = [compile_rule(rule, schema) for rule in self._rules if matches(rule, schema.name)]
        return [_route(one, schema.name) for one in compiled]


def _route(rule: CompiledRule, table: TableName) -> RuleRoute:
    placement = rule.rule.placement
    is_part = placement.part is not None  # of no document, when the row names none
    return RuleRoute(rule.rule.index, rule.key_columns, rule.place_columns, placement.of_table(table), is_part)


def _captures(rule: ParsedRule, name: TableName) -> bool:
    if name.table != ANY_TABLE:
        return matches(rule, name)
    return any(wildcard(pattern.database).fullmatch(name.database) is not None for pattern in rule.patterns)
