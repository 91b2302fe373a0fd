"""Rules mean what MySQL means: the same expressions over the same rows, evaluated by both."""

from __future__ import annotations

import re

import pymysql
import pytest

from tests.kit.rule_expressions import Expressions
from tests.kit.rule_oracle import by_mysql, by_rules, create, nearly, same

pytestmark = pytest.mark.integration
ROWS = 80
_ROUNDED = re.compile(r"/.*/|\bf\b|FLOAT")


@pytest.fixture(scope="module")
def table(mysql9):
    """A connection that gets plain texts, and the table as a record batch."""
    with mysql9.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        batch = create(connection, ROWS, seed=1)
    plain = pymysql.connect(
        host=mysql9.host, port=mysql9.port, user="root", charset="utf8mb4", database="rules", conv={}, autocommit=True
    )
    with plain.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00', NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci")
    with plain:
        yield plain, batch


def differences(table, expression: str) -> list[str]:
    """The rows in which MySQL and the rules disagree; nothing when the rules refuse the expression by name.

    Known and left: a negative result of DECIMALs without sign, which MySQL refuses, is a number here; and when a
    quotient that is zero takes part in another division, MySQL cuts the result after fewer digits. A FLOAT's value
    is whole here, MySQL shows six digits of it.
    """
    connection, batch = table
    theirs, ours = by_mysql(connection, expression), by_rules(batch, expression)
    if ours.problem is not None:
        if ours.problem.code.name == "rule.out_of_range" and not isinstance(theirs, str):
            return [f"{expression}: ours {ours.problem.what}, MySQL has values"]
        return []
    if isinstance(theirs, str):
        return [] if "DECIMAL UNSIGNED" in theirs else [f"{expression}: MySQL refuses it: {theirs}"]
    return [
        f"{expression}: row {row}: MySQL {one!r}, ours {other!r}"
        for row, (one, other) in enumerate(zip(theirs, ours.values, strict=True))
        if not same(one, other, ours) and not (_ROUNDED.search(expression) and nearly(one, other))
    ]


@pytest.mark.parametrize("seed", range(10))
def test_random_expressions(table, seed):
    """Invariant 5: an expression is refused by name, or has MySQL's value in every row."""
    expressions = Expressions(seed)
    evaluated, found = 0, []
    for number in range(150):
        expression = expressions.any(1 + number % 3)
        if by_rules(table[1], expression).problem is None:
            evaluated += 1
        found += differences(table, expression)[:1]
    assert not found, "\n".join(found)
    assert evaluated > 50
