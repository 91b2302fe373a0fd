"""Versions: 63 bits, epoch (high 22) and the ordinal of the row change within it (low 41).

A version is what fences a sink: Elasticsearch's external version and HBase's cell timestamp are both non-negative
signed 64-bit numbers, so 63 bits fit. A higher epoch always wins; within one, binlog order wins. 22 bits last four
million restarts of one lane; 41 bits last two trillion row changes within one epoch, after which the lane starts a
new epoch.
"""

from __future__ import annotations

ORDINAL_BITS = 41
EPOCH_MAX = (1 << 22) - 1
ORDINAL_MAX = (1 << ORDINAL_BITS) - 1


def version_of(epoch: int, ordinal: int) -> int:
    """Epoch in 1..EPOCH_MAX and ordinal in 1..ORDINAL_MAX to a version in 1..2^63-1. ValueError outside."""
    if not 0 < epoch <= EPOCH_MAX:
        raise ValueError(f"epoch {epoch} is outside 1..{EPOCH_MAX}")
    if not 0 < ordinal <= ORDINAL_MAX:
        raise ValueError(f"ordinal {ordinal} is outside 1..{ORDINAL_MAX}")
    return (epoch << ORDINAL_BITS) | ordinal


def split_version(version: int) -> tuple[int, int]:
    """A version to (epoch, ordinal)."""
    return version >> ORDINAL_BITS, version & ORDINAL_MAX
