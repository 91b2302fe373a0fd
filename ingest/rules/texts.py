"""Column values as the plain text that keys, index names and row keys are made of.

The reader makes the same texts of raw row images (``ingest.binlog.key_text``); a document key is only found again if
both agree, so whatever isn't a plain cast here goes through that function, value by value.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.field_types import FieldType
from ingest.binlog.key_text import key_text
from ingest.rules.bound import on_distinct
from ingest.schema import Column


def texts_of(column: Column, array: pa.Array) -> list[str | None]:
    """The text of each value, None for NULL."""
    kind = array.type
    texts: list[str | None]
    if pa.types.is_string(kind) or (pa.types.is_integer(kind) and column.type != FieldType.YEAR):
        texts = pc.cast(array, pa.string()).to_pylist()
    elif pa.types.is_list(kind):
        texts = [None if value is None else key_text(column, value) for value in array.to_pylist()]
    else:
        texts = on_distinct(array, lambda value: key_text(column, value), pa.string()).to_pylist()
    return texts
