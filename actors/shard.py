"""The sink actor: one shard of a lane. Row images in, requests out, every answer read.

Place in the flow: the reader calls ``put`` with a parcel; when the call returns, all of the parcel is durable in the
sink (or superseded there, dropped by a rule and counted, or in the dead-letter store). So the answer is the ack, and
batches form by themselves: while one parcel is out, the next grows in the reader. Of a sink that keeps state
(``ingest.sinks.state``) the answer to a barrier is the state; what is durable of it, the first shard shows.

Invariants: a parcel is applied only if its epoch is this shard's and its sequence number the next (4); no request
leaves without a running lease (4); a parcel is acknowledged only when every item of it is settled (1), and one that
failed is never begun again: its epoch is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from actors.host import Host
from actors.lease import Lease
from ingest.checkpoint.contract import CheckpointStore, Member
from ingest.dead_letters.contract import HELD, RetryReport
from ingest.dead_letters.letter import DeadLetter, Place
from ingest.lane.kept_state import NOT_SHOWN
from ingest.lane.lag import lag_histogram
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.sinks.contract import ItemResult, Outcome, Request, SinkDriver
from ingest.sinks.delivery import Delivery, Poisoned, RequestSize, RetryPolicy
from ingest.slices import Parcel
from ingest.status import LagHistogram, LetterStatus, ShardStatus

if TYPE_CHECKING:
    from actors.dead_letter_desk import DeadLetterDesk
    from actors.tracing import FlowTracer
    from ingest.lane.applier import ParcelApplier, Prepared
    from ingest.lane.cuts import DurableState
    from ingest.lane.kept_state import StateKeeper

EPOCH_OVER = declare(
    "lane.epoch_over",
    "A shard was given work of an epoch that is over.",
    "Nothing to do: a newer epoch of the lane has started.",
)
SEQUENCE_GAP = declare(
    "lane.sequence_gap",
    "A shard was given a parcel that isn't the next one.",
    "Nothing to do: the lane's epoch ends and a new one starts from the frontier.",
)
NOT_ARMED = declare(
    "dead_letters.shard_not_armed",
    "A sink actor that was asked to retry dead letters waits for its lane's next epoch.",
    "That begins with the lane's next change, or with `ingest pause` and `ingest resume`; retry then.",
)

RULE_GONE = "rule_gone"
"""The reason of a letter whose rule doesn't take its table any more."""


class ShardParts(Protocol):
    """What a shard is made of; handed in, so that it runs without Ray and on other sinks."""

    host: Host
    lease_ms: float
    retry: RetryPolicy

    def store(self) -> CheckpointStore:
        """The checkpoint store."""

    def driver(self) -> SinkDriver[Any]:
        """A new connection to the sink."""

    def applier(self) -> ParcelApplier[Any]:
        """The rules and the encoder."""

    def dead_letters(self) -> DeadLetterDesk:
        """A new desk for the shard's dead letters."""

    def state(self) -> StateKeeper | None:
        """A new keeper of the shard's state, or None for a sink that keeps none."""

    def nulled(self) -> int:
        """How many zero dates became null so far."""

    def tracer(self) -> FlowTracer | None:
        """What writes traces, or None when nothing is traced."""


@dataclass(slots=True)
class _Counts:
    """What one shard process has done, for the status."""

    events: int = 0
    upserts: int = 0
    deletes: int = 0
    bytes_sent: int = 0
    requests: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lag: LagHistogram = field(default_factory=LagHistogram)


class SinkShard:
    """Plain class; an actor per shard. No I/O before ``start``."""

    def __init__(self, lane: str, shard: int, sink: str, parts: ShardParts) -> None:
        self._lane = lane
        self._shard = shard
        self._sink = sink
        self._parts = parts
        self._store: CheckpointStore | None = None
        self._driver: SinkDriver[Any] | None = None
        self._open = False
        self._prepared: set[str] = set()
        self._applier: ParcelApplier[Any] | None = None
        self._desk: DeadLetterDesk | None = None
        self._keeper: StateKeeper | None = None
        self._lease: Lease | None = None
        self._tracer: FlowTracer | None = None
        self._ended = parts.host.event()
        self._request_size = RequestSize()
        self._epoch = 0
        self._sequence = 0
        self._begun = 0
        self._state = "new"
        self._trouble = ""
        self._counts = _Counts()

    def __repr__(self) -> str:
        trouble = f", {self._trouble}" if self._trouble else ""
        return f"SinkShard({self._lane}/{self._shard} -> {self._sink}, epoch {self._epoch}, {self._state}{trouble})"

    # --- the epoch ----------------------------------------------------------------------------------------------

    def start(self, epoch: int) -> Member:
        """Serve a new epoch. When it returns, this process sends nothing for an older one. A sink that is down is
        waited for later; one that refuses us (401, wrong version, missing table) raises its DataProblem."""
        if self._lease is not None:
            self._lease.close()
        if self._store is None:
            self._store = self._parts.store()
        self._epoch, self._sequence, self._begun, self._trouble = epoch, 0, 0, ""
        self._ended.clear()
        self._applier = self._parts.applier()
        if self._desk is None:
            self._desk = self._parts.dead_letters()
        self._desk.open(epoch)
        self._restore(epoch)
        self._lease = Lease(self._store, self._lane, epoch, self._parts.lease_ms, self._parts.host)
        self._lease.open()
        self._tracer = self._parts.tracer()
        self._disconnect()
        try:
            self._connect(())
        except WorldProblem as problem:
            self._trouble = problem.what
        self._state = "ready"
        return self._parts.host.this_process(f"sink:{self._lane}/{self._shard}")

    def _restore(self, epoch: int) -> None:
        """State as of the record that the epoch was claimed with: nobody else may write one from then on."""
        assert self._store is not None
        self._keeper = self._parts.state()
        if self._keeper is None:
            return
        record = self._store.latest(self._lane)
        if record is not None and record.epoch >= epoch:
            raise WorldProblem(EPOCH_OVER, f"the lane's record is of epoch {record.epoch}", {"lane": self._lane})
        self._keeper.open(record)

    def end_epoch(self, epoch: int) -> None:
        """Stop trying for an epoch that is over (control group: a put may be waiting for the sink)."""
        if epoch >= self._epoch:
            self._ended.set()
            if self._lease is not None:
                self._lease.close()
            self._state = "ended"

    # --- data ---------------------------------------------------------------------------------------------------

    def put(self, parcel: Parcel) -> bytes | None:
        """Apply a parcel; all of it is durable when it returns. The shard's state when the parcel carries a barrier.
        Problems end the epoch."""
        self._accept(parcel)
        assert self._applier is not None
        assert self._desk is not None
        self._state = "applying"
        prepared = self._applier.prepare(parcel)
        answers: dict[tuple[str, str], ItemResult] | None = {} if self._tracer else None
        for request in prepared.requests:
            going, held = self._desk.sift(request, prepared.applied)
            if answers is not None:
                answers.update({(item.target, item.key): HELD for item in held})
            if going.items:
                poisoned = self._deliver(going, prepared.targets, answers)
                self._desk.answered(going, poisoned, prepared.applied)
        self._desk.file()
        if self._tracer is not None:
            self._tracer.write(parcel, prepared.applied, answers or {})
        if self._keeper is not None:
            self._keeper.applied(prepared.applied)
        self._sequence = parcel.sequence
        self._account(parcel, prepared)
        self._state = "ready"
        return self._keeper.at_barrier() if self._keeper is not None and parcel.barrier is not None else None

    def show(self, durable: DurableState) -> None:
        """A record is durable: show what it holds of the state (the lane's first shard is asked). Problems end the epoch;
        the next one shows what it begins with."""
        self._check_epoch(durable.epoch)
        assert self._keeper is not None, "a lane with state has shards that keep it"
        for request in self._keeper.shown(durable):
            for one in self._deliver(request, sorted(request.targets), None):
                what = f"{one.item.target} {one.item.key}: {one.result.reason}: {one.result.detail}"
                raise DataProblem(NOT_SHOWN, what, {"lane": self._lane})

    def _check_epoch(self, epoch: int) -> None:
        if epoch != self._epoch or self._ended.is_set():
            where = {"lane": self._lane, "shard": self._shard, "epoch": epoch}
            raise WorldProblem(EPOCH_OVER, f"this shard serves epoch {self._epoch}", where)

    def _accept(self, parcel: Parcel) -> None:
        where = {"lane": self._lane, "shard": self._shard, "epoch": parcel.epoch}
        self._check_epoch(parcel.epoch)
        if parcel.sequence != self._sequence + 1:
            raise WorldProblem(SEQUENCE_GAP, f"parcel {parcel.sequence} after {self._sequence}", where)
        if parcel.sequence == self._begun:  # what came of it is half known here: letters, perhaps, that the store has
            raise WorldProblem(SEQUENCE_GAP, f"parcel {parcel.sequence} once more, after it had failed", where)
        self._begun = parcel.sequence

    def _deliver(
        self, request: Request[Any], targets: Sequence[str], answers: dict[tuple[str, str], ItemResult] | None
    ) -> Sequence[Poisoned[Any]]:
        host = self._parts.host
        delivery = Delivery(request, self._parts.retry, host.monotonic_ms(), self._request_size, answers=answers)
        while True:
            self._check_leave()
            try:
                self._connect(targets)
                assert self._driver is not None
                sending = delivery.request
                results = self._driver.send(sending)
            except WorldProblem as problem:
                self._disconnect()
                delivery.failed(problem)
            else:
                self._counts.requests += 1
                self._counts.bytes_sent += sending.size_bytes
                delivery.answered(results)
            if delivery.settled:
                break
            self._trouble = delivery.last_reason
            self._ended.wait(delivery.wait_ms(host.monotonic_ms(), host.chance()) / 1000)
        self._trouble = ""
        self._counts.retries.update(delivery.retries)
        self._counts.dropped["newer"] += delivery.newer
        return delivery.poisoned

    def _check_leave(self) -> None:
        assert self._lease is not None
        if self._ended.is_set():
            raise WorldProblem(EPOCH_OVER, "the epoch was ended", {"lane": self._lane, "epoch": self._epoch})
        self._lease.check()

    # --- dead letters (data group: in order with the parcels) ---------------------------------------------------

    def retry_letters(self, places: Sequence[Place]) -> RetryReport:
        """Send the dead letters of these documents again, by the rules of now, as far as they are this shard's."""
        if self._desk is None or self._ended.is_set() or self._desk.is_behind:
            raise WorldProblem(NOT_ARMED, "this shard serves no epoch", {"lane": self._lane, "shard": self._shard})
        return self._desk.retry(frozenset(places), self._resend)

    def reload_letters(self) -> None:
        """Letters were dropped in the store."""
        if self._desk is not None:
            self._desk.reload()

    def _resend(self, letter: DeadLetter) -> ItemResult | None:
        """None: the sink has it, or something newer."""
        assert self._applier is not None
        part = letter.row.as_slice(letter.ordinal, letter.stamp)
        try:
            if not self._applier.takes(part):
                what = f"no rule {letter.row.rule} takes {letter.table} any more: bring it back, or drop the letter"
                return ItemResult(Outcome.POISON, RULE_GONE, what)
            parcel = Parcel(self._lane, self._shard, letter.epoch, 0, (part,), letter.ordinal)
            prepared = self._applier.prepare(parcel)
        except DataProblem as problem:
            return ItemResult(Outcome.POISON, problem.code.name, problem.what)
        for request in prepared.requests:
            for one in self._deliver(request, prepared.targets, None):
                return one.result
        return None

    # --- the sink -----------------------------------------------------------------------------------------------

    def _connect(self, targets: Sequence[str]) -> None:
        if self._driver is None:
            self._driver = self._parts.driver()
        if not self._open:
            self._driver.open()
            self._open = True
        missing = [target for target in targets if target not in self._prepared]
        if missing:
            self._driver.prepare(missing)
            self._prepared.update(missing)

    def _disconnect(self) -> None:
        if self._driver is not None:
            self._driver.close()
        self._open = False
        self._prepared.clear()

    # --- for people ---------------------------------------------------------------------------------------------

    def _account(self, parcel: Parcel, prepared: Prepared[Any]) -> None:
        counts = self._counts
        counts.events += parcel.rows
        counts.upserts += prepared.upserts
        counts.deletes += prepared.deletes
        counts.dropped.update(prepared.dropped)
        counts.lag = counts.lag.plus(lag_histogram(parcel.slices, self._parts.host.wall_us()))

    def status(self) -> ShardStatus:
        """What this shard has done since its process started."""
        counts = self._counts
        return ShardStatus(
            shard=self._shard,
            epoch=self._epoch,
            state=self._state,
            events=counts.events,
            upserts=counts.upserts,
            deletes=counts.deletes,
            bytes_sent=counts.bytes_sent,
            requests=counts.requests,
            retries=dict(counts.retries),
            dropped=dict(counts.dropped),
            nulled=self._parts.nulled(),
            dead_letters=self._desk.buried if self._desk is not None else 0,
            letters=self._desk.status() if self._desk is not None else LetterStatus(),
            lag=counts.lag,
            figures=self._keeper.figures if self._keeper is not None else {},
            trouble=self._trouble,
            process=self._parts.host.process_status(f"sink:{self._lane}/{self._shard}"),
        )
