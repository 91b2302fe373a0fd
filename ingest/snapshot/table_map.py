"""A table's schema as a slice carries it: a TABLE_MAP's body, and the supplement with all that the body doesn't say.

The inverse of ``ingest.binlog.table_map.table_schema``: what it makes of both is the schema again. The body has no optional
metadata (but a VECTOR's dimension, for which a supplement has no place), so no name needs another character set.
"""

from __future__ import annotations

import struct

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.supplement import SchemaSupplement
from ingest.binlog.table_map import METADATA_SIZES
from ingest.schema import TableSchema

_VECTOR_DIMENSIONALITY = 13
TABLE_ID = 0
"""No opening of the table: the id is only there for its room."""


def table_map_of(schema: TableSchema) -> tuple[bytes, bytes]:
    """The body and the supplement of a table."""
    return _body(schema), SchemaSupplement.of(schema.columns, schema.primary_key).encode()


def _body(schema: TableSchema) -> bytes:
    columns = schema.columns
    types = bytes(F.STRING if column.type in (F.ENUM, F.SET) else column.type for column in columns)
    metadata = b"".join(column.meta.to_bytes(METADATA_SIZES.get(F(column.type), 0), "little") for column in columns)
    nullable = sum(column.nullable << place for place, column in enumerate(columns))
    dimensions = [column.vector_dimension or 0 for column in columns if column.type == F.VECTOR]
    parts = [
        TABLE_ID.to_bytes(6, "little") + struct.pack("<H", 1),
        _named(schema.name.database),
        _named(schema.name.table),
        packed_length(len(columns)) + types,
        packed_length(len(metadata)) + metadata,
        nullable.to_bytes((len(columns) + 7) // 8, "little"),
    ]
    if dimensions:
        value = b"".join(map(packed_length, dimensions))
        parts.append(bytes([_VECTOR_DIMENSIONALITY]) + packed_length(len(value)) + value)
    return b"".join(parts)


def _named(text: str) -> bytes:
    data = text.encode()
    return packed_length(len(data)) + data + b"\0"


def packed_length(number: int) -> bytes:
    """A length-encoded integer below 2^24."""
    if number < 251:
        return bytes([number])
    if number < 1 << 16:
        return b"\xfc" + number.to_bytes(2, "little")
    return b"\xfd" + number.to_bytes(3, "little")
