"""A record batch as JSON documents: one object text per row, its fields in the order of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring

import pyarrow as pa

from ingest.sinks.json_text import json_texts


def json_columns(documents: pa.RecordBatch) -> list[list[str]]:
    """Each column's JSON value texts, ``null`` for NULL. DataProblem names a field without a JSON form."""
    return [
        [text or "null" for text in json_texts(column, field)]
        for column, field in zip(documents.columns, documents.schema, strict=True)
    ]


def json_documents(documents: pa.RecordBatch) -> Sequence[str]:
    """One JSON object text per row, without a newline. DataProblem names a field without a JSON form."""
    if documents.num_columns == 0:
        return ["{}"] * documents.num_rows
    names = [encode_basestring(name).replace("%", "%%") for name in documents.schema.names]
    form = "{" + ",".join(f"{name}:%s" for name in names) + "}"
    return [form % row for row in zip(*json_columns(documents), strict=True)]
