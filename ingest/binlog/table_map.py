"""TABLE_MAP bodies to table schemas, completed from the schema history where the server sends too little.

Source of the format: MySQL's libs/mysql/binlog/event/rows_event.h ("Table_map_event"). Bodies have 6-byte table ids
(the stream decoder widens the 4-byte ones of before 5.1.4). Invariant 5: a schema is complete or there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.binlog.charsets import codec_of
from ingest.binlog.cursor import Cursor, Damage, Damaged
from ingest.binlog.field_types import FieldType, type_name
from ingest.binlog.framing import MALFORMED
from ingest.binlog.optional_metadata import CHOICE_TYPES, NUMERIC_TYPES, OptionalMetadata, read_optional_metadata
from ingest.binlog.supplement import SchemaSupplement
from ingest.problems import DataProblem, declare
from ingest.schema import Column, TableName, TableSchema

SCHEMA_UNKNOWN = declare(
    "schema.unknown",
    "The binlog doesn't say enough about a table, and no schema history fills it in.",
    "Set binlog_row_metadata=FULL on the source (MySQL 8.0.1 and newer), or let the schema history fill it in: "
    "take a schema snapshot of the table.",
)
SCHEMA_MISMATCH = declare(
    "schema.mismatch",
    "A table in the binlog doesn't fit what the schema history says about it.",
    "The history missed a change of the table: take a new schema snapshot of it, then start the lane again.",
)

_F = FieldType
METADATA_SIZES = {
    **dict.fromkeys((_F.FLOAT, _F.DOUBLE, _F.TIMESTAMP2, _F.DATETIME2, _F.TIME2), 1),
    **dict.fromkeys((_F.BLOB, _F.TINY_BLOB, _F.MEDIUM_BLOB, _F.LONG_BLOB, _F.GEOMETRY, _F.JSON, _F.VECTOR), 1),
    **dict.fromkeys((_F.VARCHAR, _F.VAR_STRING, _F.STRING, _F.ENUM, _F.SET, _F.BIT, _F.NEWDECIMAL), 2),
}
_KNOWN_TYPES = frozenset(int(kind) for kind in FieldType)
_COLLATED_TYPES = {_F.STRING, _F.VAR_STRING, _F.VARCHAR, _F.BLOB, _F.TINY_BLOB, _F.MEDIUM_BLOB, _F.LONG_BLOB}

#: A table of before 5.6.4 keeps its old temporal encoding until it is rebuilt, and one stored type has several
#: numbers. information_schema shows no difference, so neither does the comparison with a schema history.
_SAME_TYPE = {
    _F.TIMESTAMP: _F.TIMESTAMP2,
    _F.DATETIME: _F.DATETIME2,
    _F.TIME: _F.TIME2,
    _F.NEWDATE: _F.DATE,
    _F.VAR_STRING: _F.VARCHAR,
    _F.TINY_BLOB: _F.BLOB,
    _F.MEDIUM_BLOB: _F.BLOB,
    _F.LONG_BLOB: _F.BLOB,
}


def table_name_of(body: bytes) -> TableName:
    """The table's name in a TABLE_MAP body. DataProblem when the body is damaged."""
    try:
        return _name(Cursor(body, 8))
    except Damaged as error:
        raise _damaged(error) from error


def table_schema(body: bytes, supplement: bytes = b"") -> TableSchema:
    """A TABLE_MAP body and an encoded SchemaSupplement (b"": none) to the table's schema; cached by content.

    What the TABLE_MAP says itself wins. DataProblem: damaged; ``schema.unknown`` where both leave something open;
    ``schema.mismatch`` where the supplement is another table's."""
    return _schema(bytes(body[8:]), supplement)  # id and flags change from one opening of the table to the next


@lru_cache(maxsize=4096)
def _schema(body: bytes, supplement: bytes) -> TableSchema:
    extra = SchemaSupplement.decode(supplement) if supplement else None
    try:
        layout = _layout(body)
        if extra is not None:
            _check_fit(layout, extra)
        return _complete(layout, extra)
    except Damaged as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> DataProblem:
    return DataProblem(MALFORMED, f"a TABLE_MAP is damaged: {error}")


@dataclass(frozen=True, slots=True)
class _Layout:
    """A TABLE_MAP as sent: resolved types, metadata numbers, nullable flags and the optional metadata."""

    name: TableName
    types: Sequence[int]
    metas: Sequence[int]
    nullable: Sequence[bool]
    optional: OptionalMetadata


def _name(cursor: Cursor) -> TableName:
    database = cursor.take(cursor.packed()).decode("utf-8")
    cursor.take(1)
    table = cursor.take(cursor.packed()).decode("utf-8")
    cursor.take(1)
    return TableName(database, table)


def _layout(body: bytes) -> _Layout:
    cursor = Cursor(body)
    name = _name(cursor)
    raw_types = cursor.take(cursor.packed())
    metadata = Cursor(cursor.take(cursor.packed()))
    pairs = [_resolve(raw, metadata) for raw in raw_types]
    if metadata.left:
        raise Damage(f"{metadata.left} bytes of column metadata too many")
    bits = cursor.take((len(raw_types) + 7) // 8)
    nullable = [bool(bits[index // 8] >> (index % 8) & 1) for index in range(len(raw_types))]
    types = [kind for kind, _ in pairs]
    optional = read_optional_metadata(cursor.rest(), types)
    return _Layout(name, types, [meta for _, meta in pairs], nullable, optional)


def _resolve(raw: int, metadata: Cursor) -> tuple[int, int]:
    """(type, metadata number) of one column: ENUM and SET hide in STRING, whose first metadata byte is the real type
    (with two inverted bits of the length in it for a long CHAR: Field_string::do_save_field_metadata)."""
    if raw not in _KNOWN_TYPES or raw == FieldType.TYPED_ARRAY:
        raise Damage(f"column type {type_name(raw)} can't be in a row")
    meta = metadata.uint(METADATA_SIZES.get(FieldType(raw), 0))
    if raw == FieldType.STRING and meta & 0xFF in (FieldType.ENUM, FieldType.SET):
        return meta & 0xFF, meta
    return raw, meta


def _check_fit(layout: _Layout, extra: SchemaSupplement) -> None:
    where = {"table": layout.name}
    if len(extra.names) != len(layout.types):
        what = f"{len(layout.types)} columns in the binlog, {len(extra.names)} in the schema history"
        raise DataProblem(SCHEMA_MISMATCH, what, where)
    for name, sent, stored in zip(extra.names, layout.types, extra.types, strict=True):
        if _same(sent) != _same(stored):
            what = f"column {name!r} is {type_name(sent)} in the binlog, {type_name(stored)} in the schema history"
            raise DataProblem(SCHEMA_MISMATCH, what, {**where, "column": name})


def _same(kind: int) -> int:
    return _SAME_TYPE.get(FieldType(kind), kind) if kind in _KNOWN_TYPES else kind


def _complete(layout: _Layout, extra: SchemaSupplement | None) -> TableSchema:
    optional = layout.optional
    if optional.names is not None:
        names: Sequence[str] = [name.decode("utf-8") for name in optional.names]
        primary_key = optional.primary_key or ()  # FULL metadata leaves it out when the table has none
    elif extra is not None:
        names = extra.names
        primary_key = extra.primary_key
    else:
        raise DataProblem(SCHEMA_UNKNOWN, "the binlog holds no column names", {"table": layout.name})
    columns = tuple(_column(layout, extra, index, name) for index, name in enumerate(names))
    return TableSchema(layout.name, columns, primary_key)


def _column(layout: _Layout, extra: SchemaSupplement | None, index: int, name: str) -> Column:
    kind, optional = layout.types[index], layout.optional
    unsigned = optional.unsigned.get(index) if optional.unsigned is not None else None
    collation = optional.collations.get(index)
    geometry_type = optional.geometry_types.get(index)
    visible = optional.visible[index] if optional.visible is not None else None
    if extra is not None:
        unsigned = extra.unsigned[index] if unsigned is None else unsigned
        collation = extra.collations[index] if collation is None else collation
        geometry_type = extra.geometry_types[index] if geometry_type is None else geometry_type
        visible = extra.visible[index] if visible is None else visible
    if unsigned is None and kind in NUMERIC_TYPES:
        raise _open(layout, name, "sign")
    if kind not in _COLLATED_TYPES and kind not in CHOICE_TYPES:
        collation = None  # a VECTOR is sent as binary text
    elif collation is None:
        raise _open(layout, name, "character set")
    return Column(
        name=name,
        type=kind,
        meta=layout.metas[index],
        nullable=layout.nullable[index],
        unsigned=kind in NUMERIC_TYPES and bool(unsigned),
        collation=collation,
        members=_members(layout, extra, index, name, collation),
        geometry_type=geometry_type,
        vector_dimension=optional.vector_dimensions.get(index),
        visible=visible is not False,
    )


def _members(
    layout: _Layout, extra: SchemaSupplement | None, index: int, name: str, collation: int | None
) -> tuple[str, ...]:
    if layout.types[index] not in CHOICE_TYPES:
        return ()
    sent = layout.optional.members.get(index)
    if sent is not None and collation is not None:
        return tuple(member.decode(codec_of(collation)) for member in sent)
    if extra is None:
        raise _open(layout, name, "members")
    return extra.members[index]


def _open(layout: _Layout, column: str, what: str) -> DataProblem:
    return DataProblem(
        SCHEMA_UNKNOWN, f"the binlog holds no {what} of column {column!r}", {"table": layout.name, "column": column}
    )
