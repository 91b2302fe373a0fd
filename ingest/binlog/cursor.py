"""A position in bytes: the reads that event bodies are made of. Running out of bytes raises ``Damage``."""

from __future__ import annotations

import struct

#: What reading damaged bytes may raise; each public entry of this package turns it into one DataProblem.
Damaged = (IndexError, ValueError, OverflowError, struct.error)


class Damage(ValueError):
    """The bytes aren't what their format says (the message says how)."""


class Cursor:
    """Reads little-endian numbers and runs of bytes from ``data[at:end]``, moving ``at``."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.end - self.at

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        at = self.at
        if size < 0 or at + size > self.end:
            raise Damage(f"{size} bytes wanted at offset {at}, {self.end - at} there")
        self.at = at + size
        return self.data[at : at + size]

    def uint(self, size: int) -> int:
        """An unsigned number of ``size`` bytes."""
        return int.from_bytes(self.take(size), "little")

    def packed(self) -> int:
        """A length-encoded integer of the MySQL protocol (1, 3, 4 or 9 bytes)."""
        first = self.uint(1)
        if first < 251:
            return first
        if first in (251, 255):
            raise Damage(f"{first} doesn't start a length-encoded integer")
        return self.uint({252: 2, 253: 3, 254: 8}[first])

    def varlen(self) -> int:
        """An unsigned variable-length integer of MySQL's serialization library: as many one-bits at the low end of
        the first byte as bytes follow (libs/mysql/serialization/readme.md)."""
        first = self.uint(1)
        follow = (~first & (first + 1)).bit_length() - 1  # how many ones at the low end
        if follow >= 8:
            return self.uint(8)
        return first >> (follow + 1) | self.uint(follow) << (7 - follow)

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.left)
