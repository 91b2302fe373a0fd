"""State that a sink keeps beside the frontier, and its contract: what sums that are exact to the change rest on.

    parcels --apply--> state --(barrier)--> bytes as of ordinal W --> record {frontier(W), all shards' bytes}, one write
    the record is durable --> show(all shards' bytes) --> requests, sent by the lane's first shard

The reader cuts the stream at an ordinal W (``ingest.lane.cuts``): no parcel straddles it, and the last one up to it carries
a barrier to each shard. The shard takes its bytes right after it has applied that parcel, and goes on.

What a lane with state rests on, and a sink that keeps state must heed:

- **A row change is applied once to the state that is kept.** A new epoch begins with the bytes of the last record and reads
  everything after its frontier, change by change: nothing is coalesced, since a sum needs every change. What an older epoch
  did beyond the frontier is forgotten with its process; so there is no tail and no reserve.
- **Nothing is shown but what is durable.** What ``apply`` knows may be forgotten; shown, it would go back in time (2). So
  such a sink's requests of ``Encoder`` reach nobody, and what is to be seen comes from ``show``, which gets the states that a
  record holds, after that record is durable. Its version is the epoch's and the cut's: a later one wins, and a forgotten
  process shows nothing old. Each epoch shows first what it began with, so what a crash kept from being shown is.
- **States of all shards go together.** ``show`` gets them all, as of one cut, so that a total is one of a moment that was.
  A resize hands all of them to each new shard.
- **The bytes say nothing of what they mean**, so their ``name`` does, with a version. A record with state of another name is
  refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ingest.lane.applier import Applied
    from ingest.sinks.contract import Request


class SinkState(Protocol):
    """One shard's state; see the module. Pure: no I/O, no clock. Used by one thread."""

    @property
    def name(self) -> str:
        """What the bytes are, with the version of their form: ``blackhole.counts/1``."""

    def restore(self, states: Sequence[bytes], shard: int, shards: int) -> None:
        """Begin with what is this shard's own of a record's states: ``shards`` shards together take each part of them
        once. ``states``: of all shards of that record, perhaps more or fewer than now; none for a new state. Called once,
        before anything else. ValueError when they can't be read."""

    def apply(self, applied: Sequence[Applied]) -> None:
        """The rows of one parcel, grouped by slice; called once for each parcel, in order, once the sink has it."""

    def snapshot(self) -> bytes:
        """The state now. Later changes don't touch what was given."""

    def show(self, states: Sequence[bytes], version: int) -> Sequence[Request[Any]]:
        """What shall be seen of durable states (of all shards), every item with ``version``. Called in the first shard;
        a cut may be passed over, and one may come twice."""

    def figures(self, states: Sequence[bytes]) -> Mapping[str, int]:
        """The same as counts by name, for `ingest status`."""
