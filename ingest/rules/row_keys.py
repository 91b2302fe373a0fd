"""Row key templates against a table: different documents must get different rows, and a deletion must find its row.

A deletion may know the key columns only, so no other column may stand in a row key. ``{key}`` (or its reverse) tells
documents apart by itself. Without it every key column must be there; neighbours need some text between them unless
one has a fixed width, and at most one may be text, since a text may hold whatever stands between.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.problems import DataProblem
from ingest.rules.codes import BAD_ROW_KEY
from ingest.rules.refusal import unknown_column
from ingest.rules.template import Part, Template
from ingest.rules.value_types import STRINGS, type_of
from ingest.schema import TableSchema


def check_row_key(template: Template, schema: TableSchema, key_columns: Sequence[int]) -> None:
    """DataProblem (rule.bad_row_key, rule.unknown_column) when the template doesn't fit the document key."""
    keys = [schema.columns[index] for index in key_columns]
    names = {column.name.lower() for column in keys}
    for name in template.columns:
        if schema.index_of(name) is None:
            raise unknown_column(name, schema.name, (column.name for column in schema.columns))
        if name.lower() not in names:
            raise _bad(template, f"the column {name!r} isn't part of the document's id, so a deletion can't know it")
    if template.uses_key:
        return
    missing = sorted(names - {name.lower() for name in template.columns})
    if missing:
        raise _bad(template, f"the id's column {missing[0]!r} isn't in it")
    if sum(type_of(column).kind in STRINGS for column in keys) > 1:
        raise _bad(template, "several columns of the id are text, which may hold whatever stands between them")
    for part, following in zip(template.parts, template.parts[1:], strict=False):
        if _varies(part) and _varies(following):
            raise _bad(template, f"nothing stands between {part.name!r} and {following.name!r}")


def _varies(part: Part) -> bool:
    return part.kind in ("column", "reverse", "database", "table")


def _bad(template: Template, why: str) -> DataProblem:
    return DataProblem(BAD_ROW_KEY, f"the row key {template.source!r} won't do: {why}")
