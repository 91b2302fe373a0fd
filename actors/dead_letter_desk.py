"""A shard's desk for dead letters: what is held back, what is buried, what a retry settles.

    request --sift--> what may be sent --(sink)--> answered --file--> the store, before the parcel is acknowledged

Place in the flow: beside ``actors/shard.py``, on its data thread. The decisions are ``ingest.dead_letters``'; this
carries them out on the store.

Invariants: a parcel isn't acknowledged before its letters are durable (1); the store is the truth, read anew in every
epoch; a failure of the store ends the epoch, so that what is remembered never differs from it for long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.clock import Clock
from ingest.dead_letters.breaker import Breaker
from ingest.dead_letters.contract import HELD, LetterPolicy, LetterStore, RefusedLetter, RetryReport, StoreChange
from ingest.dead_letters.letter import QUARANTINED, DeadLetter, OpenLetter, Place
from ingest.dead_letters.origin import letter_of, name_of, origins
from ingest.dead_letters.quarantine import Quarantine
from ingest.keys import shard_of
from ingest.problems import DataProblem, declare
from ingest.sinks.contract import ItemResult, Request, RequestItem, keys_of
from ingest.sinks.delivery import Poisoned
from ingest.status import LetterStatus

if TYPE_CHECKING:
    from ingest.lane.applier import Applied

POISON = declare(
    "sink.poison",
    "The sink will never take a document.",
    'Correct the row, the rule or the sink\'s mapping and resume the lane; or set on_poison = "dead_letter".',
)

Resend = Callable[[DeadLetter], ItemResult | None]
"""Sends a letter again: None when it is settled, else the sink's words."""


@dataclass(slots=True)
class _Counts:
    """Since the process started."""

    buried: int = 0
    quarantined: int = 0
    retried: int = 0
    superseded: int = 0
    dropped: int = 0


class DeadLetterDesk:
    """See the module. No I/O before ``open``."""

    def __init__(
        self, lane: str, sink: str, shard: int, shards: int, policy: LetterPolicy, store: LetterStore, clock: Clock
    ) -> None:
        self._lane = lane
        self._where: dict[str, object] = {"lane": lane, "sink": sink}
        self._shard = shard
        self._shards = shards
        self._policy = policy
        self._store = store
        self._clock = clock
        self._epoch = 0
        self._quarantine = Quarantine()
        self._breaker = Breaker(policy.limits)
        self._counts = _Counts()
        self._seen: tuple[int, int | None] = (0, None)
        self._added: dict[str, DeadLetter] = {}
        self._renewed: dict[str, OpenLetter] = {}
        self._closed: list[str] = []

    def open(self, epoch: int) -> None:
        """Serve an epoch: the store's open letters of this shard's keys are those that count."""
        self._epoch = epoch
        self._breaker = Breaker(self._policy.limits)
        self._forget_parcel()
        self._load()

    def _load(self) -> None:
        mine = (
            one for one in self._store.opened(self._lane) if shard_of(one.document_key, self._shards) == self._shard
        )
        self._quarantine = Quarantine(mine, holds=self._policy.holds)
        self._look()

    def _look(self) -> None:
        """Note what ``status`` says, which is asked on another thread."""
        self._seen = (len(self._quarantine), self._quarantine.oldest_us)

    # --- a parcel -----------------------------------------------------------------------------------------------

    def sift(
        self, request: Request[Any], applied: Sequence[Applied]
    ) -> tuple[Request[Any], Sequence[RequestItem[Any]]]:
        """What may be sent of a request, and what is held back instead, to be filed."""
        if not len(self._quarantine):
            return request, ()
        known = self._quarantine.keys
        suspects = [place for place, key in enumerate(keys_of(request)) if key in known]
        held = {
            place: item
            for place in suspects
            if self._quarantine.is_held((item := request.items[place]).target, item.key)
        }
        if not held:
            return request, ()
        items = list(held.values())
        self._bury([(item, HELD) for item in items], applied)
        return request.only([place for place in range(len(request.items)) if place not in held]), items

    def answered(self, request: Request[Any], poisoned: Sequence[Poisoned[Any]], applied: Sequence[Applied]) -> None:
        """Every item of a request is settled but those that are poison. DataProblem: poison stops the lane, or is the
        rule by now."""
        bad = {name_of(one.item) for one in poisoned}
        if len(self._quarantine) and not self._policy.holds:
            self._supersede(request, bad, applied)
        self._breaker.sent(len(request.items), [(one.result.reason, one.item.key) for one in poisoned])
        if not poisoned:
            return
        if self._policy.stops:
            raise self._poison(poisoned, applied)
        self._breaker.check_share(self._where)
        self._bury([(one.item, one.result) for one in poisoned], applied)

    def file(self) -> None:
        """Make the parcel's letters durable. DataProblem ``dead_letters.too_many``."""
        if not self.is_behind:
            return
        added = tuple(self._added.values())
        change = StoreChange(added, tuple(self._renewed.values()), (), tuple(self._closed))
        weighs = self._store.record(self._lane, self._epoch, change)
        self._forget_parcel()
        held = sum(one.reason == QUARANTINED for one in added)
        self._counts.quarantined += held
        self._counts.buried += len(added) - held
        self._counts.superseded += len(change.closed)
        self._look()
        if any(one.opened().weighs for one in added):
            self._breaker.check_open(weighs, self._where)

    def _forget_parcel(self) -> None:
        self._added, self._renewed, self._closed = {}, {}, []

    def _bury(self, items: Sequence[tuple[RequestItem[Any], ItemResult]], applied: Sequence[Applied]) -> None:
        found = origins(applied, {name_of(item) for item, _ in items})
        now_us = self._clock.wall_us()
        for item, result in items:
            for origin in found[name_of(item)]:
                whole = self._policy.whole[origin.applied.rule.rule.index]
                self._put(letter_of(self._lane, item, origin, result, whole=whole, buried_us=now_us).bounded())

    def _put(self, letter: DeadLetter) -> None:
        burial = self._quarantine.bury(letter.opened())
        self._closed += [gone for gone in burial.closed if self._added.pop(gone, None) is None]
        if burial.kept is not None and burial.is_new:
            self._added[letter.change] = letter.standing_for(burial.kept.superseded)
        elif burial.kept is not None:
            self._renewed[letter.change] = burial.kept

    def _supersede(self, request: Request[Any], bad: Collection[object], applied: Sequence[Applied]) -> None:
        """Without a quarantine: what went through stands for the older letters of its document."""
        known = self._quarantine.keys
        suspects = [request.items[place] for place, key in enumerate(keys_of(request)) if key in known]
        names = {name_of(item) for item in suspects if self._quarantine.has(item.target, item.key)} - set(bad)
        for (target, key, version), [origin, *_] in origins(applied, names).items() if names else ():
            if self._policy.whole[origin.applied.rule.rule.index]:
                closed = self._quarantine.written((target, key, origin.routing), version)
                self._quarantine.close(closed)
                self._closed += closed

    def _poison(self, poisoned: Sequence[Poisoned[Any]], applied: Sequence[Applied]) -> DataProblem:
        first = poisoned[0]
        origin = origins(applied, {name_of(first.item)})[name_of(first.item)][-1]
        letter = letter_of(self._lane, first.item, origin, first.result, whole=True, buried_us=0)
        more = f" (and {len(poisoned) - 1} more)" if len(poisoned) > 1 else ""
        where = {**self._where, "target": letter.target, "key": letter.key, "gtid": letter.stamp.gtid}
        where |= {"file": letter.stamp.file, "position": letter.stamp.position}
        return DataProblem(POISON, f"{letter.reason}: {letter.detail}{more}", where)

    @property
    def is_behind(self) -> bool:
        """Does it know of letters that the store hasn't got? (A parcel failed: the epoch is over.)"""
        return bool(self._added or self._renewed or self._closed)

    # --- commands -----------------------------------------------------------------------------------------------

    def retry(self, places: Collection[Place], resend: Resend) -> RetryReport:
        """Send the letters of these documents again, as far as they are this shard's. Problems of the sink or the store
        end it where it is; what was settled until then is."""
        report = RetryReport()
        for chain in self._quarantine.to_send(places):
            for one in chain:
                letter = self._store.letter(self._lane, one.change)
                if letter is None:  # dropped a moment ago; ``reload`` is on its way
                    self._quarantine.close([one.change])
                    continue
                result = resend(letter)
                report = report.plus(self._settled(one) if result is None else self._refused(one, result))
                if result is not None:
                    break  # what follows would overtake it
        self._look()
        return report

    def _settled(self, one: OpenLetter) -> RetryReport:
        closed = self._quarantine.closed_by(one.change)
        self._store.record(self._lane, self._epoch, StoreChange(closed=closed))
        self._quarantine.close(closed)
        self._counts.retried += 1
        self._counts.superseded += len(closed) - 1
        return RetryReport(1, len(closed) - 1 + one.superseded)

    def _refused(self, one: OpenLetter, result: ItemResult) -> RetryReport:
        refused = RefusedLetter(one, result)
        self._store.record(self._lane, self._epoch, StoreChange(refused=(refused,)))
        self._quarantine.refused(one.change, result.reason)
        return RetryReport(refused=(refused,))

    def reload(self) -> None:
        """Letters were dropped in the store: their documents go on."""
        before = {one.change for one in self._quarantine.letters}
        self._load()
        self._counts.dropped += len(before - {one.change for one in self._quarantine.letters})

    # --- for people ---------------------------------------------------------------------------------------------

    @property
    def buried(self) -> int:
        """Changes that were put into the store because the sink refused them."""
        return self._counts.buried

    def status(self) -> LetterStatus:
        """What this desk has done since its process started, and what is open."""
        letters, oldest_us = self._seen
        counts = self._counts
        return LetterStatus(
            open=letters,
            oldest_age_ms=0.0 if oldest_us is None else max(0.0, (self._clock.wall_us() - oldest_us) / 1000),
            quarantined=counts.quarantined,
            retried=counts.retried,
            superseded=counts.superseded,
            dropped=counts.dropped,
            breaker_open=self._breaker.is_open,
        )
