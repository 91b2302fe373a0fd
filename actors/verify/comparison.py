"""Documents in doubt, looked at exactly: every row whose document's digest didn't agree, field by field.

While writes go on, a row may be read before the lane has applied it, so what disagrees stays in doubt; ``settling.py``
decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from actors.verify.ends import CHUNK_ROWS, LaneEnds, Progress
from ingest.snapshot.chunks import Key
from ingest.verify.comparison import Difference
from ingest.verify.documents import ExpectedGroup
from ingest.verify.key_set import KeySet

Doubts = dict[Key, list[Sequence[Difference]]]
"""Rows of one table whose documents disagree, with the differences of each document."""


@dataclass(slots=True)
class ExactLook:
    """What disagrees: by table, and of tables without a key."""

    doubts: list[Doubts]
    keyless: list[Sequence[Difference]] = field(default_factory=list)


def look_exactly(
    ends: LaneEnds, doubtful: Mapping[str, KeySet], progress: Progress, chunk_rows: int = CHUNK_ROWS
) -> ExactLook:
    """Compare the documents of these keys (by target). Raises Problem when one of the ends fails."""
    look = ExactLook([{} for _ in ends.tables])
    documents = sum(map(len, doubtful.values()))
    if not documents:
        return look
    looked = 0
    for table, doubts in zip(ends.tables, look.doubts, strict=True):
        for values, keys in ends.rows.chunks(table.queries, chunk_rows):
            for group in table.expect(values).groups:
                chosen = _chosen(group, doubtful)
                looked += len(chosen.documents)
                for row, differences in chosen.compare(ends.fetch(chosen.target, chosen.documents)):
                    if keys[row]:
                        doubts.setdefault(keys[row], []).append(differences)
                    else:
                        look.keyless.append(differences)
            progress("documents looked at again", looked, max(documents, looked))
    return look


def _chosen(group: ExpectedGroup, doubtful: Mapping[str, KeySet]) -> ExpectedGroup:
    keys = doubtful.get(group.target, KeySet())
    return ExpectedGroup(group.target, [one for one in group.documents if one.key in keys], group.reading)
