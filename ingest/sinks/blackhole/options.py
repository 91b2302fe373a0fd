"""Options of the blackhole sink and of a rule that ends in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ingest.config.fields import Options


class BlackholeOptions(Options):
    """A sink that answers "done" to every request and keeps nothing."""

    type: Literal["blackhole"]
    """Chooses this kind of sink."""

    encode: Literal["nothing", "json"] = "nothing"
    """nothing: documents aren't encoded. json: they are, as for Elasticsearch, and then dropped."""

    delay_ms: float = Field(default=0.0, ge=0.0, le=60_000.0)
    """How long each request pretends to take, in milliseconds (0 to 60000)."""

    counts: bool = False
    """Count the row changes of each table by kind, exactly: whatever is killed, each counts once (`ingest status` shows them as
    of the last durable record). They begin with the lane: an older lane is refused until `ingest rewind --new-state`. An
    update that changes the document's key counts as a delete and an insert."""

    batch_items: int = Field(default=5_000, ge=1, le=100_000)
    """Most documents in one request (1 to 100,000)."""


class BlackholeTarget(Options):
    """Where a rule's documents would go."""

    name: str = Field(default="{table}", min_length=1)
    """Name the documents are counted under: a template of `{database}`, `{table}` and `{column}`."""

    @property
    def target_template(self) -> str:
        """The template of the name."""
        return self.name

    @property
    def routing_field(self) -> None:
        """The blackhole has no routing."""
        return None
