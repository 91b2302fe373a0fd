"""FLOAT and DOUBLE: IEEE 754, little-endian, which is Arrow's own layout. MySQL stores neither NaN nor infinity."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.values.malformed import malformed


def read_floats(raws: Sequence[bytes], arrow_type: pa.DataType) -> pa.Array:
    """float32 or float64. DataProblem for NaN and infinity."""
    values = pa.Array.from_buffers(arrow_type, len(raws), [None, pa.py_buffer(b"".join(raws))])
    if pc.all(pc.is_finite(values)).as_py() is False:
        raise malformed("a FLOAT or DOUBLE value is NaN or infinite")
    return values
