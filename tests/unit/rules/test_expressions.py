"""Values of expressions. The right-hand sides are what MySQL 9.7 answered for the same SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from ingest.problems import DataProblem
from tests.unit.rules.evaluate import evaluate, one


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("7 / 2", Decimal("3.5000")),
        ("1 / 3 * 3", Decimal("0.9999")),
        ("1 / 0", None),
        ("7 DIV 2", 3),
        ("-7 DIV 2", -3),
        ("7 DIV 0", None),
        ("-7 % 3", -1),
        ("7.5 % 2", Decimal("1.5")),
        ("1 + NULL", None),
        ("'12abc' + 1", 13.0),
        ("'abc' + 0", 0.0),
        ("1.1 + 2.22", Decimal("3.32")),
        ("1.5 * 1.5", Decimal("2.25")),
        ("1e0 / 4", 0.25),
        ("18446744073709551615 + 0", 2**64 - 1),
        ("ROUND(2.5)", Decimal(3)),
        ("ROUND(-2.5)", Decimal(-3)),
        ("ROUND(2.5e0)", 2.0),
        ("ROUND(1.2345, 2)", Decimal("1.23")),
        ("ROUND(1250, -2)", 1300),
        ("FLOOR(-1.5)", -2),
        ("CEIL(1.2)", 2),
        ("ABS(-3)", 3),
    ],
)
def test_arithmetic(expression, expected):
    """Numbers, with MySQL's types and NULL rules."""
    assert one(expression) == expected
    assert type(one(expression)) is type(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CONCAT('a', 1, NULL)", None),
        ("CONCAT('a', 1, 1.50, 2e0)", "a11.502"),
        ("CONCAT_WS(',', 'a', NULL, 'b')", "a,b"),
        ("CONCAT_WS(',', NULL, NULL)", ""),
        ("CONCAT_WS(NULL, 'a')", None),
        ("UPPER('straße é')", "STRAßE É"),
        ("LOWER('ÀB')", "àb"),
        ("TRIM('  x ')", "x"),
        ("TRIM(LEADING 'ab' FROM 'ababc')", "c"),
        ("SUBSTRING('Sakila', -3)", "ila"),
        ("SUBSTRING('Sakila', -5, 3)", "aki"),
        ("SUBSTRING('Sakila', 0)", ""),
        ("SUBSTRING('你好吗', 2, 1)", "好"),
        ("LEFT('foobar', 5)", "fooba"),
        ("RIGHT('foobar', 4)", "obar"),
        ("REPLACE('www.mysql.com', 'w', 'Ww')", "WwWwWw.mysql.com"),
        ("LENGTH('é')", 2),
        ("CHAR_LENGTH('é')", 1),
    ],
)
def test_text(expression, expected):
    """Text functions."""
    assert one(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' = 'A'", 1),
        ("'a' = 'a '", 0),
        ("'a' COLLATE utf8mb4_general_ci = 'a '", 1),
        ("'a' COLLATE utf8mb4_bin = 'A'", 0),
        ("BINARY 'a' = 'A'", 0),
        ("'é' = 'e'", 1),
        ("'ß' = 'ss'", 1),
        ("'ß' COLLATE utf8mb4_general_ci = 's'", 1),
        ("'ß' COLLATE utf8mb4_general_ci = 'ss'", 0),
        ("'a' < 'B'", 1),
        ("'a' COLLATE utf8mb4_bin < 'B'", 0),
        ("'_' < 'a'", 1),
        ("1 = '1.0'", 1),
        ("NULL <=> NULL", 1),
        ("1 <=> NULL", 0),
        ("NULL = NULL", None),
        ("2 BETWEEN 1 AND 3", 1),
        ("2 BETWEEN 3 AND NULL", 0),
        ("2 BETWEEN 1 AND NULL", None),
        ("1.0 = 1", 1),
        ("18446744073709551615 > -1", 1),
        ("'ABC' LIKE 'a%'", 1),
        ("'abc' LIKE '_b_'", 1),
        ("'a_c' LIKE 'a|_c' ESCAPE '|'", 1),
        ("'abc' LIKE 'a|_c' ESCAPE '|'", 0),
        ("'a ' LIKE 'a'", 0),
        ("'ß' LIKE 'ss'", 0),
        ("'é' LIKE 'E'", 1),
        ("NULL LIKE 'a'", None),
        ("'a.c' LIKE 'a.c'", 1),
        ("'abc' LIKE 'a.c'", 0),
        ("'a\\nb' LIKE 'a%b'", 1),
    ],
)
def test_comparison(expression, expected):
    """Comparisons and LIKE under collations, with NULL."""
    assert one(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(NULL, 1, 2)", 2),
        ("IFNULL(NULL, 'x')", "x"),
        ("COALESCE(NULL, NULL, 3)", 3),
        ("NULLIF(1, 1)", None),
        ("NULLIF('a', 'A')", None),
        ("CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "two"),
        ("CASE WHEN 1 > 2 THEN 'x' END", None),
        ("CASE WHEN 1 THEN 1 ELSE 'a' END", "1"),
        ("IF(1, 1, 2.50)", Decimal("1.00")),
        ("IFNULL(1, 2e0)", 1.0),
    ],
)
def test_choice(expression, expected):
    """CASE and its relatives, with the common type of their results."""
    assert one(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST('12abc' AS SIGNED)", 12),
        ("CAST('1e3' AS SIGNED)", 1),
        ("CAST(-1 AS UNSIGNED)", 2**64 - 1),
        ("CAST(2.5 AS SIGNED)", 3),
        ("CAST(2.5e0 AS SIGNED)", 2),
        ("CAST('1.005' AS DECIMAL(5,2))", Decimal("1.01")),
        ("CAST(99999 AS DECIMAL(3,1))", Decimal("99.9")),
        ("CAST(1.5 AS DOUBLE)", 1.5),
        ("CAST(1.50 AS CHAR)", "1.50"),
        ("CAST('hello' AS CHAR(2))", "he"),
        ("CAST('ab' AS BINARY(3))", b"ab\0"),
        ("CAST('2024-02-30' AS DATE)", None),
        ("CAST('2024-2-9 1:2:3.6' AS DATETIME)", dt.datetime(2024, 2, 9, 1, 2, 4)),
        ("CAST('240209' AS DATE)", dt.date(2024, 2, 9)),
        ("CAST('{\"a\": 1}' AS JSON)", '{"a": 1}'),
        ("DATE('2024-02-29 23:59:59')", dt.date(2024, 2, 29)),
        ("YEAR('2024-02-29')", 2024),
        (
            "DATE_FORMAT('2024-02-09 13:05:06', '%Y/%c/%e %H:%i:%s %h%p %W %b %%')",
            "2024/2/9 13:05:06 01PM Friday Feb %",
        ),
    ],
)
def test_casts_and_dates(expression, expected):
    """CAST and date functions."""
    assert one(expression) == expected


MOMENT = dt.datetime(2024, 2, 29, 12, 0, 0)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("placed = '2024-02-29 12:00:00'", 1),
        ("placed >= '2024-02-29'", 1),
        ("placed < '2024-2-29 12:00:00.000001'", 1),
        ("placed BETWEEN '2024-01-01' AND '2024-12-31'", 1),
        ("UNIX_TIMESTAMP(placed)", 1709208000),
        ("HOUR(placed)", 12),
        ("DATE(placed) = '2024-02-29'", 1),
    ],
)
def test_date_columns(expression, expected):
    """A date column beside literals."""
    assert evaluate(expression, [(1, "x", None, MOMENT)]) == [expected]


@pytest.mark.parametrize(
    "expression",
    [
        "placed = 20240229",
        "placed = 'yesterday'",
        "placed = name",
        "placed + 1",
        "DATE_FORMAT(placed, name)",
        "DATE_FORMAT(placed, '%u')",
        "name LIKE x'41'",
        "type BETWEEN '2024-01-01' AND placed",
        "CAST(placed AS SIGNED)",
        "ROUND(amount, type)",
        "IF(1, placed, amount) + 1",
        "amount * 0.00000000000000000000000000001",
        "placed AND 1",
    ],
)
def test_types_that_do_not_fit_are_refused(expression):
    """What MySQL would convert by the row's content, or what isn't supported, is refused when the rule is compiled."""
    with pytest.raises(DataProblem) as caught:
        evaluate(expression, [(1, "x", None, MOMENT)])
    assert caught.value.code.name == "rule.type_mismatch"


def test_out_of_range_names_the_row():
    """A value that doesn't fit is an error, as in MySQL, and says for which document."""
    with pytest.raises(DataProblem) as caught:
        evaluate("type * 4611686018427387904", [(1, None, None, None), (2, None, None, None)])
    assert caught.value.code.name == "rule.out_of_range"
    assert caught.value.where["key"] == "1"


def test_branches_are_computed_where_they_are_taken():
    """A branch that would be out of range for other rows doesn't hurt; nor does the right side of AND."""
    rows = [(0, None, None, None), (5, None, None, None)]
    big = "CAST(type AS UNSIGNED) - 3"
    assert evaluate(f"IF(type > 3, {big}, 0)", rows) == [0, 2]
    assert evaluate(f"type > 3 AND {big} > 1", rows) == [0, 1]
    assert evaluate(f"type < 3 OR {big} > 1", rows) == [1, 1]
    assert evaluate(f"COALESCE(NULLIF(0, type), {big})", [rows[1]]) == [0]


def test_computed_fields_say_how_they_print():
    """Dates that a rule makes carry MySQL's type, so that sinks print them like a column's."""
    from ingest.slices import Kind
    from tests.unit.rules.tables import run, sql_rule

    sql = "SELECT CAST(placed AS DATETIME(3)) AS at, DATE(placed) AS day, type > 1 AS big FROM shop.orders"
    documents = run(sql_rule(sql), [(Kind.INSERT, None, [1, 2, None, None, MOMENT])]).documents
    assert documents.schema.field("at").metadata == {b"mysql.type": b"datetime", b"mysql.fsp": b"3"}
    assert documents.schema.field("day").metadata == {b"mysql.type": b"date"}
    assert documents.column("big").to_pylist() == [1]
