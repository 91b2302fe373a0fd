"""ENUM and SET: numbers to names.

An ENUM is the member's number from 1; 0 is the error value ``''``. A SET is a bit per member, the first lowest
(MySQL doc pages "The ENUM Type", "The SET Type"). A number without a member is a DataProblem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from ingest.binlog.values.malformed import malformed

_INDEX_TYPES = {1: pa.uint8(), 2: pa.uint16()}


def enum_reader(members: Sequence[str], size: int) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from ENUM numbers of ``size`` bytes (1 or 2) to the members' names."""
    names = pa.array(["", *members], pa.string())
    index_type = _INDEX_TYPES[size]

    def read(raws: Sequence[bytes]) -> pa.Array:
        indexes = pa.Array.from_buffers(index_type, len(raws), [None, pa.py_buffer(b"".join(raws))])
        try:
            return names.take(indexes)
        except (pa.ArrowIndexError, IndexError):
            worst = max(indexes.to_pylist())
            raise malformed(f"an ENUM value is number {worst} of {len(members)} members") from None

    return read


def set_reader(members: Sequence[str]) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from SET bits to lists of the members' names."""
    list_type = pa.list_(pa.string())

    def read(raws: Sequence[bytes]) -> pa.Array:
        distinct = {raw: index for index, raw in enumerate(dict.fromkeys(raws))}
        lists = pa.array([_names(raw, members) for raw in distinct], list_type)
        return lists.take(pa.array([distinct[raw] for raw in raws], pa.int32()))

    return read


def _names(raw: bytes, members: Sequence[str]) -> list[str]:
    bits = int.from_bytes(raw, "little")
    if bits >> len(members):
        raise malformed(f"a SET value has bits {bits:#b}, but the column {len(members)} members")
    return [name for place, name in enumerate(members) if bits >> place & 1]
