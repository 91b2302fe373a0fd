"""Where a server is and how to log in there."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_PORT = 3306


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server's address."""

    host: str
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        if not self.host or any(mark in self.host for mark in " /@"):
            raise ValueError(f"{self.host!r} is not a host name or address")
        if not 0 < self.port < 65536:
            raise ValueError(f"port {self.port} is outside 1..65535")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """``host``, ``host:port``, ``[v6 address]`` or ``[v6 address]:port``; ValueError says what is wrong."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError(
                f"{text!r} is not a host:port: the bracket of an IPv6 address isn't closed before the port"
            )
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise ValueError(f"{text!r} is not a host:port: {port!r} is not a number")
    return Endpoint(host, int(port) if port else DEFAULT_PORT)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account. The password is never shown (invariant 8)."""

    user: str
    password: str = field(default="", repr=False)
