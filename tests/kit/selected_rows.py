"""What SELECT says a table holds, as the record batch that the decoder should have given: the tests' oracle."""

from __future__ import annotations

import pyarrow as pa

from actors.stack import Mysql
from ingest.binlog.arrow_types import ZeroDates
from ingest.schema import TableSchema
from ingest.snapshot.chunks import quoted
from ingest.verify.selected_values import arrow_batch, select_expression


def selected(server: Mysql, schema: TableSchema, zero_dates: ZeroDates, order_by: str = "id") -> pa.RecordBatch:
    """All rows of a table, in the order of a column, texts in utf8mb4 and times in UTC."""
    columns = ", ".join(select_expression(column) for column in schema.columns)
    table = f"{quoted(schema.name.database)}.{quoted(schema.name.table)}"
    with server.connect(conv={}, use_unicode=False) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"SELECT {columns} FROM {table} ORDER BY {quoted(order_by)}")
        rows = cursor.fetchall()
    texts = list(zip(*rows, strict=True)) if rows else [()] * len(schema.columns)
    return arrow_batch(schema.columns, texts, zero_dates)
