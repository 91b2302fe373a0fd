"""NativeFlow: ``ingest.lane.flow.LaneFlow`` over the native core's buffers and ledger.

Shapes are numbers inside the core; here they are what the router made. The frontier's text is made here, from the
transactions that the core says are applied.
"""

from __future__ import annotations

from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.lane.buffers import SliceShape
from ingest.lane.flow import FlowBatch, FlowPlan
from ingest.lane.frontier import Frontier
from ingest.native import _core
from ingest.slices import Kind, Slice, TransactionStamp
from ingest.version import ORDINAL_MAX


class NativeFlow:
    """See ``LaneFlow``. ``core`` is what a native stream puts rows into."""

    def __init__(self, plan: FlowPlan) -> None:
        held = GtidSet.parse(plan.frontier.executed)
        self.core = _core.LaneFlow(plan.shards, plan.batch_rows, plan.batch_bytes, plan.buffer_bytes, ORDINAL_MAX)
        self.core.resume(list(held.intervals()), plan.frontier.partial_gtid, plan.frontier.partial_rows)
        self._initial = plan.frontier
        self._executed = GtidSetBuilder(held)
        self._text: str | None = None
        self._shapes: list[SliceShape] = []
        self._numbers: dict[SliceShape, int] = {}

    def number_of(self, shape: SliceShape) -> int:
        """The core's number for a shape."""
        number = self._numbers.get(shape)
        if number is None:
            number = self._numbers[shape] = len(self._shapes)
            self._shapes.append(shape)
        return number

    @property
    def ordinal(self) -> int:
        """See ``LaneFlow``."""
        return self.core.ordinal

    @property
    def size_bytes(self) -> int:
        """See ``LaneFlow``."""
        return self.core.size_bytes

    @property
    def rows(self) -> int:
        """See ``LaneFlow``."""
        return self.core.rows

    @property
    def wants(self) -> bool:
        """See ``LaneFlow``."""
        return self.core.wants

    @property
    def open_gtid(self) -> str | None:
        """See ``LaneFlow``."""
        return self.core.open_gtid

    def begin(self, stamp: TransactionStamp) -> bool:
        """See ``LaneFlow``."""
        return self.core.begin(stamp.gtid, stamp.commit_us, stamp.file, stamp.position)

    def next_ordinal(self) -> int | None:
        """See ``LaneFlow``."""
        return self.core.next_ordinal()

    def add(
        self,
        shard: int,
        shape: SliceShape,
        kind: Kind,
        ordinal: int,
        before: bytes,
        after: bytes,
        stamp: bytes | None = None,
    ) -> None:
        """See ``LaneFlow``."""
        self.core.add(shard, self.number_of(shape), kind, ordinal, before, after, stamp)

    def end(self, gtid: str) -> None:
        """See ``LaneFlow``."""
        self.core.end(gtid)

    def shard_rows(self, shard: int) -> int:
        """See ``LaneFlow``."""
        return self.core.shard_rows(shard)

    def first_ordinal(self, shard: int) -> int | None:
        """See ``LaneFlow``."""
        return self.core.first_ordinal(shard)

    def next_last_ordinal(self, shard: int, *, partial: bool) -> int | None:
        """See ``LaneFlow``."""
        return self.core.next_last_ordinal(shard, partial)

    def take(self, shard: int) -> FlowBatch:
        """See ``LaneFlow``."""
        rows, size_bytes, first, last, parts = self.core.take(shard)
        return FlowBatch(rows, size_bytes, first, last, [self._slice(*part) for part in parts])

    def _slice(
        self, shape: int, kinds: bytes, ordinals: bytes, images: bytes, ends: bytes, stamps: bytes, stamp_of: bytes
    ) -> Slice:
        of = self._shapes[shape]
        return Slice(
            of.rule,
            of.table_map,
            of.supplement,
            of.before_present,
            of.after_present,
            kinds,
            ordinals,
            images,
            ends,
            stamps,
            stamp_of,
            of.tail,
        )

    def cut(self) -> None:
        """See ``LaneFlow``."""
        self.core.cut()

    def advance(self, watermark: int) -> Frontier:
        """See ``LaneFlow``."""
        executed, partial, any_open = self.core.advance(watermark)
        for source, first, last in executed:
            self._executed.add_interval(source, first, last)
        if executed or self._text is None:
            self._text = str(self._executed.freeze())
        if partial is not None:
            return Frontier(self._text, *partial)
        initial = self._initial.partial_gtid
        if not any_open and initial is not None and initial not in self._executed:
            return Frontier(self._text, initial, self._initial.partial_rows)
        return Frontier(self._text)

    def holds(self, gtid: str) -> bool:
        """See ``LaneFlow``."""
        return gtid in self._executed
