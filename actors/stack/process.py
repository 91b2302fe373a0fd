"""The owner's side of the reaper, and the identity of a process.

Owns the conversation with ``reaper.py``: every process that the stack starts, a download included, is started through
a ``Reaper``, so that it can't outlive its owner.

Invariants: a recycled pid is never signalled (``ProcessId`` compares start time and boot, and signals through a pidfd);
no reaper method blocks longer than one round trip.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.problems import WorldProblem, declare

REAPER_FAILED = declare(
    "stack.reaper_failed",
    "a server process could not be started or its supervisor has ended",
    "read the message: a missing program, a directory that can't be entered, or memory; then start the server again",
)


def _stat_fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from ``state`` (field 3 in proc_pid_stat(5)) on; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process for good: its pid, its start (clock ticks since boot) and the boot it belongs to."""

    pid: int
    start_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The identity of a running process; None when there is none with this pid."""
        fields = _stat_fields(pid)
        return cls(pid, int(fields[19]), _boot_id()) if fields else None

    def is_alive(self) -> bool:
        """Whether this very process runs (a zombie doesn't)."""
        fields = _stat_fields(self.pid)
        return (
            bool(fields) and fields[0] not in "ZX" and int(fields[19]) == self.start_ticks and self.boot == _boot_id()
        )

    def send(self, number: signal.Signals) -> bool:
        """Signal this very process; False when it is gone."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(pidfd, number)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(pidfd)


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: ``env`` is the whole environment; ``uid`` drops privileges; ``feed`` is the standard input."""

    argv: Sequence[str]
    cwd: Path
    log: Path
    env: Mapping[str, str]
    uid: int | None = None
    feed: str = ""


class Reaper:
    """One reaper process, and through it any number of process groups and directories that end with this process."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise WorldProblem(
                REAPER_FAILED, "the stack runs on Linux only", hint="use configs/compose.yaml with Docker"
            )
        script = Path(__file__).with_name("reaper.py")
        self._talk = threading.Lock()
        self._detached = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The reaper's own pid."""
        return self._process.pid

    def _ask(self, operation: str, **arguments: object) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"op": operation, **arguments}) + "\n"
        with self._talk:
            if self._process.stdin.closed:
                raise WorldProblem(REAPER_FAILED, "the server was closed while it was in use")
            try:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
                answer = self._process.stdout.readline()
            except BrokenPipeError:
                answer = b""
        if not answer:
            raise WorldProblem(
                REAPER_FAILED,
                f"the reaper has ended (asked to {operation})",
                {"pid": self.pid},
            )
        reply: dict[str, object] = json.loads(answer)
        if "error" in reply:
            raise WorldProblem(REAPER_FAILED, str(reply["error"]))
        return reply

    def spawn(self, launch: Launch) -> int:
        """Start a process as leader of a new group; returns the group, which is the leader's pid."""
        reply = self._ask(
            "spawn",
            argv=[str(word) for word in launch.argv],
            env=dict(launch.env),
            cwd=str(launch.cwd),
            log=str(launch.log),
            uid=launch.uid,
            feed=launch.feed,
        )
        return int(str(reply["pid"]))

    def is_alive(self, group: int) -> bool:
        """Whether any process of the group runs."""
        return bool(self._ask("poll", group=group)["alive"])

    def exit_status(self, group: int) -> int | None:
        """The leader's exit status (negative: the signal); None while it runs."""
        status = self._ask("poll", group=group)["exit"]
        return None if status is None else int(str(status))

    def members(self, group: int) -> list[int]:
        """The pids of the group's running processes."""
        pids = self._ask("members", group=group)["pids"]
        return [int(pid) for pid in pids] if isinstance(pids, list) else []

    def terminate(self, group: int) -> None:
        """SIGTERM to the group."""
        self._ask("terminate", group=group)

    def kill(self, group: int) -> None:
        """SIGKILL to the group."""
        self._ask("kill", group=group)

    def own(self, path: Path) -> None:
        """Have ``path`` removed when this ends, in whatever way."""
        self._ask("own", path=str(path))

    def detach(self) -> None:
        """From now on the servers outlive this process; SIGTERM to the reaper ends them."""
        self._ask("detach")
        self._detached = True
        self._process.returncode = 0  # not ours to wait for any more
        self._hang_up()

    def close(self) -> None:
        """Kill every group, remove the owned directories, end the reaper. Can be called twice."""
        self._hang_up()
        if not self._detached:
            self._process.wait()

    def _hang_up(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._talk:
            with contextlib.suppress(BrokenPipeError):  # the reaper is gone, and a request was left unsent
                self._process.stdin.close()
            self._process.stdout.close()
