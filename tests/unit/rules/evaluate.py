"""Evaluates a rule's expression on rows given as Python values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.schema import TableSchema
from ingest.slices import Kind
from tests.unit.rules.tables import ORDERS, run, sql_rule


def evaluate(expression: str, rows: Sequence[Sequence[Any]], schema: TableSchema = ORDERS) -> list[Any]:
    """The expression's value in each row."""
    operations = run(
        sql_rule(f"SELECT {expression} AS x FROM shop.orders"),
        [(Kind.INSERT, None, [number, *row]) for number, row in enumerate(rows)],
        schema=schema,
    )
    return operations.documents.column("x").to_pylist()


def one(expression: str) -> Any:
    """The value of an expression without columns."""
    return evaluate(expression, [(None, None, None, None)])[0]
