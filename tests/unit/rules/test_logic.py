"""Three-valued logic against a small model of its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.field_types import FieldType as F
from ingest.schema import Column, TableName, TableSchema
from tests.unit.rules.evaluate import evaluate

FLAGS = TableSchema(
    TableName("shop", "orders"),
    (
        Column("id", F.LONG, 0, nullable=False),
        Column("a", F.TINY, 0, nullable=True),
        Column("b", F.TINY, 0, nullable=True),
        Column("c", F.TINY, 0, nullable=True),
    ),
    (0,),
)
Truth = bool | None


def model_and(one: Truth, other: Truth) -> Truth:
    """FALSE wins over NULL, NULL over TRUE."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def model_not(one: Truth) -> Truth:
    """NULL stays."""
    return None if one is None else not one


def model_or(one: Truth, other: Truth) -> Truth:
    """By De Morgan."""
    return model_not(model_and(model_not(one), model_not(other)))


def model_xor(one: Truth, other: Truth) -> Truth:
    """NULL beside anything is NULL."""
    return None if one is None or other is None else one != other


class Formula:
    """SQL with its value, as a function of the values of a, b and c."""

    def __init__(self, sql, value):
        self.sql, self.value = sql, value

    def __repr__(self):
        return self.sql


def leaf(name: str) -> Formula:
    """A column as a condition."""
    return Formula(name, lambda row: None if row[name] is None else row[name] != 0)


def combine(inner):
    """Larger formulas of smaller ones."""
    both = st.tuples(inner, inner)
    return st.one_of(
        both.map(lambda p: Formula(f"({p[0].sql} AND {p[1].sql})", lambda r: model_and(p[0].value(r), p[1].value(r)))),
        both.map(lambda p: Formula(f"({p[0].sql} OR {p[1].sql})", lambda r: model_or(p[0].value(r), p[1].value(r)))),
        both.map(lambda p: Formula(f"({p[0].sql} XOR {p[1].sql})", lambda r: model_xor(p[0].value(r), p[1].value(r)))),
        both.map(lambda p: Formula(f"({p[0].sql} <=> {p[1].sql})", lambda r: p[0].value(r) == p[1].value(r))),
        inner.map(lambda f: Formula(f"(NOT {f.sql})", lambda r: model_not(f.value(r)))),
        inner.map(lambda f: Formula(f"({f.sql} IS NULL)", lambda r: f.value(r) is None)),
        inner.map(lambda f: Formula(f"({f.sql} IS NOT TRUE)", lambda r: f.value(r) is not True)),
        inner.map(lambda f: Formula(f"({f.sql} IS FALSE)", lambda r: f.value(r) is False)),
    )


# `<=>` compares values, so columns are made into conditions first.
LEAVES = [Formula(f"(NOT NOT {name})", leaf(name).value) for name in "abc"]
CONSTANTS = [Formula("TRUE", lambda row: True), Formula("FALSE", lambda row: False), Formula("NULL", lambda row: None)]
FORMULAS = st.recursive(st.sampled_from(LEAVES + CONSTANTS), combine, max_leaves=8)
ROWS = st.lists(st.tuples(*[st.sampled_from([None, 0, 1, -3])] * 3), min_size=1, max_size=12)


@settings(deadline=None, max_examples=settings.default.max_examples * 150 // 100)
@given(FORMULAS, ROWS)
def test_formulas_follow_the_model(formula, rows):
    """AND, OR, XOR, NOT, <=>, IS: the value of every formula is that of three-valued logic; TRUE is 1, FALSE is 0."""
    expected = [formula.value(dict(zip("abc", row, strict=True))) for row in rows]
    assert evaluate(formula.sql, rows, FLAGS) == [None if one is None else int(one) for one in expected]


@settings(deadline=None, max_examples=settings.default.max_examples * 100 // 100)
@given(st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=1, max_size=5), ROWS)
def test_in_is_a_chain_of_equals(members, rows):
    """X IN (...) is TRUE on a match, else NULL when x or a member is NULL, else FALSE; NOT IN is its negation."""
    listed = ", ".join("NULL" if one is None else str(one) for one in members)

    def model(x):
        if x is None:
            return None
        return 1 if x in members else None if None in members else 0

    expected = [model(row[0]) for row in rows]
    assert evaluate(f"a IN ({listed})", rows, FLAGS) == expected
    assert evaluate(f"a NOT IN ({listed})", rows, FLAGS) == [None if one is None else 1 - one for one in expected]
