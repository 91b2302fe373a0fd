"""The reaper: a small process between an owner and its servers, so that no server outlives the owner.

It runs as a script (``python -I -S reaper.py``), imports only the standard library, and has a session of its own, so
Ctrl-C in the owner's terminal doesn't reach it. The owner talks to it over stdin and stdout, one JSON object a line;
each request is answered at once. When stdin ends or the owner is gone (a pidfd tells, even if a forked copy of the
owner still holds the pipe), everything is killed with SIGKILL, the registered directories are removed, and it exits.
After ``detach`` only SIGTERM ends it.

Requests: ``spawn`` (argv, env, cwd, log, uid) -> pid; ``terminate``/``kill`` (group) -> {}; ``poll`` (group) -> alive,
exit; ``members`` (group) -> pids; ``own`` (path): remove it at the end; ``detach``.

Invariants:
- every process is started as leader of a session and group; a group is signalled only while it holds an unreaped
  child of ours, so its number can't have been given to a stranger;
- as "child subreaper" (prctl(2)) it inherits daemonised descendants, which therefore can't get away;
- a direct child dies with the reaper too (PR_SET_PDEATHSIG; safe here, for the reaper has one thread).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
OPEN_FILES = 65536

_prctl = ctypes.CDLL(None, use_errno=True).prctl


class Reaper:
    """The groups started and the paths owned; one method per request."""

    def __init__(self) -> None:
        self.groups: dict[int, int | None] = {}  # group -> the leader's exit status, once known
        self.paths: list[str] = []
        self.detached = False

    def spawn(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        log: str,
        uid: int | None = None,
        feed: str = "",
    ) -> dict[str, object]:
        """Start ``argv`` with its output appended to ``log`` and ``feed`` as its standard input."""
        stdin = _readable(feed)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        failed_r, failed_w = os.pipe()  # closes on exec; carries errno when exec doesn't happen
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                _become(argv, env, cwd, stdin, out, uid, parent)
            except OSError as error:
                os.write(failed_w, str(error).encode())
            finally:
                os._exit(127)
        for fd in (stdin, out, failed_w):
            os.close(fd)
        with os.fdopen(failed_r, "rb") as report:
            failure = report.read().decode()
        if failure:
            os.waitpid(pid, 0)
            return {"error": f"{argv[0]}: {failure}"}
        self.groups[pid] = None
        return {"pid": pid}

    def is_alive(self, group: int) -> bool:
        """Whether the group still holds a child of ours; collects those that have ended."""
        if group not in self.groups:
            return False
        while True:
            try:
                pid, status = os.waitpid(-group, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == group:
                self.groups[group] = os.waitstatus_to_exitcode(status)

    def send(self, group: int, number: int) -> dict[str, object]:
        """Signal the whole group, unless it is gone."""
        if self.is_alive(group):
            os.killpg(group, number)
            if number != signal.SIGKILL:
                os.killpg(group, signal.SIGCONT)  # a stopped process would not see it
        return {}

    def terminate(self, group: int) -> dict[str, object]:
        """SIGTERM."""
        return self.send(group, signal.SIGTERM)

    def kill(self, group: int) -> dict[str, object]:
        """SIGKILL."""
        return self.send(group, signal.SIGKILL)

    def poll(self, group: int) -> dict[str, object]:
        """Whether the group lives, and the leader's exit status once it has one."""
        return {"alive": self.is_alive(group), "exit": self.groups.get(group)}

    def members(self, group: int) -> dict[str, object]:
        """The pids of the group's processes."""
        return {"pids": _group_members(group) if self.is_alive(group) else []}

    def own(self, path: str) -> dict[str, object]:
        """Remove the directory ``path`` at the end."""
        self.paths.append(path)
        return {}

    def detach(self) -> dict[str, object]:
        """Stop caring about the owner."""
        self.detached = True
        return {}

    def end(self) -> None:
        """Kill everything, wait for it, and remove the owned paths."""
        for group in self.groups:
            self.kill(group)
        while _reap_one_of_all():
            for pid in _children():
                os.kill(pid, signal.SIGKILL)
        for path in self.paths:
            shutil.rmtree(path, ignore_errors=True)
        self.paths.clear()


def _become(argv: list[str], env: dict[str, str], cwd: str, stdin: int, out: int, uid: int | None, parent: int) -> None:
    """In the forked child: turn into ``argv``."""
    os.setsid()
    os.dup2(stdin, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        _prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after setresuid, which clears it
    if os.getppid() != parent:
        os._exit(127)
    os.umask(0o022)
    os.chdir(cwd)
    os.execvpe(argv[0], argv, env)


def _readable(feed: str) -> int:
    """A descriptor from which ``feed`` can be read; unlinked memory, so nothing shows up anywhere."""
    if not feed:
        return os.open(os.devnull, os.O_RDONLY)
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    os.write(fd, feed.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _stat_fields(pid: int) -> list[str]:
    """/proc/PID/stat from field 3 (state) on, proc_pid_stat(5); empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_members(group: int) -> list[int]:
    return [pid for pid in _processes() if (s := _stat_fields(pid)) and s[0] != "Z" and int(s[2]) == group]


def _children() -> list[int]:
    me = str(os.getpid())
    return [pid for pid in _processes() if (s := _stat_fields(pid)) and s[1] == me]


def _reap_one_of_all() -> bool:
    """Wait for one child (at most 100 ms); False when there is none left."""
    try:
        pid, _status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    if pid == 0:
        select.select([], [], [], 0.1)
    return True


def _answer(reaper: Reaper, line: str) -> None:
    request: dict[str, Any] = json.loads(line)
    operation = request.pop("op")
    try:
        answer = getattr(reaper, operation)(**request)
    except (OSError, ValueError) as error:
        answer = {"error": f"{operation}: {error}"}
    with contextlib.suppress(BrokenPipeError):  # the owner is gone: the end of stdin says so too
        os.write(1, (json.dumps(answer) + "\n").encode())


def serve(reaper: Reaper, owner: int, wakeup: int) -> None:
    """Answer requests until the owner closes, dies, or (detached) SIGTERM arrives on ``wakeup``."""
    pidfd = os.pidfd_open(owner)
    if os.getppid() != owner:
        return
    buffer = b""
    watched = [0, pidfd, wakeup]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if wakeup in ready and signal.SIGTERM in os.read(wakeup, 64):
            return
        if 0 in ready:
            chunk = os.read(0, 65536)
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                _answer(reaper, line.decode())
            if not chunk:
                return
        if pidfd in ready and not reaper.detached:
            return
        if reaper.detached:
            watched = [wakeup]


def main() -> None:
    """Serve the owner whose pid is the first argument; end what is left, whatever happens."""
    owner = int(sys.argv[1])
    _prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeup_r, wakeup_w = os.pipe()
    os.set_blocking(wakeup_w, False)
    signal.set_wakeup_fd(wakeup_w)
    signal.signal(signal.SIGTERM, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    reaper = Reaper()
    try:
        serve(reaper, owner, wakeup_r)
    finally:
        reaper.end()


if __name__ == "__main__":
    main()
