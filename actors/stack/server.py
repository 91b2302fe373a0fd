"""What every server of the stack has in common: its life, its directory, its logs.

A server is a plain object: ``start`` (fetches what is missing, launches, waits until it answers), ``stop`` (in good
order; data and address are kept), ``kill`` (SIGKILL; data kept), ``start`` again, ``close`` (killed, data removed).
Subclasses say how: ``_install``, ``_configure``, ``_launch``, ``_probe``.

Invariants: until ``close`` a reaper stands behind the object, so that neither processes nor data outlive the owner;
a failed start leaves no process and no data, only its logs; the address never changes after the first start.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from typing_extensions import Self

from actors.stack.cache import Cache, Progress, silent
from actors.stack.download import Client, tail
from actors.stack.leftovers import note, remove_stale, sweep
from actors.stack.ports import LOOPBACK, free_ports
from actors.stack.process import Launch, Reaper
from ingest.problems import WorldProblem, declare

START_FAILED = declare(
    "stack.start_failed",
    "a server ended while starting, or was not ready in time",
    "read the end of its log, above",
)
PORT_ATTEMPTS = 3
POLL_S = 0.05
LOG_LOOK_S = 1.0
PORT_TAKEN = re.compile(
    r"address already in use|port is already in use|could not start zk at requested port",
    re.IGNORECASE,
)


class NotReady(Exception):
    """A probe's answer: not yet; the message says what is missing."""


class Server(ABC):
    """A real server on 127.0.0.1."""

    start_timeout_s: ClassVar[float] = 300.0  # a bound for hangs: a crowded machine may take minutes
    stop_timeout_s: ClassVar[float] = 60.0
    port_count: ClassVar[int]

    def __init__(self, name: str, *, cache: Cache | None = None, progress: Progress = silent) -> None:
        self.name = name
        self.cache = cache or Cache.default()
        self.progress = progress
        self.ports: list[int] = []
        self._directory: Path | None = None
        self._reaper: Reaper | None = None
        self._groups: dict[str, int] = {}
        self._prepared = False
        self._life = threading.RLock()

    # --- what a subclass says

    @abstractmethod
    def _install(self) -> None:
        """Get the program into the cache (nothing to do when it is there)."""

    @abstractmethod
    def _configure(self) -> None:
        """Write data and configuration for ``self.ports`` into ``self.directory``; called again for other ports."""

    @abstractmethod
    def _launch(self) -> None:
        """Start the processes with ``_spawn``."""

    @abstractmethod
    def _probe(self) -> None:
        """Ask the server a real question; raise NotReady (or OSError) while it can't answer."""

    @abstractmethod
    def endpoint(self) -> Mapping[str, str]:
        """What a client needs to reach it, by name; no secrets."""

    def _logs(self) -> list[Path]:
        """The log files; each process's begin with its name."""
        return sorted((self.directory / "logs").glob("*.log"))

    # --- life

    def start(self) -> Self:
        """Start and wait until it answers; nothing to do when it runs. Raises WorldProblem."""
        with self._life:
            if not self.is_alive:
                try:
                    self._open()
                    self._start()
                except BaseException as error:
                    self._fail(keep_logs=isinstance(error, WorldProblem) and error.code is START_FAILED)
                    raise
        return self

    def stop(self) -> None:
        """End it in good order (SIGTERM; SIGKILL when that takes too long). Data and address are kept."""
        with self._life:
            for process in reversed(list(self._groups)):
                self._end_process(process, self.stop_timeout_s)

    def kill(self) -> None:
        """SIGKILL, as a crash would. Data and address are kept."""
        with self._life:
            for process in reversed(list(self._groups)):
                self._end_process(process, 0)

    def restart(self) -> None:
        """``stop``, then ``start``."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill it and remove its data and logs. Can be called twice; ``start`` then begins anew."""
        if self._reaper is not None:
            self._reaper.close()  # before taking the lock: ends a start that is under way in another thread
        with self._life:
            self._forget()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what can be asked

    @property
    def directory(self) -> Path:
        """Where its data, configuration and logs lie, from the first ``start`` to ``close``."""
        if self._directory is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._directory

    @property
    def host(self) -> str:
        """The loopback address."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """The port that clients use."""
        if not self.ports:
            raise RuntimeError(f"{self.name} has not been started")
        return self.ports[0]

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether all its processes run (not: whether it answers)."""
        return bool(self._groups) and all(self._is_running(process) for process in self._groups)

    @property
    def pids(self) -> Mapping[str, int]:
        """The pid of each running process, by its name."""
        return {process: self._pid_of(process) for process in self._groups if self._is_running(process)}

    @property
    def pid(self) -> int:
        """The pid of the main process. Raises RuntimeError when it doesn't run."""
        main = next(iter(self._groups), "")
        if not self._is_running(main):
            raise RuntimeError(f"{self.name} is not running")
        return self._pid_of(main)

    @property
    def log_files(self) -> list[Path]:
        """The logs that exist now."""
        return self._logs() if self._directory is not None else []

    @property
    def reaper_pid(self) -> int | None:
        """The pid of the reaper behind it, between the first ``start`` and ``close``."""
        return self._reaper.pid if self._reaper is not None else None

    def detach(self) -> None:
        """Let it outlive this process. Ended by SIGTERM to the reaper, which removes its data too."""
        with self._life:
            assert self._reaper is not None
            self._note_owner()
            self._reaper.detach()
            self._reaper = None
            self._groups.clear()

    # --- inside

    def _open(self) -> None:
        if self._reaper is None:
            sweep(self._run_root())
            self._reaper = Reaper()
            run = self._run_root().directory("run")
            self._directory = run / f"{self.name}-{secrets.token_hex(4)}"
            self._reaper.own(self._directory)  # before it exists: from its first moment somebody removes it
            (self._directory / "logs").mkdir(parents=True)
            self._note_owner()

    def _run_root(self) -> Cache:
        """The cache below which the running server's directory lies."""
        return self.cache

    def _start(self) -> None:
        if not self._prepared:
            self._install()
        self.kill()  # what is left, when only a part of it ended
        for attempt in range(1, PORT_ATTEMPTS + 1):
            if not self._prepared:
                self.ports = free_ports(self.port_count)
            try:
                self._configure()
                self._launch()
                self._note_owner()
                self._await_ready(self._probe)
                self._prepared = True
                return
            except WorldProblem as problem:
                if problem.code is not START_FAILED or not self._lost_port() or attempt == PORT_ATTEMPTS:
                    raise
                self.kill()
                for log in self._logs():
                    log.unlink()

    def _await_ready(self, probe: Callable[[], None]) -> None:
        """Probe until it answers. Raises WorldProblem when it ends or takes too long."""
        deadline = time.monotonic() + self.start_timeout_s
        look_at = time.monotonic() + LOG_LOOK_S
        while True:
            try:
                probe()
                return
            except (NotReady, OSError) as error:
                ended = [process for process in self._groups if not self._is_running(process)]
                if ended or time.monotonic() > deadline:
                    raise self._start_problem(ended, error) from None
                if time.monotonic() > look_at:
                    look_at = time.monotonic() + LOG_LOOK_S
                    if self._lost_port():
                        raise self._start_problem(ended, error) from None
            time.sleep(POLL_S)

    def _lost_port(self) -> bool:
        """Whether a first start failed because of a taken port; not every server ends by itself then."""
        return not self._prepared and any(PORT_TAKEN.search(tail(log, 200)) for log in self._logs())

    def _await_end(self, process: str) -> None:
        """Wait for a short-lived process. Raises WorldProblem when it fails."""
        assert self._reaper is not None
        group = self._groups[process]
        while self._reaper.is_alive(group):
            time.sleep(POLL_S)
        if self._reaper.exit_status(group) != 0:
            raise self._start_problem([process], None)
        del self._groups[process]

    def _start_problem(self, ended: list[str], last: Exception | None) -> WorldProblem:
        assert self._reaper is not None
        if ended:
            status = self._reaper.exit_status(self._groups[ended[0]])
            what = f"{self.name}: the process {ended[0]} ended with status {status} while starting"
        else:
            what = f"{self.name} did not become ready, at most in {self.start_timeout_s:.0f} s ({last})"
        where: dict[str, object] = {}
        log = self._telling_log(ended)
        if log is not None:
            what += f"; the end of its log:\n{tail(log)}"
            where["log"] = self._kept_logs() / log.name
        return WorldProblem(START_FAILED, what, where)

    def _telling_log(self, ended: list[str]) -> Path | None:
        """The log written last, among those of the process that ended (else among all)."""
        logs = [log for log in self._logs() if log.stat().st_size > 0]
        own = [log for log in logs if ended and log.name.startswith(ended[0])]
        return max(own or logs, key=lambda log: log.stat().st_mtime_ns, default=None)

    def _fail(self, keep_logs: bool) -> None:
        """After a failed start: keep the logs, leave nothing else. A failed restart keeps data for a look."""
        if self._prepared:
            if self._reaper is not None:
                self.kill()
            return
        if keep_logs:
            with contextlib.suppress(OSError):  # another thread closes it: then nobody asks for its logs
                shutil.copytree(self.directory / "logs", self._kept_logs())
        self.close()

    def _kept_logs(self) -> Path:
        return self.cache.root / "logs" / self.directory.name if not self._prepared else self.directory / "logs"

    def _forget(self) -> None:
        if self._directory is not None:  # what a start under way wrote after the reaper's end, or a killed reaper left
            remove_stale(self._directory)
        self._reaper = None
        self._directory = None
        self._groups.clear()
        self.ports = []
        self._prepared = False

    def _client(self, work: Path) -> Client:
        """A downloader for ``work``, which ends with this server's reaper."""
        assert self._reaper is not None
        self._reaper.own(work)
        return Client(self._reaper, work, self.cache.root / "logs", self.progress, self.name)

    def _spawn(self, process: str, launch: Launch) -> None:
        assert self._reaper is not None
        self._groups[process] = self._reaper.spawn(launch)

    def _is_running(self, process: str) -> bool:
        group = self._groups.get(process)
        return group is not None and self._reaper is not None and self._reaper.is_alive(group)

    def _pid_of(self, process: str) -> int:
        """The pid of one process; a subclass whose launcher isn't the server says otherwise."""
        return self._groups[process]

    def _end_process(self, process: str, timeout_s: float) -> None:
        group = self._groups.get(process)
        if group is None or self._reaper is None:
            return
        if timeout_s > 0:
            self._reaper.terminate(group)
            deadline = time.monotonic() + timeout_s
            while self._reaper.is_alive(group) and time.monotonic() < deadline:
                time.sleep(POLL_S)
        self._reaper.kill(group)
        while self._reaper.is_alive(group):
            time.sleep(POLL_S / 5)

    def _note_owner(self) -> None:
        """Write down who runs here, for a later sweep in case even the reaper was killed."""
        assert self._reaper is not None
        note(self.directory, [self._reaper.pid, *self.pids.values()])


def start_all(servers: list[Server]) -> None:
    """Start several servers at once. When one fails, or on Ctrl-C, all are closed before the error goes on."""
    with ThreadPoolExecutor(max_workers=max(1, len(servers))) as pool:
        try:
            for started in [pool.submit(server.start) for server in servers]:
                started.result()
        except BaseException:
            for server in servers:
                server.close()
            raise


def plain_environment(**extra: str) -> dict[str, str]:
    """A server's whole environment: nothing of ours (no secrets, no proxies) gets into it."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **extra}


def is_root() -> bool:
    """Whether this process is the superuser."""
    return os.geteuid() == 0
