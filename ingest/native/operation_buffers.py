"""Operations as the native core takes them: buffers of their columns, and the form of each document field's text.

The core's counterparts: ``src/texts`` (forms), ``src/requests`` (``Part``). Invariant: a field whose type has no form
there comes as texts that the pure encoders made, so that every document can be handed over.
"""

from __future__ import annotations

from array import array as packed
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from ingest.binlog.arrow_types import fraction_digits_of, mysql_type
from ingest.sinks.cell_bytes import cell_texts
from ingest.sinks.contract import Operations
from ingest.sinks.json_text import json_texts
from ingest.sinks.operation_columns import Flags, Same, TextColumn

Buffers = tuple[int, bytes | None, bytes, bytes]
"""The row where an array begins in them; validity, offsets and data."""

Form = tuple[object, ...]
Column = tuple[Form, Buffers]
VERBATIM: Form = ("verbatim",)


def buffers(array: pa.Array) -> Buffers:
    """An array's buffers; offsets are empty for values of a fixed width."""
    validity, *rest = [None if one is None else one.to_pybytes() for one in array.buffers()]
    offsets, data = rest if len(rest) == 2 else (b"", rest[0])
    return array.offset, validity if array.null_count else None, offsets or b"", data or b""


def placed(operations: Operations) -> tuple[Any, ...]:
    """Where operations go: rows, keys, versions, deletes, targets, the target of each row, routings. ArrowInvalid or
    UnicodeError for a key that isn't text.
    """
    keys = operations.keys
    names, target_of = _targets(operations.targets)
    return (
        len(keys),
        buffers(keys.array if isinstance(keys, TextColumn) else pa.array(list(keys), pa.string())),
        packed_versions(operations.versions),
        _deletes(operations.deletes),
        names,
        target_of,
        _routings(operations.routings),
    )


def packed_versions(versions: Sequence[int]) -> bytes:
    """Versions, eight bytes each."""
    return versions.tobytes() if isinstance(versions, memoryview) else packed("Q", versions).tobytes()


def _deletes(deletes: Sequence[bool]) -> bytes:
    if isinstance(deletes, Same):
        return b"\1" * len(deletes) if deletes.value else b""
    return deletes.data if isinstance(deletes, Flags) else bytes(deletes)


def _targets(targets: Sequence[str]) -> tuple[list[str], bytes]:
    if isinstance(targets, Same):
        return [targets.value], b""
    numbers = {target: number for number, target in enumerate(dict.fromkeys(targets))}
    return list(numbers), packed("I", [numbers[target] for target in targets]).tobytes()


def _routings(routings: Sequence[str | None]) -> Buffers | None:
    if isinstance(routings, Same) and routings.value is None:
        return None
    return buffers(pa.array(list(routings), pa.string()))


def json_column(array: pa.Array, field: pa.Field) -> Column:
    """A document's field to be written as JSON. DataProblem names a field without a JSON form."""
    kind = array.type
    if pt.is_string(kind):
        return VERBATIM if mysql_type(field) == "json" else ("text",), buffers(array)
    if pt.is_binary(kind) and mysql_type(field) != "geometry":
        return ("binary",), buffers(array)
    form = _shared_form(kind, field)
    return (form, buffers(array)) if form else (VERBATIM, buffers(pa.array(json_texts(array, field), pa.string())))


def cell_column(array: pa.Array, field: pa.Field) -> Column:
    """A document's field to be written as cells. DataProblem names a field without a cell form."""
    kind = array.type
    if pt.is_string(kind) or pt.is_binary(kind):
        return VERBATIM, buffers(array)
    is_year = mysql_type(field) == "year"
    form = ("year",) if is_year and pt.is_uint16(kind) else None if is_year else _shared_form(kind, field)
    return (form, buffers(array)) if form else (VERBATIM, buffers(pa.array(cell_texts(array, field), pa.binary())))


Columns = Callable[[pa.Array, pa.Field], Column]


def _shared_form(kind: pa.DataType, field: pa.Field) -> Form | None:
    if pt.is_integer(kind):
        return ("signed" if pt.is_signed_integer(kind) else "unsigned", kind.bit_width // 8)
    if (pt.is_decimal128(kind) or pt.is_decimal256(kind)) and kind.scale >= 0:
        return ("decimal", kind.scale, kind.bit_width // 8)
    if pt.is_float32(kind) or pt.is_float64(kind):
        return ("float", kind.bit_width // 8)
    if pt.is_date32(kind):
        return ("date",)
    digits = fraction_digits_of(field)
    shown = 6 if digits is None else digits
    if pt.is_timestamp(kind) and kind.unit == "us":
        return ("datetime", shown, kind.tz is not None)
    return ("time", shown) if pt.is_duration(kind) and kind.unit == "us" else None
