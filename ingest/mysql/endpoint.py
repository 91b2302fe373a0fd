"""Where a server is and how to log in there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server's address."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not self.host or any(mark in self.host for mark in " /@"):
            raise ValueError(f"{self.host!r} is not a host name or address")
        if not 0 < self.port < 65536:
            raise ValueError(f"port {self.port} is outside 1..65535")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account. The password is never shown (invariant 8)."""

    user: str
    password: str = field(default="", repr=False)
