"""Ids in a sink and the document keys that they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ingest.binlog.field_types import FieldType
from ingest.binlog.values.column_shape import is_binary
from ingest.keys import split_key
from ingest.lane.buffers import SliceShape
from ingest.rules.compile import compile_rule
from ingest.rules.parse import ParsedRule
from ingest.rules.template import Part
from ingest.schema import Column, TableName, TableSchema
from ingest.snapshot.chunks import Key

SchemaOf = Callable[[SliceShape], TableSchema]

_WHOLE = (FieldType.TINY, FieldType.SHORT, FieldType.INT24, FieldType.LONG, FieldType.LONGLONG)
_TEXTS = (FieldType.VARCHAR, FieldType.VAR_STRING, FieldType.STRING)
_FORMS = {
    **dict.fromkeys(_WHOLE, r"-?[0-9]{1,20}"),
    FieldType.NEWDECIMAL: r"-?[0-9]{1,65}(\.[0-9]{1,30})?",
    FieldType.DATE: r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    FieldType.DATETIME2: r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15}",
    FieldType.TIMESTAMP2: r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15}",
}


class SinkKey:
    """One id of a sink: is it what a rule makes of a document key? ``schema_of``: the table of a shape."""

    def __init__(self, key: str, rules: Sequence[ParsedRule], schema_of: SchemaOf) -> None:
        self._key = key
        self._rules = rules
        self._schema_of = schema_of
        self._row_keys: dict[SliceShape, Callable[[str], str]] = {}

    def made_of(self, shape: SliceShape, key: str) -> bool:
        """Does the shape's rule give the document with this key our id?"""
        rule = self._rules[shape.rule]
        if rule.placement.row_key is None:
            return key == self._key
        if shape not in self._row_keys:
            self._row_keys[shape] = row_key_maker(rule, self._schema_of(shape))
        return self._row_keys[shape](key) == self._key


def row_key_maker(rule: ParsedRule, schema: TableSchema) -> Callable[[str], str]:
    """What makes a sink's key of a document key of this table. DataProblem: the rule doesn't fit the table."""
    template = rule.placement.row_key
    if template is None:
        return lambda key: key
    compiled = compile_rule(rule, schema)
    places = {name: compiled.key_columns.index(compiled.template_columns[name]) for name in template.columns}

    def made(key: str) -> str:
        texts = key_texts(key, len(compiled.key_columns))
        named = {name: texts[place] for name, place in places.items()}
        return template.render(schema.name.database, schema.name.table, key, named)

    return made


def document_key(rule: ParsedRule, schema: TableSchema, key: str) -> str | None:
    """The document key of which the rule makes this id of the sink; None: of none, or it can't be told from the id (its
    template takes columns apart). DataProblem: the rule doesn't fit the table."""
    template = rule.placement.row_key
    if template is None:
        return key
    name = schema.name
    pattern = "".join(_pattern(part, name) for part in template.parts)
    match = re.fullmatch(pattern, key, re.DOTALL) if pattern.count("(") == 1 else None
    if match is None:
        return None
    turned = any(part.kind == "reverse" for part in template.parts)
    found = match[1][::-1] if turned else match[1]
    return found if row_key_maker(rule, schema)(found) == key else None


def _pattern(part: Part, name: TableName) -> str:
    """What a part of a row key's template looks like; a group where the whole document key stands."""
    if part.kind == "salt":
        return f"[0-9]{{{len(str(part.number - 1))}}}"
    if part.kind == "key" or (part.kind == "reverse" and not part.name):
        return "(.*)"
    fixed = {"text": part.name, "database": name.database, "table": name.table}.get(part.kind)
    return ".*" if fixed is None else "".join(f"\\x{ord(char):02x}" if ord(char) < 128 else char for char in fixed)


def key_texts(key: str, columns: int) -> list[str]:
    """The texts of a document key's columns."""
    return [key] if columns == 1 else split_key(key)


def row_key(schema: TableSchema, key: str) -> Key | None:
    """The primary key of the row that a document key names, where that is made of it; None: it can't be one, or MySQL isn't
    asked by a column of this type (binary, ENUM, SET, BIT, floating point)."""
    texts = key_texts(key, len(schema.primary_key))
    columns = [schema.columns[index] for index in schema.primary_key]
    if not columns or len(texts) != len(columns):
        return None
    if not all(_can_be(column, text) for column, text in zip(columns, texts, strict=True)):
        return None
    return tuple(text.encode() for text in texts)


def _can_be(column: Column, text: str) -> bool:
    if column.type in _TEXTS:
        return not is_binary(column)
    form = _FORMS.get(FieldType(column.type)) if column.type in _FORMS else None
    return form is not None and re.fullmatch(form, text) is not None
