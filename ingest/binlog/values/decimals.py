"""DECIMAL(precision, scale): MySQL's packed decimal to exact integers (the value times 10^scale) and Arrow decimals.

Format (``decimal2bin`` in MySQL's strings/decimal.cc): big-endian groups of up to nine digits, four bytes for nine
and fewer for the partial group at either end; the topmost bit is inverted, and all bits of a negative number are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.binlog.row_layout import DIGIT_BYTES
from ingest.binlog.values.malformed import malformed

INT64_DIGITS = 18
DECIMAL128_DIGITS = 38


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits that stand in one run of bits."""

    shift: int
    mask: int
    limit: int


def _groups(precision: int, scale: int) -> tuple[int, list[_Group]]:
    """Size in bytes and the groups from the left."""
    whole, fraction = precision - scale, scale
    digits = [whole % 9] + [9] * (whole // 9) + [9] * (fraction // 9) + [fraction % 9]
    digits = [count for count in digits if count]
    bits_left = size_bits = 8 * sum(DIGIT_BYTES[count] for count in digits)
    groups = []
    for count in digits:
        width = 8 * DIGIT_BYTES[count]
        bits_left -= width
        groups.append(_Group(bits_left, (1 << width) - 1, 10**count))
    return size_bits // 8, groups


def decimal_reader(precision: int, scale: int) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from packed decimals to an Arrow decimal array (128 bits to 38 digits, else 256)."""
    unscale = unscaler(precision, scale)
    if precision <= INT64_DIGITS:
        narrow = pa.decimal128(precision, scale)

        def read_narrow(raws: Sequence[bytes]) -> pa.Array:
            widened = pa.array(unscale(raws), pa.int64()).cast(pa.decimal128(INT64_DIGITS + 1, 0))
            return pa.Array.from_buffers(narrow, len(raws), [None, widened.buffers()[1]])

        return read_narrow
    size = 16 if precision <= DECIMAL128_DIGITS else 32
    arrow_type = pa.decimal128(precision, scale) if size == 16 else pa.decimal256(precision, scale)

    def read(raws: Sequence[bytes]) -> pa.Array:
        data = b"".join([value.to_bytes(size, "little", signed=True) for value in unscale(raws)])
        return pa.Array.from_buffers(arrow_type, len(raws), [None, pa.py_buffer(data)])

    return read


def unscaler(precision: int, scale: int) -> Callable[[Sequence[bytes]], list[int]]:
    """A function from packed decimals to their values times 10^scale. It raises DataProblem for digits above nine."""
    size, groups = _groups(precision, scale)
    top = 1 << (8 * size - 1)
    full = (1 << 8 * size) - 1

    def unscale(raws: Sequence[bytes]) -> list[int]:
        if not raws:
            return []
        stored = _big_endian(raws, size)
        magnitudes = [value ^ top if value & top else value ^ top ^ full for value in stored]
        total = [value >> groups[0].shift for value in magnitudes]
        _check(total, groups[0])
        for group in groups[1:]:
            shift, mask, limit = group.shift, group.mask, group.limit
            part = [value >> shift & mask for value in magnitudes]
            _check(part, group)
            total = [high * limit + low for high, low in zip(total, part, strict=True)]
        return [high if value & top else -high for high, value in zip(total, stored, strict=True)]

    return unscale


def _big_endian(raws: Sequence[bytes], size: int) -> Sequence[int]:
    if size <= 8:
        padding = bytes(8 - size)
        return struct.unpack(f">{len(raws)}Q", padding + padding.join(raws))
    return [int.from_bytes(raw, "big") for raw in raws]


def _check(values: list[int], group: _Group) -> None:
    if max(values) >= group.limit:
        raise malformed(f"a DECIMAL value holds {max(values)} where at most {group.limit - 1} fits")


def decimal_text(unscaled: int, scale: int) -> str:
    """The value ``unscaled / 10^scale`` with all its digits, as MySQL prints it."""
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits
