"""Column values as the plain text that keys, index names and row keys are made of.

The reader makes the same texts of raw row images (``ingest.binlog.key_text``); a document key is only found again if
both agree, so whatever isn't a plain cast here goes through that function, value by value.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.field_types import FieldType
from ingest.binlog.key_text import key_text
from ingest.rules.bound import on_distinct
from ingest.schema import Column


def texts_of(column: Column, array: pa.Array) -> list[str | None]:
    """The text of each value, None for NULL."""
    texts: list[str | None] = text_column(column, array).to_pylist()
    return texts


def text_column(column: Column, array: pa.Array) -> pa.Array:
    """The text of each value as an Arrow string array."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_integer(kind) and column.type != FieldType.YEAR:
        return pc.cast(array, pa.string())
    if pa.types.is_list(kind):
        texts = [None if value is None else key_text(column, value) for value in array.to_pylist()]
        return pa.array(texts, pa.string())
    return on_distinct(array, lambda value: key_text(column, value), pa.string())


def join_keys(texts: Sequence[pa.Array]) -> pa.Array:
    """The document key of each row, of its columns' texts without nulls: ``ingest.keys.join_key``."""
    if len(texts) == 1:
        return texts[0]
    escaped = [pc.replace_substring(pc.replace_substring(one, "\\", "\\\\"), "|", "\\|") for one in texts]
    return pc.binary_join_element_wise(*escaped, "|")
