"""Expressions meet a table: names become column indexes, operators become computations with known types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa

from ingest.rules import comparison, logic
from ingest.rules.bound import COLUMN, IGNORABLE, LITERAL, NUMBER, Bound, literal
from ingest.rules.expression import Call, Cast, ColumnRef, Constant, Expression
from ingest.rules.refusal import mismatch, unknown_column
from ingest.rules.value_types import BOOL, DOUBLE, INT, NULL, STRINGS, UINT, Kind, SqlType, type_of
from ingest.schema import TableSchema


class Binder:
    """Binds the expressions of one rule to one table."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema

    def index(self, name: str) -> int:
        """A column's index. DataProblem (rule.unknown_column) with the nearest name."""
        index = self._schema.index_of(name)
        if index is None:
            raise unknown_column(name, self._schema.name, (column.name for column in self._schema.columns))
        return index

    def bind(self, expression: Expression) -> Bound:
        """The expression with its type. DataProblem (rule.*) names the part that doesn't fit."""
        if isinstance(expression, Constant):
            return _constant(expression)
        if isinstance(expression, ColumnRef):
            return self.column(self.index(expression.name), expression.text)
        if isinstance(expression, Cast):
            raise mismatch(f"{expression.text}: CAST is not yet supported")
        arguments = [self.bind(argument) for argument in expression.arguments]
        builder = _BUILDERS.get(expression.name)
        if builder is None:
            raise mismatch(f"{expression.text}: {expression.name} is not yet supported")
        return builder(expression, arguments)

    def column(self, index: int, text: str = "") -> Bound:
        """A column by its index."""
        column = self._schema.columns[index]
        kind = type_of(column)
        coercibility = COLUMN if kind.kind in STRINGS else NUMBER
        return Bound(kind, lambda batch: batch.column(index), text or column.name, coercibility, index)


def _constant(constant: Constant) -> Bound:
    value, text = constant.value, constant.text
    if value is None:
        null = pa.scalar(None, pa.null())
        return Bound(NULL, lambda batch: null, text, IGNORABLE, None, null)
    if isinstance(value, bool):
        return literal(value, BOOL, text)
    if isinstance(value, int):
        return literal(value, INT if value < 1 << 63 else UINT, text)
    if isinstance(value, float):
        return literal(value, DOUBLE, text)
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        scale = max(0, -int(exponent))
        return literal(value, SqlType(Kind.DECIMAL, max(len(digits), scale), scale), text)
    if isinstance(value, bytes):
        return literal(value, SqlType(Kind.BYTES), text, LITERAL)
    return literal(value, SqlType(Kind.TEXT), text, LITERAL)


_Builder = Callable[[Call, list[Bound]], Bound]

_BUILDERS: dict[str, _Builder] = {
    "AND": lambda call, args: logic.both(args[0], args[1], call.text),
    "OR": lambda call, args: logic.either(args[0], args[1], call.text),
    "XOR": lambda call, args: logic.exclusive(args[0], args[1], call.text),
    "NOT": lambda call, args: logic.negated(args[0], call.text),
    "IS NULL": lambda call, args: logic.is_null(args[0], call.text),
    "ISNULL": lambda call, args: logic.is_null(args[0], call.text),
    "IS TRUE": lambda call, args: logic.is_true(args[0], call.text),
    "IS FALSE": lambda call, args: logic.is_false(args[0], call.text),
    "IN": lambda call, args: comparison.within(args[0], args[1:], call.text),
    "BETWEEN": lambda call, args: comparison.between(args[0], args[1], args[2], call.text),
} | {
    name: (lambda call, args: comparison.compare(call.name, args[0], args[1], call.text))
    for name in ("=", "<>", "<", "<=", ">", ">=", "<=>")
}
