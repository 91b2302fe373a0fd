"""BINARY, VARBINARY and BLOB: the bytes as they are; BINARY(n) filled up with zero bytes, as SELECT gives it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa


def read_bytes(raws: Sequence[bytes]) -> pa.Array:
    """VARBINARY, BLOB and GEOMETRY."""
    return pa.array(raws, pa.binary())


def read_padded(raws: Sequence[bytes], length: int) -> pa.Array:
    """BINARY(length): the binlog drops trailing zero bytes (``Field_string::pack``)."""
    return pa.array([raw.ljust(length, b"\0") for raw in raws], pa.binary())
