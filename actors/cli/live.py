"""The live view: one renderer for ``run``, ``status --watch`` and ``demo``.

On a terminal it is a table that is drawn anew in place; elsewhere a plain line every few seconds; as JSON one object a
line. Problems are said once, when they appear. Feed it statuses as often as you like; it keeps its own pace.

    with LiveView(sys.stdout) as view:
        view.phase("writing")
        view.update(pipeline.status())
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live

from actors.cli.lines import problems_of, progress_line
from actors.cli.meter import LaneReading, Meter
from actors.cli.status_json import to_json
from actors.cli.tables import live_view
from ingest.status import ClusterStatus

PLAIN_EVERY_S = 5.0


class View(Protocol):
    """What shows a running pipeline."""

    def __enter__(self) -> View:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last state and let the terminal go."""

    def phase(self, text: str) -> None:
        """What is being done at the moment, in a few words."""

    def say(self, line: str) -> None:
        """One line that stays."""

    def update(self, statuses: Sequence[ClusterStatus]) -> None:
        """The newest status."""


class LiveView:
    """For people. ``render_to`` is the stream to write to; ``plain_every_s`` the pace of plain lines; ``clock`` gives
    seconds and never goes back."""

    def __init__(
        self, render_to: TextIO, *, plain_every_s: float = PLAIN_EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = Console(file=render_to, highlight=False, soft_wrap=not render_to.isatty())
        self._animated = self._console.is_terminal and not self._console.is_dumb_terminal
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._plain_every_s = plain_every_s
        self._clock = clock
        self._began_s = clock()
        self._said_s: float | None = None
        self._phase = ""
        self._meter = Meter()
        self._problems: set[tuple[str, str, str]] = set()
        self._statuses: Sequence[ClusterStatus] = ()
        self._printed: Sequence[ClusterStatus] = ()
        self.readings: tuple[LaneReading, ...] = ()

    def __enter__(self) -> LiveView:
        if self._animated:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._animated:
            self._live.stop()
        elif self._statuses is not self._printed:
            self._print_line()

    def phase(self, text: str) -> None:
        """See ``View``."""
        if text == self._phase:
            return
        self._phase = text
        self._draw(now=True)

    def say(self, line: str) -> None:
        """See ``View``."""
        self._console.print(line, markup=False)

    def update(self, statuses: Sequence[ClusterStatus]) -> None:
        """See ``View``."""
        self._statuses = statuses
        self.readings = self._meter.update(statuses, self._clock())
        self._say_new_problems()
        self._draw(now=False)

    def _draw(self, *, now: bool) -> None:
        if self._animated:
            view = live_view(self._statuses, self.readings, self._heading(), self._console.width)
            self._live.update(view, refresh=True)
        elif now or self._said_s is None or self._clock() - self._said_s >= self._plain_every_s:
            self._print_line()

    def _heading(self) -> str:
        return f"{self._clock() - self._began_s:.0f} s" + (f" · {self._phase}" if self._phase else "")

    def _print_line(self) -> None:
        self._said_s = self._clock()
        self._printed = self._statuses
        self.say(progress_line(self.readings, self._said_s - self._began_s, self._phase))

    def _say_new_problems(self) -> None:
        present = {(status.cluster, *found) for status in self._statuses for found in problems_of(status)}
        if not self._animated:  # on a terminal they stand below the table
            for cluster, lane, text in sorted(present - self._problems):
                self.say(f"problem in {cluster}/{lane}: {text}")
        self._problems = present


class JsonView:
    """For programs: every status that is shown is one JSON object on one line; phases and lines aren't."""

    def __init__(
        self, render_to: TextIO, *, every_s: float = PLAIN_EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = render_to
        self._every_s = every_s
        self._clock = clock
        self._shown_s: float | None = None
        self._pending: Sequence[ClusterStatus] = ()

    def __enter__(self) -> JsonView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pending:
            self._show(self._pending)

    def phase(self, text: str) -> None:
        """See ``View``."""

    def say(self, line: str) -> None:
        """See ``View``."""

    def update(self, statuses: Sequence[ClusterStatus]) -> None:
        """See ``View``."""
        if self._shown_s is None or self._clock() - self._shown_s >= self._every_s:
            self._show(statuses)
        else:
            self._pending = statuses

    def _show(self, statuses: Sequence[ClusterStatus]) -> None:
        self._shown_s = self._clock()
        self._pending = ()
        self._stream.write(to_json(statuses) + "\n")
        self._stream.flush()
