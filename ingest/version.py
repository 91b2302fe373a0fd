"""Versions: 63 bits, epoch (high 22), the ordinal of the row change within it (40; 0: what stood before the first one, a
snapshot's row), and one bit that is 0 for a delete.

A version is what fences a sink: Elasticsearch's external version and HBase's cell timestamp are both non-negative
signed 64-bit numbers, so 63 bits fit. A higher epoch always wins; within one, binlog order wins; and where one row
change deletes a document at its old place and writes it at its new one, which a routing value may map to the same
place, the write wins whichever comes first. 22 bits last four million restarts of one lane; 40 bits last a trillion
row changes within one epoch, after which the lane starts a new epoch.
"""

from __future__ import annotations

import array
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

ORDINAL_BITS = 40
EPOCH_MAX = (1 << 22) - 1
ORDINAL_MAX = (1 << ORDINAL_BITS) - 1

FEW_ROWS = 128
"""Up to here a loop is cheaper than the calls that compute on whole columns."""


def version_of(epoch: int, ordinal: int, *, delete: bool) -> int:
    """The version of a delete or of a write. ValueError as ``version_base``."""
    return version_base(epoch, ordinal) | (not delete)


def version_base(epoch: int, ordinal: int) -> int:
    """Epoch in 1..EPOCH_MAX and ordinal in 0..ORDINAL_MAX to the version of a delete, below 2^63; a write's is one
    more. ValueError outside.
    """
    if not 0 < epoch <= EPOCH_MAX:
        raise ValueError(f"epoch {epoch} is outside 1..{EPOCH_MAX}")
    if not 0 <= ordinal <= ORDINAL_MAX:
        raise ValueError(f"ordinal {ordinal} is outside 0..{ORDINAL_MAX}")
    return (epoch << ORDINAL_BITS | ordinal) << 1


def version_bases(epoch: int, ordinals: Sequence[int]) -> Sequence[int]:
    """``version_base`` of rising ordinals, as a memoryview of 64-bit numbers."""
    if not isinstance(ordinals, memoryview) or len(ordinals) <= FEW_ROWS:
        return memoryview(array.array("Q", [version_base(epoch, ordinal) for ordinal in ordinals]))
    numbers = pa.Array.from_buffers(pa.uint64(), len(ordinals), [None, pa.py_buffer(ordinals)])
    bounds = pc.min_max(numbers).as_py()
    version_base(epoch, bounds["min"]), version_base(epoch, bounds["max"])  # they raise for what lies outside
    bases = pc.add(
        pc.shift_left(numbers, pa.scalar(1, pa.uint64())), pa.scalar(version_base(epoch, 1) - 2, pa.uint64())
    )
    return memoryview(bases.buffers()[1]).cast("B").cast("Q")[: len(ordinals)]


def split_version(version: int) -> tuple[int, int]:
    """A version to (epoch, ordinal)."""
    return version >> ORDINAL_BITS + 1, version >> 1 & ORDINAL_MAX
