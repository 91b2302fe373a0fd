"""A comparison as people read it: progress to stderr, verdicts to stdout."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console

from actors.cli.figures import count
from ingest.verify.verdict import LaneVerdict

PLAIN_EVERY_S = 5.0
SHOWN = 20


class ProgressLine:
    """How far the lanes are: a line that changes on a terminal, else one every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._status = self._console.status("") if self._console.is_terminal else None
        self._said_s = time.monotonic()
        self._lanes: dict[str, str] = {}

    def __enter__(self) -> ProgressLine:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, lane: str, what: str, done: int, about: int) -> None:
        """Say it, or not yet."""
        self._lanes[lane] = far(lane, what, done, about)
        line = "verify " + ", ".join(self._lanes.values())
        if self._status is not None:
            self._status.update(line)
        elif time.monotonic() - self._said_s >= PLAIN_EVERY_S:
            self._said_s = time.monotonic()
            self._console.print(line, markup=False)


def far(lane: str, what: str, done: int, about: int) -> str:
    """How far a lane is."""
    return f"{lane}: {what} {count(done)}" + (f" of about {count(about)}" if about else "")


def verdict_lines(verdict: LaneVerdict) -> Iterator[str]:
    """One lane's verdict; the first differences in full."""
    outcome = "no difference" if not verdict.differences else f"{count(verdict.differences)} DIFFERENCES"
    yield (
        f"{verdict.lane} -> {verdict.sink}: {outcome} "
        f"({count(verdict.rows)} rows, {count(verdict.documents)} documents, "
        f"{count(verdict.found)} in the sink; {verdict.seconds:.1f} s)"
    )
    if verdict.dropped:
        yield f"  left out by rules: {_counts(verdict.dropped)}"
    if verdict.behind:
        yield f"  the lane stands still, {count(verdict.behind)} transactions behind MySQL: is it running?"
    if verdict.agreed_later:
        yield f"  {count(verdict.agreed_later)} rows were late and agreed then"
    if verdict.kinds:
        yield f"  {_counts(verdict.kinds)}"
    for difference in verdict.details[:SHOWN]:
        yield f"  {difference}"
    if len(verdict.details) > SHOWN:
        yield "  ... (--json has more)"


def differences_of(verdicts: Sequence[LaneVerdict]) -> int:
    """Over all lanes."""
    return sum(verdict.differences for verdict in verdicts)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count(number)}" for name, number in sorted(counts.items()))
