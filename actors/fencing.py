"""Making sure that no older epoch can write: design, "The tail is applied as one", step 2.

A process of an earlier epoch is out of the way when it serves the new epoch itself, when it is seen to be gone (or is
ended and then seen to be gone), or, on a machine that can't be looked at, when its lease must have run out.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.host import Host
from ingest.checkpoint.contract import Member
from ingest.problems import WorldProblem, declare

STILL_THERE = declare(
    "lane.older_epoch_alive",
    "A process of an earlier epoch can't be ended.",
    "Look at the process named (stuck in the kernel?); the lane starts as soon as it is gone.",
)

KILL_WAIT_MS = 5_000.0
POLL_MS = 20.0


def fence(earlier: Sequence[Member], now: Sequence[Member], claimed_at_ms: float, lease_ms: float, host: Host) -> None:
    """Return when no process of an earlier epoch can write. ``now``: the processes that serve the new epoch.
    WorldProblem when one on this machine can't be ended."""
    serving = {(member.host, member.pid, member.started) for member in now}
    others = [member for member in earlier if (member.host, member.pid, member.started) not in serving]
    unseen = False
    for member in others:
        gone = host.is_gone(member)
        unseen = unseen or gone is None
        if gone is False:
            host.end(member)
            _await_end(member, host)
    if unseen:
        host.sleep_ms(claimed_at_ms + lease_ms - host.monotonic_ms())


def _await_end(member: Member, host: Host) -> None:
    deadline_ms = host.monotonic_ms() + KILL_WAIT_MS
    while host.is_gone(member) is False:
        if host.monotonic_ms() > deadline_ms:
            raise WorldProblem(STILL_THERE, f"{member.role} (pid {member.pid}) doesn't end", {"pid": member.pid})
        host.sleep_ms(POLL_MS)
