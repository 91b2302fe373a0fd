"""An expression of a rule, after parsing and before any table is known.

Four kinds of node are enough: everything that has arguments is a ``Call`` under MySQL's own name of the operator or
function (``+``, ``<=>``, ``AND``, ``IN``, ``CASE``, ``CONCAT``, ...). Negated forms are a ``NOT`` around the plain one.
``text`` is the part of the user's SQL that a node came from, for messages; it plays no part in equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: None is NULL, bool TRUE or FALSE, int, Decimal (``1.5``), float (``1e3``), text or bytes (``x'41'``)."""

    value: bool | int | Decimal | float | str | bytes | None
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column by name."""

    name: str
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function with its arguments.

    ``IN``: value, then the list. ``BETWEEN``: value, low, high. ``LIKE``: value, pattern, escape (a Constant).
    ``CASE``: condition, result, condition, result, ..., default; ``CASE OF`` the same after its subject. ``COLLATE``: value, the name as a Constant.
    ``TRIM``: value, what to trim, and BOTH, LEADING or TRAILING as Constants.
    """

    name: str
    arguments: tuple[Expression, ...]
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """CAST(argument AS type). ``type``: SIGNED, UNSIGNED, CHAR, BINARY, DECIMAL, DOUBLE, FLOAT, DATE, DATETIME, TIME,
    YEAR or JSON; ``length``: of CHAR and BINARY, precision of DECIMAL, fraction digits of DATETIME and TIME."""

    argument: Expression
    type: str
    length: int | None = None
    scale: int | None = None
    text: str = field(default="", compare=False)


Expression = Constant | ColumnRef | Call | Cast


@dataclass(frozen=True, slots=True)
class Star:
    """Every column of the table."""


@dataclass(frozen=True, slots=True)
class NamedField:
    """One field of the document."""

    name: str
    expression: Expression


Field = Star | NamedField


def column_refs(expression: Expression) -> Iterator[ColumnRef]:
    """Every mention of a column, from left to right."""
    if isinstance(expression, ColumnRef):
        yield expression
    elif isinstance(expression, Cast):
        yield from column_refs(expression.argument)
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from column_refs(argument)
