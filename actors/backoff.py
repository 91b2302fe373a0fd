"""When a lane that failed starts again: at once the first time, then later and later, and soon again once it ran well.

A run was well when its frontier moved, or when it lasted a while: what fails at its start, time after time, waits. Never for
long at first, since it should go on soon after what was down is back; but each try takes an epoch, and there are only some
millions of them, so what has been down for long is asked less often.
"""

from __future__ import annotations

from dataclasses import dataclass

DELAYS_MS = (0.0, 200.0, 500.0, 1_000.0, 2_000.0, 3_000.0)
SELDOM_AFTER = 300
"""How many failures in a row, about a quarter of an hour, make the wait ``SELDOM_MS``."""

SELDOM_MS = 30_000.0

HEALTHY_MS = 10_000.0


@dataclass(slots=True)
class Backoff:
    """One lane's (or one reader's) failures in a row."""

    failures: int = 0

    def after_failure(self, ran_ms: float, *, moved: bool) -> float:
        """How long to wait, in milliseconds, after a run that lasted ``ran_ms`` and moved the frontier, or not."""
        if moved or ran_ms >= HEALTHY_MS:
            self.failures = 0
        delay_ms = DELAYS_MS[min(self.failures, len(DELAYS_MS) - 1)] if self.failures < SELDOM_AFTER else SELDOM_MS
        self.failures += 1
        return delay_ms
