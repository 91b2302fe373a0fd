"""Column type numbers of the binlog (``enum_field_types`` in MySQL's field_types.h).

``pymysqlreplication.constants.FIELD_TYPE`` stops at MySQL 8.0; these are all of them up to 9.x.
"""

from __future__ import annotations

import enum


class FieldType(enum.IntEnum):
    """MYSQL_TYPE_*, by the number which TABLE_MAP events use."""

    DECIMAL = 0
    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    NULL = 6
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    NEWDATE = 14
    VARCHAR = 15
    BIT = 16
    TIMESTAMP2 = 17
    DATETIME2 = 18
    TIME2 = 19
    TYPED_ARRAY = 20
    VECTOR = 242
    JSON = 245
    NEWDECIMAL = 246
    ENUM = 247
    SET = 248
    TINY_BLOB = 249
    MEDIUM_BLOB = 250
    LONG_BLOB = 251
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


def type_name(number: int) -> str:
    """The type's name, or its number where MySQL's list doesn't have it."""
    try:
        return FieldType(number).name
    except ValueError:
        return f"type {number}"
