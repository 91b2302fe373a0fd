"""Arrow columns to the text that MySQL's SELECT prints, whole columns at a time.

Shared by ``json_text`` (Elasticsearch, Kafka) and ``cell_bytes`` (HBase), which add quotes or encode. The values come
from ``ingest.binlog``'s fields (``arrow_types``) or from a rule's expressions; a field's MySQL metadata refines what
its Arrow type says (digits of a second's fraction). Each function takes an array of one family and gives one text or
None per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.arrow_types import fraction_digits_of
from ingest.binlog.values.float_text import mysql_layout
from ingest.problems import DataProblem, declare

Texts = list[str | None]

TYPE_UNSUPPORTED = declare(
    "document.type_unsupported",
    "A document field has an Arrow type that has no form in the sink.",
    "Let the processor give a type from the types page (configs/types.md).",
)
NOT_A_NUMBER = declare(
    "document.not_a_number",
    "A document field holds NaN or infinity, which neither MySQL nor JSON has.",
    "Let the processor give null or a finite number.",
)

_UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_TICKS_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def unsupported(field: pa.Field, kind: pa.DataType) -> DataProblem:
    """The problem that an Arrow type has no text."""
    return DataProblem(TYPE_UNSUPPORTED, f"field {field.name!r} has Arrow type {kind}", {"type": kind})


def integer_texts(array: pa.Array) -> Texts:
    """Integers as plain digits."""
    return [None if value is None else str(value) for value in array.to_pylist()]


def float_texts(array: pa.Array) -> Texts:
    """Floats by their shortest digits (of their own width: 0.1 as float32 is "0.1"), in MySQL's layout.

    DataProblem ``document.not_a_number`` for NaN and infinity.
    """
    if pc.all(pc.is_finite(array)).as_py() is False:
        raise DataProblem(NOT_A_NUMBER, "a float is NaN or infinite")
    return [None if text is None else mysql_layout(text) for text in array.cast(pa.string()).to_pylist()]


def decimal_texts(array: pa.Array) -> Texts:
    """Decimals with every digit of their scale, never with an exponent."""
    texts = array.cast(pa.string()).to_pylist()
    return [format(Decimal(text), "f") if text is not None and "E" in text else text for text in texts]


def date_texts(array: pa.Array) -> Texts:
    """Dates as ``2024-01-02``."""
    texts: Texts = array.cast(pa.date32()).cast(pa.string()).to_pylist()
    return texts


def datetime_texts(array: pa.Array, field: pa.Field) -> Texts:
    """Timestamps as ``2024-01-02 03:04:05.123456``, the fraction cut to the column's digits; those with a time zone in
    UTC, unmarked.
    """
    naive = array.cast(pa.timestamp(array.type.unit))
    digits = fraction_digits_of(field)
    if digits is None:
        return list(naive.cast(pa.string()).to_pylist())
    end = 20 + digits if digits else 19
    return [None if text is None else text[:end] for text in naive.cast(pa.string()).to_pylist()]


def time_texts(array: pa.Array, field: pa.Field) -> Texts:
    """Durations as ``-838:59:59.000000``, the fraction cut to the column's digits."""
    unit = array.type.unit
    digits = fraction_digits_of(field)
    shown = _UNIT_DIGITS[unit] if digits is None else digits
    per_second = _TICKS_PER_SECOND[unit]
    return [
        None if ticks is None else _time_text(ticks, per_second, _UNIT_DIGITS[unit], shown)
        for ticks in array.cast(pa.int64()).to_pylist()
    ]


def _time_text(ticks: int, per_second: int, unit_digits: int, shown: int) -> str:
    seconds, fraction = divmod(abs(ticks), per_second)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{'-' if ticks < 0 else ''}{hours:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{fraction:0{unit_digits}d}"[: len(text) + 1 + shown] if shown and unit_digits else text


def by_row(offsets: Sequence[int], items: Texts, null: str, valid: Sequence[bool]) -> list[list[str] | None]:
    """The items of a list column, cut by row: ``offsets`` as in Arrow's list layout; ``null`` stands for a null item."""
    shown = [null if item is None else item for item in items]
    return [shown[offsets[row] : offsets[row + 1]] if is_valid else None for row, is_valid in enumerate(valid)]
