"""How many row changes of each table passed since the lane began: state in the sense of ``ingest.sinks.state``.

As bytes: JSON, ``[[rule, table, inserts, updates, deletes], ...]`` in order of rule and table. A change counts whether or not
the rule's filter lets it pass, once per rule that takes its table. An update that changes the document's key is a delete and
an insert, as it is for every sink.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ingest.sinks.contract import Request
from ingest.slices import Kind

if TYPE_CHECKING:
    from ingest.lane.applier import Applied

Counts = dict[tuple[int, str], tuple[int, int, int]]
"""(rule, ``database.table``) to inserts, updates and deletes."""


class RowCounts:
    """``ingest.sinks.state.SinkState``."""

    name = "blackhole.counts/1"

    def __init__(self) -> None:
        self._counts: Counts = {}

    def restore(self, states: Sequence[bytes], shard: int, shards: int) -> None:
        """See ``SinkState``: counts are sums, so a shard takes those of every ``shards``-th one."""
        self._counts = total(states[shard::shards])

    def apply(self, applied: Sequence[Applied]) -> None:
        """See ``SinkState``."""
        for one in applied:
            kinds = one.part.kinds
            found = (kinds.count(Kind.INSERT), kinds.count(Kind.UPDATE), kinds.count(Kind.DELETE))
            _add(self._counts, (one.part.rule, str(one.rule.schema.name)), found)

    def snapshot(self) -> bytes:
        """See ``SinkState``."""
        rows = [[*key, *counts] for key, counts in sorted(self._counts.items())]
        return json.dumps(rows, separators=(",", ":")).encode()

    def show(self, states: Sequence[bytes], version: int) -> Sequence[Request[Any]]:
        """See ``SinkState``: a blackhole shows nothing; `ingest status` does."""
        return ()

    def figures(self, states: Sequence[bytes]) -> Mapping[str, int]:
        """See ``SinkState``: ``table.kind``; with the rule's number before it where there are several."""
        counts = total(states)
        several = len({rule for rule, _ in counts}) > 1
        return {
            f"{f'{rule}:' if several else ''}{table}.{kind.name.lower()}": number
            for (rule, table), of_kinds in sorted(counts.items())
            for kind, number in zip(Kind, of_kinds, strict=True)
        }


def total(states: Sequence[bytes]) -> Counts:
    """The sum of several shards' counts. ValueError when the bytes aren't counts."""
    found: Counts = {}
    for state in states:
        try:
            for rule, table, inserts, updates, deletes in json.loads(state):
                _add(found, (int(rule), str(table)), (int(inserts), int(updates), int(deletes)))
        except TypeError as error:
            raise ValueError(f"no counts: {error}") from error
    return found


def _add(counts: Counts, key: tuple[int, str], more: tuple[int, int, int]) -> None:
    inserts, updates, deletes = counts.get(key, (0, 0, 0))
    counts[key] = (inserts + more[0], updates + more[1], deletes + more[2])
