"""VECTOR: little-endian float32 numbers, one after the other (MySQL doc page "The VECTOR Type")."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pyarrow as pa

from ingest.binlog.values.malformed import malformed


def read_vectors(raws: Sequence[bytes]) -> pa.Array:
    """VECTOR to list<float32>. DataProblem when the bytes don't divide into floats."""
    if any(len(raw) % 4 for raw in raws):
        raise malformed("a VECTOR value isn't a whole number of floats")
    ends = accumulate((len(raw) // 4 for raw in raws), initial=0)
    offsets = pa.array(ends, pa.int32())
    count = len(b"".join(raws)) // 4
    floats = pa.Array.from_buffers(pa.float32(), count, [None, pa.py_buffer(b"".join(raws))])
    return pa.ListArray.from_arrays(offsets, floats)
