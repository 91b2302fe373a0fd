"""The parent's side of the writer: start the process, read its reports, end it.

The process ends with its parent in whatever way (its standard input closes); Ctrl-C in the terminal doesn't reach it
(a session of its own), the parent decides.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType

from typing_extensions import Self

from actors.demo.writer import Report, WriterOptions
from ingest.problems import WorldProblem, declare

WRITER_FAILED = declare(
    "demo.writer_failed",
    "The demo's writer couldn't go on writing to MySQL.",
    "Read the message of MySQL above; the end of MySQL's log says more.",
)
END_S = 10.0


class WriterProcess:
    """A running writer. ``load`` and ``write`` wait for the phase to end; ``latest`` can be asked meanwhile."""

    def __init__(self, options: WriterOptions) -> None:
        self._changed = threading.Condition()
        self._latest = Report("loading")
        self._gone = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "actors.demo.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        self._tell(json.dumps(asdict(options)))
        self._listener = threading.Thread(target=self._listen, name="demo-writer", daemon=True)
        self._listener.start()

    @property
    def latest(self) -> Report:
        """The newest report."""
        with self._changed:
            return self._latest

    @property
    def pid(self) -> int:
        """The writer's pid."""
        return self._process.pid

    def load(self) -> Report:
        """Wait until the data of the start is there. WorldProblem ``demo.writer_failed``."""
        return self._await(lambda report: report.phase == "loaded")

    def go(self) -> None:
        """Begin the paced writing."""
        self._tell("go")

    def stop(self) -> None:
        """End the paced writing early."""
        self._tell("stop")

    def write(self, on_report: Callable[[Report], None] | None = None) -> Report:
        """Wait until the paced writing has ended, giving each report to ``on_report``. WorldProblem."""
        return self._await(lambda report: report.phase == "done", on_report)

    def close(self) -> None:
        """End the process. Can be called twice."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorldProblem(WRITER_FAILED, "the writer's process has ended", {"pid": self.pid}) from None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = Report(**json.loads(line))
            with self._changed:
                self._latest = report
                self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _await(self, is_reached: Callable[[Report], bool], on_report: Callable[[Report], None] | None = None) -> Report:
        seen: Report | None = None
        while True:
            seen, gone = self._after(seen)
            if seen.phase == "failed" or (gone and not is_reached(seen)):
                what = seen.problem or f"the writer's process ended with status {self._process.poll()}"
                raise WorldProblem(WRITER_FAILED, what, {"pid": self.pid})
            if on_report is not None:
                on_report(seen)
            if is_reached(seen):
                return seen

    def _after(self, seen: Report | None) -> tuple[Report, bool]:
        """The newest report once there is another than ``seen``, and whether the process is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._latest is not seen or self._gone)
            return self._latest, self._gone
