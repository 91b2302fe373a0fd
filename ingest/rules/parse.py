"""A configured rule to a ParsedRule: everything that can be known without a table. Done once per lane.

Both forms of a rule end in the same value, so nothing later asks which form it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.config.codes import BAD_VALUE, CONFLICT
from ingest.config.model import RuleOptions, SqlRule, Target
from ingest.problems import DataProblem
from ingest.rules.expression import Expression, Field, NamedField, Star
from ingest.rules.match import TablePattern, parse_pattern
from ingest.rules.names import check_place
from ingest.rules.sql import parse_condition, parse_field, parse_select
from ingest.rules.template import Template, parse_template
from ingest.schema import TableName
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseTarget


@dataclass(frozen=True, slots=True)
class Placement:
    """Where documents go. ``index_name``: the target is an Elasticsearch index (lower-cased, restricted characters).
    ``row_key``: the template that makes the sink's key of the document key, or None: the document key itself.
    ``needed_fields``: fields of the document that the sink is told to use. ``part``: the rule owns the part of that
    name of its documents, one for each value of the columns ``part_key`` (none: one)."""

    target: Template
    routing: str | None = None
    row_key: Template | None = None
    index_name: bool = False
    needed_fields: tuple[str, ...] = ()
    part: str | None = None
    part_key: tuple[str, ...] = ()

    def of_table(self, name: TableName) -> str:
        """What tells this table's documents from those of the rule's other tables; equal where equal keys of two
        tables are one document."""
        templates = [self.target] if self.row_key is None else [self.target, self.row_key]
        return "\0".join(template.of_table(name.database, name.table) for template in templates)


@dataclass(frozen=True, slots=True)
class ParsedRule:
    """A rule without its tables' columns. ``index``: its number in the lane; ``id``: empty for the primary key."""

    index: int
    patterns: tuple[TablePattern, ...]
    fields: tuple[Field, ...]
    exclude: tuple[str, ...]
    where: Expression | None
    id: tuple[str, ...]
    placement: Placement


def matches(rule: ParsedRule, name: TableName) -> bool:
    """Does the rule take the table's rows?"""
    return any(pattern.matches(name) for pattern in rule.patterns)


def parse_rule(index: int, options: RuleOptions) -> ParsedRule:
    """The rule with number ``index`` of its lane. DataProblem (config.*) without a place; the caller knows it."""
    placement = parse_placement(options.to)
    if isinstance(options, SqlRule):
        statement = parse_select(options.sql)
        parsed = ParsedRule(
            index,
            (TablePattern(statement.database, statement.table),),
            statement.fields,
            (),
            statement.where,
            options.id or (),
            placement,
        )
    else:
        parsed = ParsedRule(
            index,
            tuple(parse_pattern(text) for text in options.tables),
            tuple(parse_field(text) for text in options.fields),
            options.exclude,
            None if options.where is None else parse_condition(options.where),
            options.id or (),
            placement,
        )
    _check_fields(parsed)
    _check_part(parsed)
    return parsed


def parse_placement(target: Target) -> Placement:
    """The templates of a rule's ``to``. DataProblem (config.bad_value)."""
    plain = Placement(parse_template(target.target_template), target.routing_field)
    if isinstance(target, ElasticsearchTarget):
        check_place(plain.target, index=True)
        named = replace(plain, index_name=True)
        return named if target.part is None else replace(named, part=target.part.part, part_key=target.part.key or ())
    if isinstance(target, HbaseTarget):
        check_place(plain.target, index=False)
        row_key = parse_template(target.row_key, row_key=True)
        return replace(
            plain,
            row_key=None if row_key.source == "{key}" else row_key,
            needed_fields=tuple(name for name in dict.fromkeys(target.columns.values()) if name != target.source),
        )
    return plain


def _check_fields(rule: ParsedRule) -> None:
    names = [field.name for field in rule.fields if isinstance(field, NamedField)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataProblem(CONFLICT, f"the field {twice[0]!r} is given twice", hint="Rename one of them with AS.")
    if any(not name for name in names):
        raise DataProblem(BAD_VALUE, "a field has an empty name")
    if rule.exclude and Star() not in rule.fields:
        raise DataProblem(CONFLICT, "exclude has nothing to leave out: fields has no '*'")


def _check_part(rule: ParsedRule) -> None:
    """No field of a part may take the place of the versions."""
    if rule.placement.part is not None and PARTS_FIELD in named_fields(rule):
        what = f"the field {PARTS_FIELD!r} holds the versions of the document's parts"
        raise DataProblem(CONFLICT, what, hint="Rename it with AS.")


def named_fields(rule: ParsedRule) -> frozenset[str]:
    """The names of the document's fields, but for those behind ``*``."""
    return frozenset(field.name for field in rule.fields if isinstance(field, NamedField))
