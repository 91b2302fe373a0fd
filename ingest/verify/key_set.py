"""Which keys a target should hold, in eight bytes each: enough to tell a surplus document among millions.

Keys are kept as 64-bit hashes. Two different keys share one with a chance of n^2 / 2^65: a surplus document would have
to hit that to be overlooked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import pyarrow as pa


class KeySet:
    """Add keys in any order, then ask. Asking sorts what was added since."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._is_sorted = True

    @classmethod
    def of(cls, hashes: pa.ChunkedArray) -> KeySet:
        """Keys given by their hashes (``hash`` of this process)."""
        made = cls()
        made._hashes.extend(hashes.to_pylist())
        made._is_sorted = False
        return made

    def add(self, keys: Iterable[str]) -> None:
        """More keys; a key may come several times."""
        self._hashes.extend(map(hash, keys))
        self._is_sorted = False

    def __contains__(self, key: str) -> bool:
        """Whether the key was added."""
        hashes = self._sorted()
        wanted = hash(key)
        position = bisect_left(hashes, wanted)
        return position < len(hashes) and hashes[position] == wanted

    def __len__(self) -> int:
        """How many different keys."""
        return len(self._hashes) - sum(1 for _ in self._repeats())

    def _repeats(self) -> Iterator[int]:
        hashes = self._sorted()
        return (hashes[position] for position in range(1, len(hashes)) if hashes[position - 1] == hashes[position])

    def _sorted(self) -> array[int]:
        if not self._is_sorted:
            count = len(self._hashes)
            unsorted = pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(self._hashes.tobytes())])
            self._hashes = array("q", unsorted.sort().buffers()[1][: 8 * count].to_pybytes())
            self._is_sorted = True
        return self._hashes
