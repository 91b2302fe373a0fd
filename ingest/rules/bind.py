"""Expressions meet a table: names become column indexes, operators become computations with known types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa

from ingest.binlog.charsets import collation_traits
from ingest.rules import arithmetic, comparison, conditional, dates, logic, strings
from ingest.rules.bound import COLUMN, EXPLICIT, IGNORABLE, LITERAL, NUMBER, Bound, literal
from ingest.rules.casts import cast
from ingest.rules.collation import CONNECTION_COLLATION, collation_by_name
from ingest.rules.conversion import to_text
from ingest.rules.expression import Call, Cast, ColumnRef, Constant, Expression
from ingest.rules.like import like
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
            return cast(self.bind(expression.argument), expression)
        arguments = [self.bind(argument) for argument in expression.arguments]
        return _BUILDERS[expression.name](expression, arguments)

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
        if value < -(1 << 63):
            return _constant(Constant(Decimal(value), text))
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


def _collated(call: Call, args: list[Bound]) -> Bound:
    """Value COLLATE name."""
    value, name = to_text(args[0]), str(call.arguments[1].value)  # type: ignore[union-attr]
    if value.type.kind is not Kind.TEXT:
        raise mismatch(f"{value.text} is binary text, which has no collation: {call.text}")
    charset = collation_traits(value.type.collation or CONNECTION_COLLATION).charset
    kind = SqlType(Kind.TEXT, collation=collation_by_name(name, charset))
    return Bound(kind, value.run, call.text, EXPLICIT, None, value.constant)


def _like(call: Call, args: list[Bound]) -> Bound:
    return like(args[0], args[1], str(call.arguments[2].value), call.text)  # type: ignore[union-attr]


def _trim(call: Call, args: list[Bound]) -> Bound:
    return strings.trimmed(args[0], args[1], str(call.arguments[2].value), call.text)  # type: ignore[union-attr]


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
    "LIKE": _like,
    "COLLATE": _collated,
    "CASE": lambda call, args: conditional.case(args, call.text),
    "CASE OF": lambda call, args: conditional.case_of(args[0], args[1:], call.text),
    "COALESCE": lambda call, args: conditional.coalesce(args, call.text),
    "IFNULL": lambda call, args: conditional.coalesce(args, call.text),
    "NULLIF": lambda call, args: conditional.null_if(args[0], args[1], call.text),
    "NEG": lambda call, args: arithmetic.negative(args[0], call.text),
    "ABS": lambda call, args: arithmetic.absolute(args[0], call.text),
    "ROUND": lambda call, args: arithmetic.rounded(args[0], args[1] if len(args) > 1 else None, call.text),
    "CONCAT": lambda call, args: strings.joined(args, call.text),
    "CONCAT_WS": lambda call, args: strings.joined_with(args[0], args[1:], call.text),
    "SUBSTRING": lambda call, args: strings.substring(args[0], args[1], args[2] if len(args) > 2 else None, call.text),
    "LEFT": lambda call, args: strings.left(args[0], args[1], call.text),
    "RIGHT": lambda call, args: strings.right(args[0], args[1], call.text),
    "REPLACE": lambda call, args: strings.replaced(args[0], args[1], args[2], call.text),
    "TRIM": _trim,
    "LENGTH": lambda call, args: strings.byte_length(args[0], call.text),
    "CHAR_LENGTH": lambda call, args: strings.char_length(args[0], call.text),
    "DATE": lambda call, args: dates.date_of(args[0], call.text),
    "DATE_FORMAT": lambda call, args: dates.date_format(args[0], args[1], call.text),
    "UNIX_TIMESTAMP": lambda call, args: dates.unix_timestamp(args[0], call.text),
    **{
        name: (lambda call, args: comparison.compare(call.name, args[0], args[1], call.text))
        for name in ("=", "<>", "<", "<=", ">", ">=", "<=>")
    },
    **{
        name: (lambda call, args: arithmetic.combine(call.name, args[0], args[1], call.text))
        for name in ("+", "-", "*", "/", "DIV", "%")
    },
    **{
        name: (lambda call, args: arithmetic.floor_or_ceil(call.name, args[0], call.text)) for name in ("FLOOR", "CEIL")
    },
    **{name: (lambda call, args: strings.with_case(call.name, args[0], call.text)) for name in ("UPPER", "LOWER")},
    **{
        name: (lambda call, args: dates.part(call.name, args[0], call.text))
        for name in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
    },
}
