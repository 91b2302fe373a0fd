"""Options of the blackhole sink and of a rule that ends in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ingest.config.fields import Options


class BlackholeOptions(Options):
    """A sink that answers "done" to every request and keeps nothing."""

    type: Literal["blackhole"]
    """Chooses this kind of sink."""

    delay_ms: float = Field(default=0.0, ge=0.0, le=60_000.0)
    """How long each request pretends to take, in milliseconds (0 to 60000)."""


class BlackholeTarget(Options):
    """Where a rule's documents would go."""

    name: str = Field(default="{table}", min_length=1)
    """Name the documents are counted under: a template of `{database}`, `{table}` and `{column}`."""
