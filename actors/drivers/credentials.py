"""A sink's resolved credentials, on their way from the secret's place to the client. Never shown (invariant 8)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password, or an API key, or nothing."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)


NO_CREDENTIALS = Credentials()
