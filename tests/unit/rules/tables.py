"""Small tables and decoded slices for the tests of rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ingest.binlog.arrow_types import arrow_field
from ingest.binlog.field_types import FieldType as F
from ingest.codec import DecodedSlice
from ingest.config.model import ElasticsearchSqlRule, ElasticsearchTableRule, HbaseTableRule
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.parse import parse_rule
from ingest.schema import Column, TableName, TableSchema
from ingest.sinks.contract import Operations
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseTarget
from ingest.slices import Kind

ORDERS = TableSchema(
    TableName("shop", "orders"),
    (
        Column("id", F.LONG, 0, nullable=False),
        Column("type", F.LONG, 0, nullable=True),
        Column("name", F.VARCHAR, 200, nullable=True, collation=255),
        Column("amount", F.NEWDECIMAL, 10 | 2 << 8, nullable=True),
        Column("placed", F.DATETIME2, 0, nullable=True),
    ),
    (0,),
)

Row = Sequence[Any] | None
Change = tuple[Kind, Row, Row]


def sql_rule(sql: str, index: str = "orders", routing: str | None = None, key: tuple[str, ...] | None = None):
    """A rule as SQL that writes to Elasticsearch."""
    return ElasticsearchSqlRule(sql=sql, id=key, to=ElasticsearchTarget(index=index, routing=routing))


def table_rule(index: str = "orders", **options: Any):
    """A rule in the short form that writes to Elasticsearch."""
    return ElasticsearchTableRule(**{"tables": ("shop.*",), "to": ElasticsearchTarget(index=index), **options})


def hbase_rule(target: HbaseTarget, **options: Any):
    """A rule in the short form that writes to HBase."""
    return HbaseTableRule(**{"tables": ("shop.*",), "to": target, **options})


def compiled(options: Any, schema: TableSchema = ORDERS) -> CompiledRule:
    """The rule for a table."""
    return compile_rule(parse_rule(0, options), schema)


def decoded(rule: CompiledRule, changes: Sequence[Change]) -> DecodedSlice:
    """Changes as a decoded slice of the rule's columns."""
    absent = [None] * len(rule.schema.columns)
    images = [[change[side] or absent for change in changes] for side in (1, 2)]
    fields = [arrow_field(rule.schema.columns[index], "null") for index in rule.columns]
    batches = [
        pa.RecordBatch.from_arrays(
            [
                pa.array([row[index] for row in rows], field.type)
                for index, field in zip(rule.columns, fields, strict=True)
            ],
            schema=pa.schema(fields),
        )
        for rows in images
    ]
    kinds = [change[0] for change in changes]
    return DecodedSlice(rule.schema, batches[0], batches[1], kinds, list(range(1, len(kinds) + 1)))


def run(options: Any, changes: Sequence[Change], tail: bool = False, schema: TableSchema = ORDERS) -> Operations:
    """Compile and apply; base version 10 for the first row, 20 for the second, and so on."""
    rule = compiled(options, schema)
    return rule.apply(decoded(rule, changes), range(10, 10 * len(changes) + 1, 10), tail)
