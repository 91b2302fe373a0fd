"""What kind of value an expression has, seen as MySQL sees it, and the one Arrow form in which each is computed.

    INT int64 | UINT uint64 | DECIMAL decimal128/256(precision, scale) | DOUBLE float64 | BOOL bool (0 and 1 in MySQL)
    TEXT string | BYTES binary | DATE date32 | DATETIME timestamp[us] | TIME duration[us] | JSON string
    NULL null (the literal) | OPAQUE whatever it was (geometry, vector: may be tested for NULL and passed on)

With zero dates as text a DATE or DATETIME column arrives as string; ``canonical`` leaves it so, and what computes
with dates knows both forms. TIMESTAMP counts as DATETIME in UTC.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.field_types import FieldType as F
from ingest.binlog.values.column_shape import decimal_shape, field_type, fraction_digits, is_binary
from ingest.schema import Column

DECIMAL_DIGITS_MAX = 65
DECIMAL_SCALE_MAX = 30
ARROW_DIGITS_MAX = 76
ARROW_NARROW_MAX = 38


class Kind(enum.Enum):
    """See the module."""

    NULL = "NULL"
    BOOL = "BOOLEAN"
    INT = "BIGINT"
    UINT = "BIGINT UNSIGNED"
    DECIMAL = "DECIMAL"
    DOUBLE = "DOUBLE"
    TEXT = "text"
    BYTES = "binary text"
    DATE = "DATE"
    DATETIME = "DATETIME"
    TIME = "TIME"
    JSON = "JSON"
    OPAQUE = "geometry or vector"


WHOLE = frozenset({Kind.BOOL, Kind.INT, Kind.UINT})
EXACT = WHOLE | {Kind.DECIMAL}
NUMERIC = EXACT | {Kind.DOUBLE}
STRINGS = frozenset({Kind.TEXT, Kind.BYTES})
DATED = frozenset({Kind.DATE, Kind.DATETIME})


@dataclass(frozen=True, slots=True)
class SqlType:
    """A value's type. ``precision`` and ``scale``: of DECIMAL. ``fsp``: digits of a second's fraction.
    ``collation``: of TEXT. ``disguised``: a TEXT that MySQL takes for another number than it spells (ENUM, SET, and a
    date that stands as text because it was chosen from among texts), or a number that it prints in another form (chosen
    from numbers of several types).
    ``single``: a DOUBLE that is a FLOAT column; ``year``, ``bits``: a UINT that is a YEAR or BIT column."""

    kind: Kind
    precision: int = 0
    scale: int = 0
    fsp: int = 0
    collation: int | None = None
    disguised: bool = False
    single: bool = False
    year: bool = False
    bits: bool = False

    def describe(self) -> str:
        """For messages."""
        if self.kind is Kind.DECIMAL:
            return f"DECIMAL({self.precision},{self.scale})"
        if self.disguised and self.kind is Kind.TEXT:
            return "ENUM, SET or a date as text"
        return "BIT" if self.bits else "YEAR" if self.year else self.kind.value


NULL = SqlType(Kind.NULL)
BOOL = SqlType(Kind.BOOL)
INT = SqlType(Kind.INT)
UINT = SqlType(Kind.UINT)
DOUBLE = SqlType(Kind.DOUBLE)

_KINDS = {
    F.TINY: Kind.INT,
    F.SHORT: Kind.INT,
    F.INT24: Kind.INT,
    F.LONG: Kind.INT,
    F.LONGLONG: Kind.INT,
    F.FLOAT: Kind.DOUBLE,
    F.DOUBLE: Kind.DOUBLE,
    F.BIT: Kind.UINT,
    F.YEAR: Kind.UINT,
    F.DATE: Kind.DATE,
    F.NEWDATE: Kind.DATE,
    F.DATETIME: Kind.DATETIME,
    F.DATETIME2: Kind.DATETIME,
    F.TIMESTAMP: Kind.DATETIME,
    F.TIMESTAMP2: Kind.DATETIME,
    F.TIME: Kind.TIME,
    F.TIME2: Kind.TIME,
    F.JSON: Kind.JSON,
    F.GEOMETRY: Kind.OPAQUE,
    F.VECTOR: Kind.OPAQUE,
}


def type_of(column: Column) -> SqlType:
    """A column's type. DataProblem ``type.unknown``."""
    kind = field_type(column)
    if kind in (F.ENUM, F.SET):
        return SqlType(Kind.TEXT, collation=column.collation, disguised=True)
    if kind == F.NEWDECIMAL:
        precision, scale = decimal_shape(column)
        return SqlType(Kind.DECIMAL, precision, scale)
    if kind in _KINDS:
        unsigned = _KINDS[kind] is Kind.INT and column.unsigned
        return SqlType(
            Kind.UINT if unsigned else _KINDS[kind],
            fsp=fraction_digits(column),
            single=kind == F.FLOAT,
            year=kind == F.YEAR,
            bits=kind == F.BIT,
        )
    return SqlType(Kind.BYTES) if is_binary(column) else SqlType(Kind.TEXT, collation=column.collation)


def decimal_arrow(precision: int, scale: int) -> pa.DataType:
    """The narrowest Arrow decimal that holds so many digits (76 at most)."""
    wide = precision > ARROW_NARROW_MAX
    return pa.decimal256(precision, scale) if wide else pa.decimal128(precision, scale)


def arrow_of(kind: SqlType) -> pa.DataType:
    """The Arrow form of a type (see the module); OPAQUE has none."""
    if kind.kind is Kind.DECIMAL:
        return decimal_arrow(max(kind.precision, 1), kind.scale)
    return _ARROW[kind.kind]


_ARROW = {
    Kind.NULL: pa.null(),
    Kind.BOOL: pa.bool_(),
    Kind.INT: pa.int64(),
    Kind.UINT: pa.uint64(),
    Kind.DOUBLE: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.BYTES: pa.binary(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us"),
    Kind.TIME: pa.duration("us"),
    Kind.JSON: pa.string(),
}


def canonical(array: pa.Array, kind: SqlType) -> pa.Array:
    """A decoded column in the form that expressions compute with."""
    if kind.kind is Kind.OPAQUE:
        return array
    if kind.kind in DATED and pa.types.is_string(array.type):
        return array
    if pa.types.is_list(array.type):
        return pc.binary_join(array, ",")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    wanted = arrow_of(kind)
    return array if array.type == wanted else array.cast(wanted)
