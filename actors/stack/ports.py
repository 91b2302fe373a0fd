"""Free ports on 127.0.0.1.

Ports are taken from below the kernel's ephemeral range when it leaves room there, so that no outgoing connection can
take one between the choice and the server's bind, nor while a server is stopped and about to come back. The choice is
still a race against other servers: the caller tries again with other ports when one is lost.
"""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST = 15000
TRIES = 200


def ephemeral_range() -> tuple[int, int]:
    """The kernel's range for outgoing connections, ip_local_port_range in ip(7)."""
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    return int(low), int(high)


def _bound(port: int) -> socket.socket | None:
    """A socket bound to the port (0: any free one); None when the port is taken."""
    candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        candidate.bind((LOOPBACK, port))
    except OSError as error:
        candidate.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return candidate


def free_ports(count: int) -> list[int]:
    """``count`` distinct ports that nothing on 127.0.0.1 is bound to at this moment."""
    low, _high = ephemeral_range()
    candidates: Sequence[int] = range(LOWEST, low) if low - LOWEST >= 1000 else ()
    with ExitStack() as held:
        ports: list[int] = []
        for _ in range(TRIES):
            if len(ports) == count:
                break
            holder = _bound(random.choice(candidates) if candidates else 0)
            if holder is not None:
                ports.append(held.enter_context(holder).getsockname()[1])
        while len(ports) < count:  # a crowded range: let the kernel choose
            holder = _bound(0)
            assert holder is not None
            ports.append(held.enter_context(holder).getsockname()[1])
        return ports


def is_listening(port: int, timeout_s: float = 1.0) -> bool:
    """Whether something accepts connections at 127.0.0.1:port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout_s).close()
    except OSError:
        return False
    return True
