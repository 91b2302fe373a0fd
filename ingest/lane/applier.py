"""A parcel to requests: the sink side of a lane, pure.

    Parcel -> slices -> Arrow (codec) -> Operations (rules) -> one operation per document (coalesce) -> requests

Invariants: each document stands at most once in what a parcel becomes, with its newest version, whichever slice it
came in; a row that gives no operation is counted under a reason (5); what is compiled and prepared is kept per table
schema, so a row costs no set-up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from ingest.codec import SliceDecoder
from ingest.problems import DataProblem
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.parse import ParsedRule
from ingest.schema import TableSchema
from ingest.sinks.coalesce import coalesce
from ingest.sinks.contract import Encoder, Operations, PayloadT, Request
from ingest.slices import Parcel, Slice
from ingest.version import version_base


@dataclass(frozen=True, slots=True)
class Prepared(Generic[PayloadT]):
    """What a parcel becomes. ``requests`` in order; ``dropped``: rows without an operation, by reason."""

    operations: Sequence[Operations]
    requests: Sequence[Request[PayloadT]]
    dropped: Mapping[str, int]
    upserts: int
    deletes: int

    @property
    def targets(self) -> tuple[str, ...]:
        """The indices or tables written to."""
        return tuple(sorted({item.target for request in self.requests for item in request.items}))


class ParcelApplier(Generic[PayloadT]):
    """Turns parcels of one lane and epoch into requests. DataProblem names the table, column or key at fault."""

    def __init__(
        self, epoch: int, rules: Sequence[ParsedRule], decoder: SliceDecoder, encoder: Encoder[PayloadT]
    ) -> None:
        self._epoch = epoch
        self._rules = rules
        self._decoder = decoder
        self._encoder = encoder
        self._compiled: dict[tuple[int, TableSchema], CompiledRule] = {}

    def prepare(self, parcel: Parcel) -> Prepared[PayloadT]:
        """All of a parcel's slices to requests."""
        dropped: Counter[str] = Counter()
        applied = [self._apply(part) for part in parcel.slices]
        for operations in applied:
            dropped.update(operations.dropped)
        operations, coalesced = coalesce(applied)
        if coalesced:
            dropped["coalesced"] += coalesced
        deletes = sum(sum(one.deletes) for one in operations)
        upserts = sum(len(one.keys) for one in operations) - deletes
        return Prepared(operations, self._encoder.encode(operations), dropped, upserts, deletes)

    def _apply(self, part: Slice) -> Operations:
        schema = self._decoder.schema_of(part)
        try:
            rule = self._rule(part.rule, schema)
            decoded = self._decoder.decode(part, rule.columns)
            versions = [version_base(self._epoch, ordinal) for ordinal in decoded.ordinals]
            return rule.apply(decoded, versions, part.tail)
        except DataProblem as problem:
            first = part.stamps[0] if part.stamps else None
            where = {"gtid": first.gtid, "file": first.file, "position": first.position} if first else {}
            raise problem.with_where(table=schema.name, rule=part.rule, **where) from problem

    def _rule(self, index: int, schema: TableSchema) -> CompiledRule:
        compiled = self._compiled.get((index, schema))
        if compiled is None:
            compiled = self._compiled[index, schema] = compile_rule(self._rules[index], schema)
        return compiled
