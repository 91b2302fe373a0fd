"""A parsed rule meets a table: what must be decoded, what makes the key, what is computed.

Compiling is the second and last check of a rule: every name is a column, every type fits, or a DataProblem says which
part doesn't. The reader uses ``key_columns`` and ``place_columns`` only; the sink actor decodes ``columns`` and calls
``apply`` (``apply.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.codec import DecodedSlice
from ingest.config.codes import CONFLICT
from ingest.problems import DataProblem
from ingest.rules.apply import apply_rule
from ingest.rules.bind import Binder
from ingest.rules.bound import Bound
from ingest.rules.codes import NO_PRIMARY_KEY
from ingest.rules.expression import NamedField, column_refs
from ingest.rules.logic import truth
from ingest.rules.parse import ParsedRule
from ingest.rules.refusal import unknown_column
from ingest.rules.row_keys import check_row_key
from ingest.rules.value_types import SqlType, type_of
from ingest.schema import TableSchema
from ingest.sinks.contract import Operations
from ingest.sinks.elasticsearch.options import PARTS_FIELD


@dataclass(frozen=True, slots=True)
class OutputField:
    """A field of the document: a name and what it holds."""

    name: str
    value: Bound


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule for one table-schema.

    ``columns``: indexes that must be decoded, in this order. ``before_columns``: those of them that images before are
    asked for: what the key, the place and the filter need. ``key_columns``: those of the document key, in key order.
    ``part_columns``: those that tell apart the parts of one document that the rule's rows are. ``place_columns``: those
    that decide the index, the routing value and the part, beyond the key. ``types``: by column index.
    """

    rule: ParsedRule
    schema: TableSchema
    columns: tuple[int, ...]
    before_columns: tuple[int, ...]
    key_columns: tuple[int, ...]
    part_columns: tuple[int, ...]
    place_columns: tuple[int, ...]
    fields: tuple[OutputField, ...]
    where: Bound | None
    routing: int | None
    types: dict[int, SqlType]
    template_columns: dict[str, int]

    @property
    def computes(self) -> bool:
        """Is a field anything but a column as it is?"""
        return any(field.value.column is None for field in self.fields)

    def apply(self, decoded: DecodedSlice, versions: Sequence[int], tail: bool) -> Operations:
        """What a decoded slice (of ``columns``) means for the sink: see ``ingest.rules``. ``versions``: one base version
        (``ingest.version.version_base``) per row. DataProblem names the row.
        """
        return apply_rule(self, decoded, versions, tail)


def compile_rule(rule: ParsedRule, schema: TableSchema) -> CompiledRule:
    """The rule for a table. DataProblem (rule.*) names table, rule and the part that doesn't fit."""
    try:
        return _compile(rule, schema)
    except DataProblem as problem:
        raise problem.with_where(table=schema.name, rule=rule.index) from None


def _compile(rule: ParsedRule, schema: TableSchema) -> CompiledRule:
    binder = Binder(schema)
    fields = _fields(rule, schema, binder)
    where = None if rule.where is None else truth(binder.bind(rule.where))
    key_columns = _key_columns(rule, schema, binder)
    if rule.placement.row_key is not None:
        check_row_key(rule.placement.row_key, schema, key_columns)
    routing = None if rule.placement.routing is None else binder.index(rule.placement.routing)
    template_columns = {
        name: binder.index(name)
        for template in (rule.placement.target, rule.placement.row_key)
        if template is not None
        for name in template.columns
    }
    placing = [template_columns[name] for name in rule.placement.target.columns]
    if routing is not None:
        placing.append(routing)
    part_columns = tuple(binder.index(name) for name in rule.placement.part_key)
    placing += part_columns
    deciding = {*key_columns, *placing, *template_columns.values()}
    if rule.where is not None:
        deciding |= {binder.index(reference.name) for reference in column_refs(rule.where)}
    columns = tuple(sorted(deciding.union(*(_columns_of(field.value, field, binder, rule) for field in fields))))
    return CompiledRule(
        rule,
        schema,
        columns,
        tuple(sorted(deciding)),
        key_columns,
        part_columns,
        tuple(dict.fromkeys(index for index in placing if index not in key_columns)),
        fields,
        where,
        routing,
        {index: type_of(schema.columns[index]) for index in columns},
        template_columns,
    )


def _columns_of(value: Bound, field: OutputField, binder: Binder, rule: ParsedRule) -> set[int]:
    if value.column is not None:
        return {value.column}
    named = next(one for one in rule.fields if isinstance(one, NamedField) and one.name == field.name)
    return {binder.index(reference.name) for reference in column_refs(named.expression)}


def _fields(rule: ParsedRule, schema: TableSchema, binder: Binder) -> tuple[OutputField, ...]:
    """The document's fields in the rule's order; a named field takes the place of a column of that name in ``*``."""
    for name in rule.exclude:
        if schema.index_of(name) is None:
            raise unknown_column(name, schema.name, (column.name for column in schema.columns))
    excluded = {name.lower() for name in rule.exclude}
    named = {field.name for field in rule.fields if isinstance(field, NamedField)}
    fields: dict[str, OutputField] = {}
    for field in rule.fields:
        if isinstance(field, NamedField):
            fields[field.name] = OutputField(field.name, binder.bind(field.expression))
            continue
        for index, column in enumerate(schema.columns):
            if column.visible and column.name.lower() not in excluded and column.name not in named:
                fields[column.name] = OutputField(column.name, binder.column(index))
    for name in rule.placement.needed_fields:
        if name not in fields:
            raise unknown_column(name, f"{schema.name}'s document", fields)
    if rule.placement.part is not None and PARTS_FIELD in fields:
        what = f"the column {PARTS_FIELD!r} has the name of the field that holds the versions of a document's parts"
        raise DataProblem(CONFLICT, what, hint="Leave it out with exclude, or rename it with AS.")
    return tuple(fields.values())


def _key_columns(rule: ParsedRule, schema: TableSchema, binder: Binder) -> tuple[int, ...]:
    if rule.id:
        return tuple(binder.index(name) for name in rule.id)
    if not schema.primary_key:
        raise DataProblem(NO_PRIMARY_KEY, f"table {schema.name} has no primary key and the rule names no id")
    return schema.primary_key
