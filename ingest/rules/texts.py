"""Column values as the plain text that keys, index names and row keys are made of.

The reader makes the same texts of raw row images (``ingest.binlog.key_text``); a document key is only found again if
both agree, so whatever isn't a plain cast here goes through that function, value by value.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.schema import Column


def texts_of(column: Column, array: pa.Array) -> list[str | None]:
    """The text of each value, None for NULL."""
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_string(kind):
        texts: list[str | None] = pc.cast(array, pa.string()).to_pylist()
        return texts
    return [None if value is None else _text(value) for value in array.to_pylist()]


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
