"""What a change becomes: the truth table of ingest.rules, keys, places, projection."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem
from ingest.slices import Kind
from tests.unit.rules.tables import ORDERS, compiled, run, sql_rule, table_rule

IN, OUT, NULL = 1, 9, None
FILTER = "SELECT id, type FROM shop.orders WHERE type IN (1,2)"


def row(id_: int, type_: int | None, name: str | None = None) -> list[object]:
    """One row of ORDERS."""
    return [id_, type_, name, None, None]


@pytest.mark.parametrize(
    ("kind", "before", "after", "normal", "in_tail"),
    [
        (Kind.INSERT, None, IN, "upsert", "upsert"),
        (Kind.INSERT, None, OUT, "drop", "delete"),
        (Kind.INSERT, None, NULL, "drop", "delete"),
        (Kind.UPDATE, IN, IN, "upsert", "upsert"),
        (Kind.UPDATE, OUT, IN, "upsert", "upsert"),
        (Kind.UPDATE, NULL, IN, "upsert", "upsert"),
        (Kind.UPDATE, IN, OUT, "delete", "delete"),
        (Kind.UPDATE, IN, NULL, "delete", "delete"),
        (Kind.UPDATE, OUT, OUT, "drop", "delete"),
        (Kind.UPDATE, NULL, NULL, "drop", "delete"),
        (Kind.DELETE, IN, None, "delete", "delete"),
        (Kind.DELETE, OUT, None, "drop", "delete"),
        (Kind.DELETE, NULL, None, "drop", "delete"),
    ],
)
def test_truth_table(kind, before, after, normal, in_tail):
    """Invariants 1, 5: each change is an upsert, a delete or a counted drop, as the table in ingest.rules says."""
    old = None if kind is Kind.INSERT else row(1, before)
    new = None if kind is Kind.DELETE else row(1, after)
    for tail, expected in ((False, normal), (True, in_tail)):
        operations = run(sql_rule(FILTER), [(kind, old, new)], tail)
        if expected == "drop":
            assert (list(operations.keys), operations.dropped) == ([], {"filtered": 1})
        else:
            assert (list(operations.keys), list(operations.deletes)) == (["1"], [expected == "delete"])
            assert operations.dropped == {}


def test_documents_line_up_with_operations():
    """Row i of the documents belongs to operation i, and is all null for a delete."""
    operations = run(
        sql_rule("SELECT id, type AS kind, 'web' AS source FROM shop.orders WHERE type IN (1,2)"),
        [
            (Kind.INSERT, None, row(1, 1)),
            (Kind.INSERT, None, row(2, 9)),
            (Kind.UPDATE, row(3, 1), row(3, 9)),
            (Kind.UPDATE, row(4, 1), row(4, 2)),
            (Kind.DELETE, row(5, 2), None),
        ],
    )
    assert operations.keys == ["1", "3", "4", "5"]
    assert list(operations.versions) == [11, 30, 41, 50]
    assert list(operations.sources) == [0, 2, 3, 4]
    assert operations.dropped == {"filtered": 1}
    nothing = {"id": None, "kind": None, "source": None}
    assert operations.documents.to_pylist() == [
        {"id": 1, "kind": 1, "source": "web"},
        nothing,
        {"id": 4, "kind": 2, "source": "web"},
        nothing,
    ]


def test_both_halves_of_a_move():
    """Invariant 2: the halves of a moved document go to their own places, and the write is the newer one."""
    operations = run(
        sql_rule("SELECT id FROM shop.orders", index="{table}-{type}", routing="name"),
        [(Kind.DELETE, row(1, 1, "a"), None), (Kind.INSERT, None, row(1, 2, "B"))],
    )
    assert operations.keys == ["1", "1"]
    assert list(operations.versions) == [10, 21]
    assert operations.deletes == [True, False]
    assert operations.targets == ["orders-1", "orders-2"]
    assert operations.routings == ["a", "B"]


def test_key_columns_and_place_columns():
    """The reader gets the key's columns in key order, and those that place the document apart from them."""
    rule = compiled(
        sql_rule("SELECT id FROM shop.orders", index="{table}-{type}", routing="name", key=("name", "type"))
    )
    assert rule.key_columns == (2, 1)
    assert rule.place_columns == ()
    assert compiled(sql_rule("SELECT id FROM shop.orders", index="x-{type}")).place_columns == (1,)


def test_composite_key_is_escaped():
    """A key of several columns joins their texts so that different keys stay different."""
    operations = run(
        sql_rule("SELECT id FROM shop.orders", key=("name", "id")),
        [(Kind.INSERT, None, row(1, 1, "a|b")), (Kind.INSERT, None, row(2, 1, "a"))],
    )
    assert operations.keys == ["a\\|b|1", "a|2"]


def test_null_in_the_key_is_refused():
    """A row without a key is named, never written under a made-up one."""
    with pytest.raises(DataProblem, match="'name' is NULL"):
        run(sql_rule("SELECT id FROM shop.orders", key=("name",)), [(Kind.INSERT, None, row(1, 1))])


def test_short_form_takes_all_but_the_excluded():
    """`*` is every visible column; exclude leaves some out; a named field stands beside it."""
    operations = run(
        table_rule(fields=("*", "type AS kind"), exclude=("placed", "amount")), [(Kind.INSERT, None, row(1, 7, "n"))]
    )
    assert operations.documents.to_pylist() == [{"id": 1, "type": 7, "name": "n", "kind": 7}]


def test_unknown_columns_are_named_with_the_nearest():
    """A name that isn't a column is refused when the rule meets the table, with the nearest name."""
    for options in (
        sql_rule("SELECT amuont FROM shop.orders"),
        sql_rule("SELECT id FROM shop.orders WHERE amuont > 1"),
        sql_rule("SELECT id FROM shop.orders", key=("amuont",)),
        sql_rule("SELECT id FROM shop.orders", routing="amuont"),
        sql_rule("SELECT id FROM shop.orders", index="x-{amuont}"),
        table_rule(exclude=("amuont",)),
    ):
        with pytest.raises(DataProblem) as caught:
            compiled(options)
        assert caught.value.code.name == "rule.unknown_column"
        assert "'amount'" in caught.value.hint
        assert caught.value.where["table"] == "shop.orders"


def test_table_without_primary_key_needs_an_id():
    """A missing primary key is a clear error unless the rule names an id."""
    keyless = type(ORDERS)(ORDERS.name, ORDERS.columns, ())
    with pytest.raises(DataProblem) as caught:
        compiled(sql_rule("SELECT id FROM shop.orders"), keyless)
    assert caught.value.code.name == "rule.no_primary_key"
    assert compiled(sql_rule("SELECT id FROM shop.orders", key=("id",)), keyless).key_columns == (0,)
