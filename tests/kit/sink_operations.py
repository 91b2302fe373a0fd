"""Builders of Operations for tests of sinks: a change is (key, version, document or None for a deletion)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from ingest.sinks.contract import Operations

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("name", pa.string()),
        pa.field("amount", pa.decimal128(12, 2)),
        pa.field("size", pa.string()),
    ]
)
"""The documents' fields; ``size`` is where a sink may be stricter than the document."""

Document = Mapping[str, object]
Change = tuple[str, int, Document | None]


def batch_of(documents: Sequence[Document | None], schema: pa.Schema = SCHEMA) -> pa.RecordBatch:
    """Documents to a record batch; a missing field, or a missing document, is null."""
    rows = [{name: (document or {}).get(name) for name in schema.names} for document in documents]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def operations_of(
    changes: Sequence[Change],
    target: str = "t",
    *,
    rule: int = 0,
    routings: Sequence[str | None] | None = None,
    schema: pa.Schema = SCHEMA,
) -> Operations:
    """Changes of one rule into one target."""
    return Operations(
        rule=rule,
        keys=[key for key, _, _ in changes],
        versions=[version for _, version, _ in changes],
        deletes=[document is None for _, _, document in changes],
        targets=[target] * len(changes),
        routings=routings or [None] * len(changes),
        documents=batch_of([document for _, _, document in changes], schema),
        sources=list(range(len(changes))),
    )
