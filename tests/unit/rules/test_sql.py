"""SQL of rules: what is understood, and how what isn't is refused."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem
from ingest.rules.expression import Call, ColumnRef, Constant, NamedField, Star
from ingest.rules.functions_known import FUNCTION_ARITY
from ingest.rules.sql import parse_condition, parse_field, parse_select

A, B, C = ColumnRef("a"), ColumnRef("b"), ColumnRef("c")


def test_select_with_pattern_alias_and_rename():
    """A table pattern in backquotes, an alias, renamed fields, `*` and a condition."""
    statement = parse_select("SELECT *, o.order_no AS orderNo FROM `shop`.`order_*` AS o WHERE o.type IN (1, 2)")
    assert (statement.database, statement.table) == ("shop", "order_*")
    assert statement.fields == (Star(), NamedField("orderNo", ColumnRef("order_no")))
    assert statement.where == Call("IN", (ColumnRef("type"), Constant(1), Constant(2)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a OR b XOR c", Call("OR", (A, Call("XOR", (B, C))))),
        ("a XOR b AND c", Call("XOR", (A, Call("AND", (B, C))))),
        ("NOT a = b", Call("NOT", (Call("=", (A, B)),))),
        ("!a = b", Call("=", (Call("NOT", (A,)), B))),
        ("a - b - c", Call("-", (Call("-", (A, B)), C))),
        ("a DIV b * c", Call("*", (Call("DIV", (A, B)), C))),
        ("-a * b", Call("*", (Call("NEG", (A,)), B))),
        ("a MOD b", Call("%", (A, B))),
        ("MOD(a, b)", Call("%", (A, B))),
        ("a || b", Call("OR", (A, B))),
        ("a NOT IN (1)", Call("NOT", (Call("IN", (A, Constant(1))),))),
        ("a NOT LIKE 'x'", Call("NOT", (Call("LIKE", (A, Constant("x"), Constant("\\"))),))),
        ("a LIKE 'x' ESCAPE '|'", Call("LIKE", (A, Constant("x"), Constant("|")))),
        ("a IS NOT UNKNOWN", Call("NOT", (Call("IS NULL", (A,)),))),
        ("CASE a WHEN b THEN 1 END", Call("CASE OF", (A, B, Constant(1), Constant(None)))),
        ("IF(a, b, c)", Call("CASE", (A, B, C))),
        ("LTRIM(a)", Call("TRIM", (A, Constant(" "), Constant("LEADING")))),
        ("SUBSTR(a FROM 2 FOR 3)", Call("SUBSTRING", (A, Constant(2), Constant(3)))),
        ("EXTRACT(YEAR FROM a)", Call("YEAR", (A,))),
        ("'it''s' ' one'", Constant("it's one")),
        ("'\\%\\n'", Constant("\\%\n")),
        ("x'4142'", Constant(b"AB")),
        ("-9223372036854775808", Constant(-(2**63))),
        ("a = b IS NULL", Call("IS NULL", (Call("=", (A, B)),))),
    ],
)
def test_reading_is_mysqls(text, expected):
    """Precedence, synonyms, negated forms and literals are read as MySQL reads them."""
    assert parse_condition(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a = b < c",
        "a < b = c",
        "a = b LIKE c",
        "a BETWEEN b = c AND 1",
        "a + b COLLATE utf8mb4_bin = 'x'",
        "a & b",
        "a REGEXP 'x'",
        "COUNT(*) > 1",
        "a IN (SELECT 1)",
        "(a, b) = (1, 2)",
        "NOW() > a",
        "@x",
        "?",
        "other.a = 1",
        "a >",
        "a = 1; DROP TABLE t",
        "a = 1 LIMIT 3",
        "a = 1) OR (b = 2",
        "a, b",
        "a LIKE 'x' ESCAPE 'ab'",
        "LEFT(a)",
        "CAST(a AS GEOMETRY)",
        "a -> '$.x'",
        "INTERVAL 1 DAY",
        "",
    ],
)
def test_what_is_not_supported_is_refused(text):
    """Anything else is config.bad_sql, never read in a way that MySQL wouldn't."""
    with pytest.raises(DataProblem) as caught:
        parse_condition(text)
    assert caught.value.code.name == "config.bad_sql"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t",
        "SELECT a",
        "SELECT DISTINCT a FROM d.t",
        "SELECT a FROM d.t GROUP BY a",
        "SELECT a FROM d.t ORDER BY a",
        "SELECT a FROM d.t JOIN d.u ON 1",
        "SELECT a FROM d.t, d.u",
        "SELECT a FROM (SELECT 1) x",
        "SELECT a FROM d.t UNION SELECT b FROM d.u",
        "SELECT a + 1 FROM d.t",
        "SELECT other.a FROM d.t",
        "UPDATE d.t SET a = 1",
        "SELECT a FROM d.t; SELECT b FROM d.t",
        "WITH x AS (SELECT 1) SELECT a FROM d.t",
        "SELECT a INTO @x FROM d.t",
        "not sql at all",
    ],
)
def test_statements_that_are_no_rule(text):
    """A rule is one plain SELECT of named fields from one table."""
    with pytest.raises(DataProblem) as caught:
        parse_select(text)
    assert caught.value.code.name == "config.bad_sql"


def test_refusal_names_the_part_and_what_is_supported():
    """The message names the expression, the hint what rules understand."""
    with pytest.raises(DataProblem) as caught:
        parse_field("a + MD5(b) AS x")
    assert "MD5(b)" in caught.value.what
    assert "CONCAT_WS" in caught.value.hint


def test_every_function_can_be_called():
    """Each function that the list names is accepted with its fewest arguments."""
    for name, (low, _) in FUNCTION_ARITY.items():
        if name.isidentifier():
            parse_condition(f"{name}({', '.join(['a'] * low)})")
