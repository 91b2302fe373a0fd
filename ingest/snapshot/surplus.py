"""Documents of a sink that no row asks for, as rows of a tail that delete them.

Of such a document only the sink's key is known. So its deletion is a row image of its table in which nothing but the key's
columns has a value, and those are texts, whatever they are in MySQL: a key of texts is the same key
(``ingest.binlog.key_text``). That works where a key alone says where a document is; ``ingest.config.gaps`` refuses the
rest before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.binlog.field_types import FieldType
from ingest.keys import join_key, shard_of, split_key
from ingest.lane.routing import RuleRoute
from ingest.lane.tail import TailCoalescer, TailRow
from ingest.rules.parse import Placement
from ingest.rules.template import Part, Template
from ingest.schema import Column, TableName, TableSchema
from ingest.slices import Kind
from ingest.snapshot.images import present_bitmap, row_image, with_length
from ingest.snapshot.rows import BEFORE_ALL, shape_of

_UTF8MB4_BIN = 46
_LENGTH_BYTES = 4
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Owner:
    """A rule and a table whose rows make documents of one target. ``schema``: the table, its key columns texts."""

    target: str
    schema: TableSchema
    route: RuleRoute
    row_key: Template | None

    def key_of(self, stored: str) -> str | None:
        """The document key of what the sink holds under a key; None: no row of the table makes that."""
        if any("\ud800" <= char <= "\udfff" for char in stored):
            return None  # a row key of bytes that are no text
        key = stored if self.row_key is None else _key_in(self.row_key, self.schema.name, stored)
        if key is None or len(self.route.key_columns) == 1:
            return key
        texts = split_key(key)
        return key if len(texts) == len(self.route.key_columns) and join_key(texts) == key else None


def owner_of(schema: TableSchema, route: RuleRoute, placement: Placement) -> Owner:
    """The owner that a rule's table is."""
    target = target_name(placement, schema.name)
    columns = tuple(
        _as_text(column) if index in route.key_columns else replace(column, nullable=True)
        for index, column in enumerate(schema.columns)
    )
    return Owner(target, replace(schema, columns=columns), route, placement.row_key)


def target_name(placement: Placement, table: TableName) -> str:
    """The index or table that all documents of a table go to, where no column decides that."""
    name = placement.target.render(table.database, table.table, "", {})
    return name.lower() if placement.index_name else name


def _as_text(column: Column) -> Column:
    return Column(column.name, FieldType.BLOB, _LENGTH_BYTES, nullable=True, collation=_UTF8MB4_BIN)


def _key_in(template: Template, table: TableName, stored: str) -> str | None:
    match = re.fullmatch("".join(_pattern(part, table) for part in template.parts), stored, re.DOTALL)
    if match is None:
        return None
    key = match["key"][::-1] if any(part.kind == "reverse" for part in template.parts) else match["key"]
    return key if template.render(table.database, table.table, key, {}) == stored else None


def _pattern(part: Part, table: TableName) -> str:
    if part.is_key:
        return "(?P<key>.*)"
    if part.kind == "salt":
        return f"[0-9]{{{len(str(part.number - 1))}}}"
    return re.escape({"database": table.database, "table": table.table}.get(part.kind, part.name))


class SurplusRows:
    """Decides of every key in a target whether a row asked for its document. ``strange``: how many keys no rule
    of the lane could have written; they are left alone, and the first are ``shown``."""

    def __init__(self, owners: Sequence[Owner], shards: int) -> None:
        self._owners = owners
        self._shards = shards
        self._presents = [present_bitmap(owner.schema) for owner in owners]
        self._shapes = [
            shape_of(one.schema, one.route, present) for one, present in zip(owners, self._presents, strict=True)
        ]
        self.deleted = 0
        self.strange = 0
        self.shown: list[str] = []

    def add(self, stored: str, tail: TailCoalescer, stamp: bytes) -> None:
        """A key that the sink holds, after all rows are in the tail."""
        found = [(place, key) for place, owner in enumerate(self._owners) if (key := owner.key_of(stored)) is not None]
        if not found:
            self.strange += 1
            self.shown += [stored] if len(self.shown) < SHOWN else []
        elif not any(
            tail.holds((self._owners[place].route.rule, self._owners[place].route.place, key)) for place, key in found
        ):
            place, key = found[0]
            self.deleted += 1
            tail.add(key, self._deletion(place, key, stamp))

    def _deletion(self, place: int, key: str, stamp: bytes) -> TailRow:
        owner = self._owners[place]
        columns = owner.route.key_columns
        texts = [key] if len(columns) == 1 else split_key(key)
        values: list[bytes | None] = [None] * len(owner.schema.columns)
        for index, text in zip(columns, texts, strict=True):
            values[index] = with_length(text.encode(), _LENGTH_BYTES)
        shard = shard_of(key, self._shards)
        return TailRow(shard, self._shapes[place], Kind.DELETE, BEFORE_ALL, row_image(values), b"", stamp)
