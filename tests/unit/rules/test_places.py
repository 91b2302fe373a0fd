"""Where documents go: names of indices and tables, row keys, key texts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.arrow_types import arrow_field
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.key_text import key_text
from ingest.problems import DataProblem
from ingest.rules.names import is_index_name, is_table_name
from ingest.rules.parse import parse_rule
from ingest.rules.texts import texts_of
from ingest.schema import Column, TableName, TableSchema
from ingest.sinks.hbase.options import HbaseTarget
from ingest.slices import Kind
from tests.unit.rules.tables import ORDERS, compiled, hbase_rule, run, sql_rule

PAIR = TableSchema(
    TableName("shop", "items"),
    (
        Column("order_id", F.LONGLONG, 0, nullable=False),
        Column("position", F.LONG, 0, nullable=False),
        Column("country", F.STRING, 0, nullable=False, collation=255),
        Column("code", F.VARCHAR, 40, nullable=False, collation=255),
        Column("note", F.VARCHAR, 40, nullable=True, collation=255),
    ),
    (0, 1),
)


def target(row_key: str, **more) -> HbaseTarget:
    """A target with this row key."""
    return HbaseTarget(table="{table}", row_key=row_key, **more)


def test_row_keys_are_the_sinks_keys():
    """For HBase the operation's key is the rendered row key, the same for a write and its deletion."""
    rule = hbase_rule(target("{salt:16}-{reverse:order_id}-{position:05d}"))
    rows = [(Kind.INSERT, None, [123, 7, "de", "x", None]), (Kind.DELETE, [123, 7, "de", "x", None], None)]
    operations = run(rule, rows, schema=PAIR)
    assert operations.keys[0] == operations.keys[1]
    assert operations.keys[0].endswith("-321-00007")
    assert operations.targets == ["items", "items"]


@pytest.mark.parametrize(
    ("row_key", "key"),
    [
        ("{order_id}", ()),
        ("{order_id}{position}", ()),
        ("{order_id}-{position}-{note}", ()),
        ("{salt:4}", ()),
        ("{country}-{code}", ("country", "code")),
        ("{reverse:order_id}{position}", ()),
    ],
)
def test_row_keys_that_will_not_do(row_key, key):
    """A row key must tell documents apart and be known to a deletion."""
    with pytest.raises(DataProblem) as caught:
        compiled(hbase_rule(target(row_key), id=key or None), PAIR)
    assert caught.value.code.name == "rule.bad_row_key"


@pytest.mark.parametrize(
    ("row_key", "key"),
    [
        ("{key}", ()),
        ("{salt:4}{key}", ()),
        ("{reverse:key}", ()),
        ("{order_id}-{position}", ()),
        ("{order_id}{position:010d}", ()),
        ("{country}-{position}", ("country", "position")),
    ],
)
def test_row_keys_that_do(row_key, key):
    """The whole key, or every column of it with something between."""
    compiled(hbase_rule(target(row_key), id=key or None), PAIR)


def test_columns_of_a_target_must_be_fields():
    """A cell made from a field that the document lacks is named."""
    with pytest.raises(DataProblem, match="nope"):
        compiled(hbase_rule(target("{key}", columns={"d:x": "nope"})), PAIR)


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("orders", True),
        ("Orders", False),
        ("-x", False),
        ("a b", False),
        ("a/b", False),
        ("..", False),
        ("ä", True),
        ("x" * 256, False),
        ("", False),
    ],
)
def test_index_names(name, fine):
    """Elasticsearch's rules for names."""
    assert is_index_name(name) is fine


@pytest.mark.parametrize(
    ("name", "fine"), [("a_B.c-1", True), ("ns:t", True), ("a b", False), (".t", False), ("", False)]
)
def test_table_names(name, fine):
    """HBase's rules for names."""
    assert is_table_name(name) is fine


@pytest.mark.parametrize("index", ["a b", "_x", "A#", "x,y"])
def test_impossible_index_is_found_without_a_table(index):
    """What a template can never become is a mistake of the configuration."""
    with pytest.raises(DataProblem) as caught:
        parse_rule(0, sql_rule("SELECT id FROM shop.orders", index=index))
    assert caught.value.code.name == "config.bad_value"


def test_index_from_a_column():
    """Index names are lower-cased; a value that can't be part of one is named."""
    rule = sql_rule("SELECT id FROM shop.orders", index="orders-{name}")
    row = [1, 1, "HZ", None, None]
    assert run(rule, [(Kind.INSERT, None, row)]).targets == ["orders-hz"]
    for bad in ("a b", None):
        with pytest.raises(DataProblem) as caught:
            run(rule, [(Kind.INSERT, None, [1, 1, bad, None, None])])
        assert caught.value.code.name == "rule.bad_row"


COLUMNS = [
    (Column("a", F.LONGLONG, 0, True, unsigned=True), st.integers(0, 2**64 - 1)),
    (Column("a", F.TINY, 0, True), st.integers(-128, 127)),
    (Column("a", F.YEAR, 0, True), st.sampled_from([0, 1901, 2026])),
    (Column("a", F.NEWDECIMAL, 20 | 10 << 8, True), st.decimals(-(10**9), 10**9, places=10)),
    (Column("a", F.DOUBLE, 8, True), st.floats(allow_nan=False, allow_infinity=False)),
    (Column("a", F.FLOAT, 4, True), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    (Column("a", F.VARCHAR, 40, True, collation=255), st.text(max_size=8)),
    (Column("a", F.VARCHAR, 40, True, collation=63), st.binary(max_size=8)),
    (Column("a", F.BIT, 0, True), st.integers(0, 255)),
    (Column("a", F.DATE, 0, True), st.dates(dt.date(1000, 1, 1))),
    (Column("a", F.DATETIME2, 3, True), st.datetimes(dt.datetime(1000, 1, 1))),
    (Column("a", F.TIMESTAMP2, 6, True), st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2037, 1, 1))),
    (Column("a", F.TIME2, 2, True), st.timedeltas(-dt.timedelta(hours=838), dt.timedelta(hours=838))),
    (Column("a", F.SET, 1, True, collation=255, members=("x", "y")), st.sampled_from([[], ["x"], ["x", "y"]])),
]


@pytest.mark.parametrize(
    ("column", "values"), COLUMNS, ids=lambda one: F(one.type).name if isinstance(one, Column) else ""
)
def test_key_texts_are_the_readers(column, values):
    """A key column's text is that of key_text, which the reader's own rendering is tested against."""

    @given(st.lists(st.one_of(st.none(), values), max_size=5))
    def check(found):
        array = pa.array(found, arrow_field(column, "null").type)
        expected = [None if value is None else key_text(column, value) for value in array.to_pylist()]
        assert texts_of(column, array) == expected

    check()


def test_text_of_a_decimal_key():
    """A DECIMAL keeps its digits after the point in keys, whatever its size."""
    column = Column("a", F.NEWDECIMAL, 38 | 30 << 8, True)
    array = pa.array([Decimal("0.000000000000000000000000000001"), Decimal(5)], arrow_field(column, "null").type)
    assert texts_of(column, array) == ["0." + "0" * 29 + "1", "5." + "0" * 30]


def test_missing_columns_of_templates_are_named():
    """A template's column that isn't there is found when the rule meets the table."""
    with pytest.raises(DataProblem) as caught:
        compiled(hbase_rule(target("{key}-{nope}")), ORDERS)
    assert caught.value.code.name == "rule.unknown_column"


def test_what_a_table_decides_of_a_place():
    """Two tables of one rule are told apart exactly where the target or the row key names the table."""
    first, second = TableName("d", "a"), TableName("d", "b")

    def apart(to: HbaseTarget) -> bool:
        placement = parse_rule(0, hbase_rule(to)).placement
        return placement.of_table(first) != placement.of_table(second)

    assert apart(HbaseTarget(table="all_{table}", family="d"))
    assert apart(HbaseTarget(table="all", row_key="{table}-{key}", family="d"))
    assert not apart(HbaseTarget(table="all", row_key="{salt:4}-{key}", family="d"))
