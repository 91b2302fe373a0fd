"""Who this process is, and whether another one is gone: what fencing rests on where leases needn't be waited for.

A process is named by where it runs, its pid and the kernel's start time of that pid, so that a recycled pid is
never mistaken for it (or ended in its place). Only processes of this machine can be looked at.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from ingest.checkpoint.contract import Member


def this_process(role: str) -> Member:
    """The calling process as a member of an epoch."""
    pid = os.getpid()
    started = _start_time(pid)
    assert started is not None, "a running process has a start time"
    return Member(role, host_id(), pid, started)


def host_id() -> str:
    """The machine's boot id and the pid namespace: where a pid means what it says. Another machine, this one after a
    reboot, or another container has another."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def is_gone(member: Member) -> bool | None:
    """True: the process has ended. False: it is there (perhaps stopped). None: it ran on another machine."""
    if member.host != host_id():
        return None
    return _start_time(member.pid) != member.started


def end(member: Member) -> None:
    """SIGKILL the process if it is still the one named (works on a stopped process too)."""
    if is_gone(member) is False:
        try:
            os.kill(member.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); None when the process is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])
