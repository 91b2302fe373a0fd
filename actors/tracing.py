"""One change's whole way into the log: GTID, row, document, answer (``run --trace-flow``).

Runs in the sink actor, where all of it meets. Only slices of wanted tables, and of them only wanted keys, are looked
at; without a filter nothing of this runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from actors import logs
from ingest.codec import DecodedSlice
from ingest.lane.applier import Applied
from ingest.sinks.contract import ItemResult
from ingest.slices import Kind, Parcel, TransactionStamp
from ingest.trace import ChangeTrace, TraceFilter

Answers = Mapping[tuple[str, str], ItemResult]
"""(target, key) -> what the sink said."""


class FlowTracer:
    """Writes the traces of one shard."""

    def __init__(self, wanted: TraceFilter, lane: str, shard: int) -> None:
        self._wanted = wanted
        self._lane = lane
        self._shard = shard
        self._log = logs.logger("trace")

    def write(self, parcel: Parcel, applied: Sequence[Applied], answers: Answers) -> None:
        """Log every wanted change of a parcel, with the sink's answer to the document it became."""
        for one in applied:
            if self._wanted.wants_table(one.decoded.schema.name):
                for trace in self._traces(one, answers):
                    logs.log_change(self._log, trace)

    def _traces(self, one: Applied, answers: Answers) -> Iterator[ChangeTrace]:
        operations = one.operations
        stamps, stamp_of = one.part.stamps, memoryview(one.part.stamp_of).cast("I")
        became = {source: row for row, source in enumerate(operations.sources)}
        for row, kind in enumerate(one.decoded.kinds):
            stamp = stamps[stamp_of[row]]
            operation = became.get(row)
            key = operations.keys[operation] if operation is not None else one.key_of(row)
            if not self._wanted.wants(one.decoded.schema.name, key):
                continue
            yield self._trace(one, row, kind, stamp, key, operation, answers)

    def _trace(
        self,
        one: Applied,
        row: int,
        kind: Kind,
        stamp: TransactionStamp,
        key: str,
        operation: int | None,
        answers: Answers,
    ) -> ChangeTrace:
        operations = one.operations
        target = operations.targets[operation] if operation is not None else ""
        answer = answers.get((target, key)) if operation is not None else None
        deletes = operation is not None and operations.deletes[operation]
        document = _row_text(operations.documents, operation) if operation is not None and not deletes else ""
        before, after = _images(one.decoded, row, kind)
        return ChangeTrace(
            lane=self._lane,
            shard=self._shard,
            stamp=stamp,
            table=one.decoded.schema.name,
            kind=kind,
            key=key,
            version=operations.versions[operation] if operation is not None else one.bases[row],
            before=before,
            after=after,
            target=target,
            operation="" if operation is None else "delete" if deletes else "write",
            cause="outside_filter" if deletes and kind is not Kind.DELETE else "",
            document=document,
            answer=answer.outcome.value if answer else "dropped" if operation is None else "coalesced",
            reason=answer.reason if answer else "filtered" if operation is None else "",
            detail=answer.detail if answer else "",
        )


def _images(decoded: DecodedSlice, row: int, kind: Kind) -> tuple[str, str]:
    before = "" if kind is Kind.INSERT else _row_text(decoded.before, row)
    after = "" if kind is Kind.DELETE else _row_text(decoded.after, row)
    return before, after


def _row_text(batch: pa.RecordBatch, row: int) -> str:
    values: dict[str, Any] = {name: batch.column(name)[row].as_py() for name in batch.schema.names}
    return json.dumps(values, default=str, ensure_ascii=False)
