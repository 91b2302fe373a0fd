"""The optional metadata of a TABLE_MAP: type, length, value; what MySQL 8.0.1 and newer say beyond types and lengths.

Source: MySQL's libs/mysql/binlog/event/rows_event.h (table "Table_map_event optional metadata types") and
Table_map_log_event::init_*_field in sql/log_event.cc. Which columns a field counts is decided by their binlog type:
numbers, text columns (VECTOR among them), ENUM and SET, geometry.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.binlog.cursor import Cursor, Damage
from ingest.binlog.field_types import FieldType


class _Field(enum.IntEnum):
    SIGNEDNESS = 1
    DEFAULT_CHARSET = 2
    COLUMN_CHARSET = 3
    COLUMN_NAME = 4
    SET_STR_VALUE = 5
    ENUM_STR_VALUE = 6
    GEOMETRY_TYPE = 7
    SIMPLE_PRIMARY_KEY = 8
    PRIMARY_KEY_WITH_PREFIX = 9
    ENUM_AND_SET_DEFAULT_CHARSET = 10
    ENUM_AND_SET_COLUMN_CHARSET = 11
    COLUMN_VISIBILITY = 12
    VECTOR_DIMENSIONALITY = 13


NUMERIC_TYPES = {
    FieldType.TINY,
    FieldType.SHORT,
    FieldType.INT24,
    FieldType.LONG,
    FieldType.LONGLONG,
    FieldType.NEWDECIMAL,
    FieldType.FLOAT,
    FieldType.DOUBLE,
}
"""What has a sign."""
_SIGN_BIT = NUMERIC_TYPES | {FieldType.YEAR, FieldType.DECIMAL}
"""What SIGNEDNESS holds a bit for (MySQL's has_signedess_information_type): a year too, whose bit says nothing."""
_TEXT = {FieldType.STRING, FieldType.VAR_STRING, FieldType.VARCHAR, FieldType.VECTOR, FieldType.BLOB}
CHOICE_TYPES = {FieldType.ENUM, FieldType.SET}


@dataclass(slots=True)
class OptionalMetadata:
    """What was sent, by column index; None for a whole list that wasn't sent. Names and members are raw bytes."""

    unsigned: dict[int, bool] | None = None
    collations: dict[int, int] = field(default_factory=dict)
    names: list[bytes] | None = None
    members: dict[int, list[bytes]] = field(default_factory=dict)
    geometry_types: dict[int, int] = field(default_factory=dict)
    primary_key: tuple[int, ...] | None = None
    visible: list[bool] | None = None
    vector_dimensions: dict[int, int] = field(default_factory=dict)


def read_optional_metadata(data: bytes, types: Sequence[int]) -> OptionalMetadata:
    """The bytes behind a TABLE_MAP's null bits, given its (resolved) column types. Damage when they don't fit.

    A field type newer than this list describes the columns further; it is passed over, as MySQL's replicas do."""
    result = OptionalMetadata()
    cursor = Cursor(data)
    while cursor.left:
        kind = cursor.uint(1)
        _read_field(kind, Cursor(cursor.take(cursor.packed())), types, result)
    return result


def _read_field(kind: int, value: Cursor, types: Sequence[int], result: OptionalMetadata) -> None:
    if kind == _Field.SIGNEDNESS:
        columns = _columns(types, _SIGN_BIT)
        result.unsigned = dict(zip(columns, _bits(value, len(columns)), strict=True))
    elif kind in (_Field.DEFAULT_CHARSET, _Field.ENUM_AND_SET_DEFAULT_CHARSET):
        columns = _columns(types, _TEXT if kind == _Field.DEFAULT_CHARSET else CHOICE_TYPES)
        result.collations.update(_default_charset(value, columns))
    elif kind in (_Field.COLUMN_CHARSET, _Field.ENUM_AND_SET_COLUMN_CHARSET):
        columns = _columns(types, _TEXT if kind == _Field.COLUMN_CHARSET else CHOICE_TYPES)
        result.collations.update(_by_column(columns, _packed_list(value)))
    elif kind == _Field.COLUMN_NAME:
        result.names = _names(value, len(types))
    elif kind in (_Field.SET_STR_VALUE, _Field.ENUM_STR_VALUE):
        wanted = {FieldType.SET if kind == _Field.SET_STR_VALUE else FieldType.ENUM}
        for column in _columns(types, wanted):
            result.members[column] = [value.take(value.packed()) for _ in range(value.packed())]
    elif kind == _Field.GEOMETRY_TYPE:
        result.geometry_types = _by_column(_columns(types, {FieldType.GEOMETRY}), _packed_list(value))
    elif kind == _Field.SIMPLE_PRIMARY_KEY:
        result.primary_key = _key(_packed_list(value), len(types))
    elif kind == _Field.PRIMARY_KEY_WITH_PREFIX:
        result.primary_key = _key(_packed_list(value)[::2], len(types))
    elif kind == _Field.COLUMN_VISIBILITY:
        result.visible = _bits(value, len(types))
    elif kind == _Field.VECTOR_DIMENSIONALITY:
        result.vector_dimensions = _by_column(_columns(types, {FieldType.VECTOR}), _packed_list(value))


def _columns(types: Sequence[int], wanted: set[FieldType]) -> list[int]:
    return [index for index, kind in enumerate(types) if kind in wanted]


def _bits(value: Cursor, count: int) -> list[bool]:
    """Bits, the first in the highest bit of the first byte."""
    data = value.take((count + 7) // 8)
    return [bool(data[index // 8] & (0x80 >> index % 8)) for index in range(count)]


def _packed_list(value: Cursor) -> list[int]:
    numbers = []
    while value.left:
        numbers.append(value.packed())
    return numbers


def _by_column(columns: list[int], numbers: list[int]) -> dict[int, int]:
    if len(columns) != len(numbers):
        raise Damage(f"metadata for {len(numbers)} columns, {len(columns)} of that kind there")
    return dict(zip(columns, numbers, strict=True))


def _default_charset(value: Cursor, columns: list[int]) -> dict[int, int]:
    """The collation of most columns, then (index among the columns, collation) of the others."""
    default, *others = _packed_list(value)
    collations = dict.fromkeys(columns, default)
    if len(others) % 2:
        raise Damage("a column's collation is missing")
    for index, collation in zip(others[::2], others[1::2], strict=True):
        collations[columns[index]] = collation
    return collations


def _names(value: Cursor, count: int) -> list[bytes]:
    names = [value.take(value.packed()) for _ in range(count)]
    if value.left:
        raise Damage(f"more than {count} column names")
    return names


def _key(columns: list[int], count: int) -> tuple[int, ...]:
    if any(column >= count for column in columns):
        raise Damage("a primary key column is outside the table")
    return tuple(columns)
