"""The blackhole's driver: says DONE to everything, after the delay that it was told to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.clock import Clock, SystemClock
from ingest.sinks.blackhole.options import BlackholeOptions
from ingest.sinks.contract import DONE, ItemResult, Request
from ingest.sinks.stored import StoredDocument


class BlackholeDriver:
    """Holds nothing, reaches nothing."""

    def __init__(self, options: BlackholeOptions, clock: Clock | None = None) -> None:
        self._delay_ms = options.delay_ms
        self._clock = clock or SystemClock()

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go."""

    def prepare(self, targets: Sequence[str]) -> None:
        """Nothing to create."""

    def check(self, targets: Sequence[str]) -> None:
        """Nothing to look at."""

    def send(self, request: Request[bytes]) -> Sequence[ItemResult]:
        """Every item is done."""
        if self._delay_ms:
            self._clock.sleep_ms(self._delay_ms)
        return [DONE] * len(request.items)

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """Nothing is ever there."""
        return [None] * len(keys)

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """Nothing is ever there."""
        return iter(())

    def scan_keys(self, target: str) -> Iterator[str]:
        """Nothing is ever there."""
        return iter(())
