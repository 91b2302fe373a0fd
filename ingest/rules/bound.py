"""An expression bound to a table: its type, and how to compute it for a batch of rows.

``Bound.run`` takes a ``Batch`` and gives an Arrow array of the batch's length, or one Arrow scalar when it depends on
no column (Arrow's kernels take both; ``as_array`` spreads a scalar). Nothing here knows of operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from ingest.rules.value_types import SqlType, arrow_of, canonical

Values: TypeAlias = Any
"""A pyarrow Array (one value per row) or Scalar (one for all); pyarrow has no types of its own."""

# How strongly a text insists on its collation (MySQL reference manual, "Collation Coercibility in Expressions").
EXPLICIT, COLUMN, LITERAL, NUMBER, IGNORABLE = 0, 2, 4, 5, 6


class Batch:
    """Rows of one image (before or after) with columns by their index in the schema, made canonical on first use."""

    def __init__(self, columns: Mapping[int, pa.Array], types: Mapping[int, SqlType], rows: int) -> None:
        self._columns = columns
        self._types = types
        self._ready: dict[int, pa.Array] = {}
        self.rows = rows

    def take(self, rows: pa.Array) -> Batch:
        """Some of the rows, by number."""
        return Batch({index: column.take(rows) for index, column in self._columns.items()}, self._types, len(rows))

    def raw(self, index: int) -> pa.Array:
        """The column as it was decoded."""
        return self._columns[index]

    def column(self, index: int) -> pa.Array:
        """The column in its canonical form."""
        ready = self._ready.get(index)
        if ready is None:
            ready = self._ready[index] = canonical(self._columns[index], self._types[index])
        return ready


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression with its type. ``column``: the index, when it is a plain column. ``constant``: the value, when it
    is a literal or computed from literals. ``text``: the user's SQL, for messages."""

    type: SqlType
    run: Callable[[Batch], Values]
    text: str
    coercibility: int = NUMBER
    column: int | None = None
    constant: pa.Scalar | None = None


def as_array(values: Values, rows: int, kind: SqlType) -> pa.Array:
    """One value per row."""
    if isinstance(values, pa.Scalar):
        if not values.is_valid:
            return pa.nulls(rows, arrow_of(kind))
        return pa.repeat(values, rows)
    return values


def literal(value: Any, kind: SqlType, text: str, coercibility: int = NUMBER) -> Bound:
    """A Bound that is the same for all rows; ``value`` as Python, None for NULL."""
    scalar = pa.scalar(value, arrow_of(kind))
    return Bound(kind, lambda batch: scalar, text, coercibility, None, scalar)


def kernel(
    kind: SqlType, text: str, function: Callable[..., Values], arguments: Sequence[Bound], coercibility: int = NUMBER
) -> Bound:
    """Apply a function of whole columns to the arguments' values. Computed at once when all are constant."""
    if all(argument.constant is not None for argument in arguments):
        scalar = as_scalar(function(*(argument.constant for argument in arguments)))
        return Bound(kind, lambda batch: scalar, text, coercibility, None, scalar)
    runs = [argument.run for argument in arguments]

    def run(batch: Batch) -> Values:
        return function(*(one(batch) for one in runs))

    return Bound(kind, run, text, coercibility)


def per_row(kind: SqlType, function: Callable[..., Any]) -> Callable[..., Values]:
    """Make a function of Python values into one of columns, for what Arrow has no kernel for. NULL in, NULL out."""
    wanted = arrow_of(kind)

    def run(*values: Values) -> Values:
        if all(isinstance(value, pa.Scalar) for value in values):
            plain = [value.as_py() for value in values]
            return pa.scalar(None if None in plain else function(*plain), wanted)
        rows = max(len(value) for value in values if not isinstance(value, pa.Scalar))
        lists = [[value.as_py()] * rows if isinstance(value, pa.Scalar) else value.to_pylist() for value in values]
        return pa.array([None if None in row else function(*row) for row in zip(*lists, strict=True)], wanted)

    return run


def on_distinct(values: Values, function: Callable[[Any], Any], wanted: pa.DataType) -> Values:
    """Apply a function of one Python value to each distinct value. NULL stays NULL."""
    if isinstance(values, pa.Scalar):
        return pa.scalar(function(values.as_py()) if values.is_valid else None, wanted)
    encoded = values.dictionary_encode()
    distinct = pa.array([function(value) for value in encoded.dictionary.to_pylist()], wanted)
    return distinct.take(encoded.indices)


def as_scalar(values: Values) -> pa.Scalar:
    """A result of constants: a scalar, or an array of one."""
    return values if isinstance(values, pa.Scalar) else values[0]
