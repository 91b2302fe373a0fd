"""Clocks, handed to whatever needs one, so that tests can hand in another.

``monotonic_ms`` is for leases, timeouts and rates; ``wall_us`` only for comparing with commit times of the source.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Time, waiting, and nothing else."""

    def monotonic_ms(self) -> float:
        """Milliseconds of a clock that never goes back."""

    def wall_us(self) -> int:
        """Microseconds since 1970."""

    def sleep_ms(self, duration_ms: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clocks."""

    def monotonic_ms(self) -> float:
        """See ``Clock``."""
        return time.monotonic_ns() / 1e6

    def wall_us(self) -> int:
        """See ``Clock``."""
        return time.time_ns() // 1000

    def sleep_ms(self, duration_ms: float) -> None:
        """See ``Clock``."""
        time.sleep(max(0.0, duration_ms) / 1000)
