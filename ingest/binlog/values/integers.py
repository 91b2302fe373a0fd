"""TINYINT to BIGINT, YEAR and BIT: exact to 2^64 - 1.

The binlog stores integers little-endian in Arrow's own widths (on little-endian machines, which all supported ones
are), so a column's bytes are its Arrow buffer; MEDIUMINT's three bytes are widened. BIT is big-endian. YEAR is one
byte from 1900, 0 for the year 0000. Source: MySQL's ``Field_*::pack`` and ``Field_year::val_int``.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.values.malformed import malformed


def read_integers(raws: Sequence[bytes], arrow_type: pa.DataType) -> pa.Array:
    """Little-endian integers of the Arrow type's width."""
    return pa.Array.from_buffers(arrow_type, len(raws), [None, pa.py_buffer(b"".join(raws))])


def read_mediumints(raws: Sequence[bytes], arrow_type: pa.DataType) -> pa.Array:
    """Three-byte integers to int32 or uint32: read with a zero byte below, then shifted down with the sign."""
    widened = b"\0" + b"\0".join(raws) if raws else b""
    shifted = pa.Array.from_buffers(arrow_type, len(raws), [None, pa.py_buffer(widened)])
    return pc.shift_right(shifted, pa.scalar(8, arrow_type))


def read_bits(raws: Sequence[bytes], width: int) -> pa.Array:
    """BIT(width) to uint64. DataProblem when a bit beyond the width is set."""
    padding = bytes(8 - (width + 7) // 8)
    numbers = array("Q", padding + padding.join(raws) if raws else b"")
    numbers.byteswap()
    if raws and max(numbers) >> width:
        raise malformed(f"a BIT({width}) value holds {max(numbers)}")
    return pa.Array.from_buffers(pa.uint64(), len(raws), [None, pa.py_buffer(numbers)])


def read_years(raws: Sequence[bytes]) -> pa.Array:
    """YEAR to uint16."""
    return pa.array([1900 + byte if byte else 0 for byte in b"".join(raws)], pa.uint16())
