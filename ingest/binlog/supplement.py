"""What a server doesn't send of a table's schema: the part that the schema history adds to a TABLE_MAP.

With ``binlog_row_metadata=FULL`` nothing is missing. With MINIMAL (the default of 8.0 and newer) names, keys, members
and visibility are; MySQL 5.6 and 5.7 send no signs and charsets either. A ``SchemaSupplement`` says all of it, by
column in binlog order, and travels with each slice as compact JSON bytes, so that a shard needs no history.

Invariant: the lists by column have one entry per column; ``table_schema`` refuses one that doesn't fit its TABLE_MAP.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ingest.problems import DataProblem, declare

if TYPE_CHECKING:
    from ingest.schema import Column
    from ingest.schema_history.history import ColumnState

SUPPLEMENT_DAMAGED = declare(
    "schema.supplement",
    "The stored part of a table's schema can't be read.",
    "Take a new schema snapshot of the table; if this comes back, report it.",
)


@dataclass(frozen=True, slots=True)
class SchemaSupplement:
    """A table's schema, one entry per column: ``names``; ``types`` as binlog type numbers (ENUM and SET resolved, as
    in ``Column.type``), compared with the TABLE_MAP's; ``unsigned``; ``collations`` (id for text, ENUM and SET
    columns, 63 for binary ones, None for others); ``members`` (() but for ENUM and SET); ``visible``;
    ``geometry_types`` (None but for GEOMETRY); and the primary key as column indexes."""

    names: tuple[str, ...]
    types: tuple[int, ...]
    unsigned: tuple[bool, ...]
    collations: tuple[int | None, ...]
    members: tuple[tuple[str, ...], ...]
    visible: tuple[bool, ...]
    geometry_types: tuple[int | None, ...]
    primary_key: tuple[int, ...]

    def __post_init__(self) -> None:
        lists = (self.types, self.unsigned, self.collations, self.members, self.visible, self.geometry_types)
        if any(len(values) != len(self.names) for values in lists):
            raise ValueError("a SchemaSupplement has one entry per column in each list")
        if any(not 0 <= index < len(self.names) for index in self.primary_key):
            raise ValueError("a primary key column is outside the table")

    @classmethod
    def of(cls, columns: Sequence[Column | ColumnState], primary_key: tuple[int, ...]) -> SchemaSupplement:
        """What is known of a table's columns."""
        return cls(
            names=tuple(column.name for column in columns),
            types=tuple(column.type for column in columns),
            unsigned=tuple(column.unsigned for column in columns),
            collations=tuple(column.collation for column in columns),
            members=tuple(column.members for column in columns),
            visible=tuple(column.visible for column in columns),
            geometry_types=tuple(column.geometry_type for column in columns),
            primary_key=primary_key,
        )

    def encode(self) -> bytes:
        """Compact JSON bytes, the same for equal supplements."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def decode(cls, data: bytes) -> SchemaSupplement:
        """What ``encode`` gave. DataProblem for anything else."""
        try:
            fields = json.loads(data.decode("utf-8", "surrogatepass"))
            members = tuple(_strings(names) for names in fields.pop("members"))
            return cls(names=_strings(fields.pop("names")), members=members, **{k: tuple(v) for k, v in fields.items()})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DataProblem(SUPPLEMENT_DAMAGED, f"{len(data)} bytes are not a schema supplement: {error}") from error


def _strings(values: list[str]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a name isn't text")
    return tuple(values)
