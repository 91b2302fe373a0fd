"""A parcel to requests: the sink side of a lane, pure.

    Parcel -> slices -> Arrow (codec) -> Operations (rules) -> one operation per document, requests (encoder)

Invariants: each document stands at most once in what a parcel becomes, with its newest version, whichever slice it
came in; a row that gives no operation is counted under a reason (5); what is compiled and prepared is kept per table
schema, so a row costs no set-up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from ingest.codec import DecodedSlice, SliceDecoder
from ingest.keys import join_key
from ingest.problems import DataProblem
from ingest.rules.compile import CompiledRule, compile_rule
from ingest.rules.parse import ParsedRule, matches
from ingest.rules.texts import texts_of
from ingest.schema import TableSchema
from ingest.sinks.contract import Encoder, Operations, PayloadT, Provenance, Request
from ingest.slices import Kind, Parcel, Slice
from ingest.version import version_bases


@dataclass(frozen=True, slots=True)
class Applied:
    """A slice and what its rule made of it, before coalescing. ``bases``: the version of each row's delete."""

    part: Slice
    rule: CompiledRule
    decoded: DecodedSlice
    bases: Sequence[int]
    operations: Operations

    def key_of(self, row: int) -> str:
        """The document key of a row, whether or not it gave an operation."""
        image = self.decoded.before if self.decoded.kinds[row] is Kind.DELETE else self.decoded.after
        columns = [(index, image.column(self.rule.columns.index(index))) for index in self.rule.key_columns]
        texts = [texts_of(self.rule.schema.columns[index], array.slice(row, 1))[0] for index, array in columns]
        return join_key([text or "" for text in texts])


@dataclass(frozen=True, slots=True)
class Prepared(Generic[PayloadT]):
    """What a parcel becomes. ``requests`` in order; ``dropped``: rows without an operation, by reason."""

    applied: Sequence[Applied]
    requests: Sequence[Request[PayloadT]]
    dropped: Mapping[str, int]
    upserts: int
    deletes: int

    @property
    def targets(self) -> tuple[str, ...]:
        """The indices or tables written to."""
        return tuple(sorted({target for request in self.requests for target in request.targets}))


class ParcelApplier(Generic[PayloadT]):
    """Turns parcels of one lane into requests; their versions are those of each parcel's epoch. DataProblem names the
    table, column or key at fault. ``whole_images``: decode images before wholly (for traces), not just what decides."""

    def __init__(
        self,
        rules: Sequence[ParsedRule],
        decoder: SliceDecoder,
        encoder: Encoder[PayloadT],
        *,
        whole_images: bool = False,
    ) -> None:
        self._rules = rules
        self._decoder = decoder
        self._encoder = encoder
        self._whole_images = whole_images
        self._compiled: dict[tuple[int, TableSchema], CompiledRule] = {}

    def prepare(self, parcel: Parcel) -> Prepared[PayloadT]:
        """All of a parcel's slices to requests."""
        dropped: Counter[str] = Counter()
        applied = [self._apply(part, parcel.epoch) for part in parcel.slices]
        for one in applied:
            dropped.update(one.operations.dropped)
        encoded = self._encoder.encode_newest([one.operations for one in applied])
        if encoded.coalesced:
            dropped["coalesced"] += encoded.coalesced
        return Prepared(applied, encoded.requests, dropped, encoded.upserts, encoded.deletes)

    def takes(self, part: Slice) -> bool:
        """Does the rule of a slice's number take its table? Always, unless the slice is older than the rules."""
        name = self._decoder.schema_of(part).name
        return part.rule < len(self._rules) and matches(self._rules[part.rule], name)

    def _apply(self, part: Slice, epoch: int) -> Applied:
        schema = self._decoder.schema_of(part)
        try:
            rule = self._rule(part.rule, schema)
            decoded = self._decoder.decode(part, rule.columns, None if self._whole_images else rule.before_columns)
            bases = version_bases(epoch, decoded.ordinals)
            provenance = Provenance(str(schema.name), part.packed_stamps, part.stamp_of)
            operations = replace(rule.apply(decoded, bases, part.tail), provenance=provenance)
            return Applied(part, rule, decoded, bases, operations)
        except DataProblem as problem:
            first = part.stamps[0] if part.stamps else None
            where = {"gtid": first.gtid, "file": first.file, "position": first.position} if first else {}
            raise problem.with_where(table=schema.name, rule=part.rule, **where) from problem

    def _rule(self, index: int, schema: TableSchema) -> CompiledRule:
        compiled = self._compiled.get((index, schema))
        if compiled is None:
            compiled = self._compiled[index, schema] = compile_rule(self._rules[index], schema)
        return compiled
