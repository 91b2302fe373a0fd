"""One shard of a lane with everything outside it in memory: a table's changes, a sink that refuses some, a dead-letter
store that can fail before or after it wrote, and epochs that end anywhere and replay their tail as one.

The shard, its desk, quarantine, rules, decoder and encoder are the product's. Checked at every step: no document is seen
going back (invariant 2); what was acknowledged is in the sink, in the store, or was dropped by a person (1).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from actors.dead_letter_desk import DeadLetterDesk
from actors.host import SystemHost
from actors.shard import SinkShard
from ingest.binlog.field_types import FieldType
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.checkpoint.contract import STORE_UNAVAILABLE, CheckpointStore
from ingest.config.model import ElasticsearchTableRule
from ingest.dead_letters.breaker import BreakerLimits
from ingest.dead_letters.contract import LetterPolicy, RetryReport, StoreChange
from ingest.dead_letters.letter import DeadLetter, OpenLetter
from ingest.dead_letters.stored_row import cut_row
from ingest.lane.applier import ParcelApplier
from ingest.problems import Problem, WorldProblem
from ingest.rules.parse import parse_rule
from ingest.schema import Column
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.sinks.delivery import RetryPolicy
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.slices import Kind, Parcel, Slice, TransactionStamp
from ingest.version import split_version, version_of
from tests.kit.value_bytes import image, schema_of, table_map

SCHEMA = schema_of(
    Column("id", FieldType.LONG, 0, nullable=False),
    Column("n", FieldType.LONG, 0, nullable=False),
    Column("bad", FieldType.LONG, 0, nullable=False),
    primary_key=(0,),
)
UUID = "3E11FA47-71CA-11E1-9E33-C80AA9429562"
LIMITS = BreakerLimits(1_000, 1.0, 100_000)
POLICY = LetterPolicy(stops=False, holds=True, limits=LIMITS, whole=[True])


@dataclass(frozen=True)
class Change:
    """A row change: document ``key`` is written with ``n`` (its number in the log), or deleted. ``bad``: the sink refuses
    it while it isn't mended."""

    key: int
    n: int
    bad: bool
    kind: Kind = Kind.UPDATE

    def row(self) -> bytes:
        return image(SCHEMA, [struct.pack("<i", value) for value in (self.key, self.n, self.bad)])


def slice_of_changes(changes: Sequence[tuple[int, Change]]) -> Slice:
    """(ordinal, change) to a slice, each in a transaction of its own."""
    images: list[bytes] = []
    for _, change in changes:
        images.append(b"" if change.kind is Kind.INSERT else change.row())
        images.append(b"" if change.kind is Kind.DELETE else change.row())
    ends = [sum(map(len, images[: place + 1])) for place in range(len(images))]
    stamps = [
        TransactionStamp(f"{UUID}:{change.n}", 1_000_000 * change.n, "binlog.000001", change.n) for _, change in changes
    ]
    count = len(changes)
    return Slice(
        rule=0,
        table_map=table_map(SCHEMA),
        supplement=b"",
        before_present=b"\x07",
        after_present=b"\x07",
        kinds=bytes(change.kind for _, change in changes),
        ordinals=struct.pack(f"<{count}Q", *(ordinal for ordinal, _ in changes)),
        images=b"".join(images),
        ends=struct.pack(f"<{2 * count}I", *ends),
        packed_stamps=b"".join(stamp.pack() for stamp in stamps),
        stamp_of=struct.pack(f"<{count}I", *range(count)),
    )


def letter_of_change(change: Change, ordinal: int = 3, epoch: int = 2) -> DeadLetter:
    """A letter of one change of shop.t."""
    row, stamp = cut_row(slice_of_changes([(ordinal, change)]), 0)
    return DeadLetter(
        lane="orders", table="shop.t", target="t", key=str(change.key), routing=None, document_key=str(change.key),
        version=version_of(epoch, ordinal, delete=change.kind is Kind.DELETE), whole=True, row=row, stamp=stamp,
        payload=b'{"index":{}}\n{}\n', reason="mapping", detail="no date", buried_us=5, number=7,
    )  # fmt: skip


class MemoryLetters:
    """``LetterStore`` in memory. ``fails``: "before" or "after" the next write."""

    def __init__(self) -> None:
        self.letters: dict[str, DeadLetter] = {}
        self.epoch = 0
        self.fails = ""
        self.number = 0

    def opened(self, lane: str) -> list[OpenLetter]:
        return [letter.opened() for letter in self.letters.values()]

    def record(self, lane: str, epoch: int, change: StoreChange) -> int:
        assert epoch == self.epoch, "an older epoch writes"
        fails, self.fails = self.fails, ""
        if fails == "before":
            raise WorldProblem(STORE_UNAVAILABLE, "the disk is full")
        for gone in change.closed:
            self.letters.pop(gone, None)
        for letter in change.added:
            assert letter.change not in self.letters, "one change became two letters"
            self.number += 1
            self.letters[letter.change] = replace(letter, number=self.number)
        for one in change.renewed:
            letter = self.letters[one.change]
            self.letters[one.change] = replace(letter, version=one.version, superseded=one.superseded)
        for refused in change.refused:
            letter = self.letters[refused.letter.change]
            self.letters[letter.change] = replace(
                letter, reason=refused.result.reason, detail=refused.result.detail, attempts=letter.attempts + 1
            )
        if fails == "after":
            raise WorldProblem(STORE_UNAVAILABLE, "the connection broke")
        return sum(letter.opened().weighs for letter in self.letters.values())

    def letter(self, lane: str, change: str) -> DeadLetter | None:
        return self.letters.get(change)


@dataclass
class Sink:
    """Documents with external versions, of which a deletion is forgotten at once, as Elasticsearch's are after
    ``gc_deletes``. ``mended``: bad documents are taken too. ``seen``: the newest change by key, deletions included;
    ``change_of``: (epoch, ordinal) to the change."""

    mended: bool = False
    stored: dict[str, tuple[int, int]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    tries: list[str] = field(default_factory=list)
    change_of: dict[tuple[int, int], Change] = field(default_factory=dict)

    def send(self, request: Request[bytes]) -> list[ItemResult]:
        return [self._take(item) for item in request.items]

    def _take(self, item: RequestItem[bytes]) -> ItemResult:
        self.tries.append(item.key)
        n = self.change_of[split_version(item.version)].n
        if not item.delete:
            document: dict[str, Any] = json.loads(item.payload.splitlines()[1])
            assert document["n"] == n, "the version is another change's"
            if document["bad"] and not self.mended:
                return ItemResult(Outcome.POISON, "mapper_parsing_exception", f"n is {n}")
        if item.version <= self.stored.get(item.key, (0, 0))[0]:
            return NEWER
        assert n >= self.seen.get(item.key, 0), f"key {item.key} went back from {self.seen[item.key]} to {n}"
        self.seen[item.key] = n
        if item.delete:
            self.stored.pop(item.key, None)
        else:
            self.stored[item.key] = (item.version, n)
        return DONE

    def open(self) -> None: ...
    def close(self) -> None: ...
    def prepare(self, targets: Sequence[str]) -> None: ...


class Epochs:
    """``CheckpointStore``, as far as a lease asks."""

    epoch = 0

    def holds(self, lane: str, epoch: int) -> bool:
        return epoch == self.epoch


class StandingHost(SystemHost):
    """Time that the test moves."""

    now_us = 1_700_000_000_000_000

    def monotonic_ms(self) -> float:
        return 0.0

    def wall_us(self) -> int:
        return self.now_us

    def sleep_ms(self, duration_ms: float) -> None:
        raise AssertionError("nothing here waits")


class World:
    """See the module. ``ShardParts`` of the one shard there is."""

    def __init__(self, policy: LetterPolicy = POLICY, rule: ElasticsearchTableRule | None = None) -> None:
        self.policy = policy
        self.rule = rule or ElasticsearchTableRule(tables=("shop.*",), to=ElasticsearchTarget(index="{table}"))
        self.host: StandingHost = StandingHost()
        self.lease_ms = 60_000.0
        self.retry = RetryPolicy()
        self.sink = Sink()
        self.letters = MemoryLetters()
        self.epochs = Epochs()
        self.log: list[Change] = []
        self.acked = 0
        self.dispatched = 0
        self.given_up: dict[int, int] = {}
        self.shard = SinkShard("lane", 0, "sink", self)
        self.ordinal = 0
        self.sequence = 0
        self.begin_epoch()

    # --- ShardParts ---------------------------------------------------------------------------------------------

    def store(self) -> CheckpointStore:
        return self.epochs  # type: ignore[return-value]

    def driver(self) -> Any:
        return self.sink

    def applier(self) -> ParcelApplier[bytes]:
        options = ElasticsearchOptions(type="elasticsearch", urls=("http://127.0.0.1:9200",), bulk_items=3)
        return ParcelApplier(
            [parse_rule(0, self.rule)], PureSliceDecoder("null"), ElasticsearchEncoder(options, [self.rule.to])
        )

    def dead_letters(self) -> DeadLetterDesk:
        return DeadLetterDesk("lane", "sink", 0, 1, self.policy, self.letters, self.host)

    def state(self) -> None:
        return None

    def nulled(self) -> int:
        return 0

    def tracer(self) -> None:
        return None

    # --- what happens -------------------------------------------------------------------------------------------

    def commit(self, key: int, *, bad: bool = False, kind: Kind = Kind.UPDATE) -> None:
        """The application writes."""
        self.log.append(Change(key, len(self.log) + 1, bad and kind is not Kind.DELETE, kind))

    def begin_epoch(self) -> None:
        """A new epoch, with whatever process: the tail is applied as one."""
        self.shard.end_epoch(1 << 30)
        self.epochs.epoch += 1
        self.letters.epoch = self.epochs.epoch
        self.shard = SinkShard("lane", 0, "sink", self)
        self.shard.start(self.epochs.epoch)
        self.ordinal = self.sequence = 0
        tail, self.dispatched = self.log[self.acked : self.dispatched], self.acked
        if tail:
            newest = {change.key: (place + 1, change) for place, change in enumerate(tail)}
            self._put(sorted(newest.values(), key=lambda one: one[0]), len(tail), tail=True)

    def put(self, count: int) -> None:
        """The next changes of the log, as one parcel."""
        part = self.log[self.dispatched : self.dispatched + count]
        if part:
            self._put([(self.ordinal + place + 1, change) for place, change in enumerate(part)], len(part), tail=False)

    def _put(self, changes: list[tuple[int, Change]], count: int, *, tail: bool) -> None:
        self.sequence += 1
        self.ordinal += count
        self.dispatched += count
        for ordinal, change in changes:
            self.sink.change_of[self.epochs.epoch, ordinal] = change
        parts = (replace(slice_of_changes(changes), tail=tail),)
        self.shard.put(Parcel("lane", 0, self.epochs.epoch, self.sequence, parts, self.ordinal))
        self.acked = self.dispatched
        self.check_nothing_lost()

    def failing(self, when: str, action: Callable[[], object]) -> None:
        """The store fails before or after its next write; the epoch ends with it."""
        self.letters.fails = when
        try:
            action()
        except Problem:
            self.begin_epoch()
        self.letters.fails = ""

    def retry_all(self) -> RetryReport:
        """``ingest dlq retry --all``."""
        places = {(letter.target, letter.key) for letter in self.letters.letters.values()}
        return self.shard.retry_letters(tuple(places))

    def retry_key(self, key: int) -> RetryReport:
        """``ingest dlq retry --key``."""
        return self.shard.retry_letters((("t", str(key)),))

    def drop(self, key: int) -> None:
        """``ingest dlq drop --key``."""
        for change, letter in list(self.letters.letters.items()):
            if letter.key == str(key):
                n = letter.stamp.position
                self.given_up[key] = max(self.given_up.get(key, 0), n)
                del self.letters.letters[change]
        self.shard.reload_letters()

    # --- checks -------------------------------------------------------------------------------------------------

    def check_nothing_lost(self) -> None:
        """Invariant 1, and of whole documents at most two letters each."""
        kept: dict[str, list[int]] = {}
        for letter in self.letters.letters.values():
            kept.setdefault(letter.key, []).append(letter.stamp.position)
        for key, change in {str(change.key): change for change in self.log[: self.acked]}.items():
            letters = kept.get(key, [])
            assert len(letters) <= 2 or not all(self.policy.whole), f"{len(letters)} letters of key {key}"
            reached = max(self.sink.seen.get(key, 0), self.given_up.get(change.key, 0), *letters)
            assert reached >= change.n, f"change {change.n} of key {key} is lost: letters {letters}"

    def settle(self) -> None:
        """Everything mended, sent and retried: each document is at its newest version, and no letter is left."""
        self.sink.mended = True
        self.put(len(self.log))
        self.retry_all()
        assert not self.letters.letters
        assert not self.shard.status().letters.open
        for key, change in {change.key: change for change in self.log}.items():
            if self.given_up.get(key, 0) < change.n:
                assert self.sink.seen[str(key)] == change.n, f"key {key} isn't at its newest version"
        self.shard.end_epoch(1 << 30)
