"""Which operations of a parcel count, found by the native core: the quick way of ``ingest.sinks.coalesce``."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import pyarrow as pa

from ingest.native.operation_buffers import placed
from ingest.sinks.contract import Operations


def newest_rows(native: ModuleType, parcel: Sequence[Operations]) -> Sequence[Sequence[int]] | None:
    """The rows that count of each of the operations, rising; None when all do. ArrowInvalid or UnicodeError when a key
    isn't text."""
    found = native.newest_operations([placed(operations) for operations in parcel])
    return None if found is None else [memoryview(rows).cast("I") for rows in found]


NOT_TEXT = (pa.ArrowException, UnicodeError)
"""What says that a key isn't text."""
