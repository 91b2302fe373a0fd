"""Both ends of a lane read once, and brought down to digests.

While writes go on, a row may be read before the lane has applied it, and a document after it was changed again; so
what disagrees here is only in doubt: ``comparison.py`` looks at it exactly, ``settling.py`` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from actors.verify.ends import CHUNK_ROWS, LaneEnds, Progress
from ingest.verify.digests import KEY_ONLY, Digests, Mismatch, fields_digest, match
from ingest.verify.documents import ExpectedGroup, TablePlan

Surplus = dict[str, set[str]]
"""Keys of documents that are too many, by target."""


@dataclass(slots=True)
class RowsRead:
    """What MySQL's rows ask for. ``expected`` by target; ``shared``: targets into whose documents others write too, so
    that their digests say nothing."""

    rows: int = 0
    documents: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    expected: dict[str, Digests] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def add(self, group: ExpectedGroup) -> None:
        """Documents of one rule."""
        if group.reading.own is not None:
            self.shared.add(group.target)
        keys = [document.key for document in group.documents]
        digests = [fields_digest(document.fields, document.routing) for document in group.documents]
        self.expected.setdefault(group.target, Digests()).add(keys, digests)


def read_rows(ends: LaneEnds, progress: Progress, chunk_rows: int = CHUNK_ROWS) -> RowsRead:
    """Every row of the lane's tables, and what it asks for. Raises Problem."""
    result = RowsRead()
    about = sum(ends.rows.rows_about(table.queries) for table in ends.tables)
    for table in ends.tables:
        for target in _fixed_targets(table):  # looked at even when no row asks for a document there
            result.expected.setdefault(target, Digests())
        for values, keys in ends.rows.chunks(table.queries, chunk_rows):
            expectation = table.expect(values)
            result.dropped.update(expectation.dropped)
            result.documents += expectation.documents
            for group in expectation.groups:
                result.add(group)
            result.rows += len(keys)
            progress("rows", result.rows, max(about, result.rows))
    return result


def _fixed_targets(table: TablePlan) -> Iterator[str]:
    return (on.fixed_target for on in table.rules if on.fixed_target is not None)


def read_documents(ends: LaneEnds, read: RowsRead, progress: Progress) -> tuple[Mapping[str, Mismatch], int]:
    """Every document of these targets against what the rows ask for, and how many there are. Raises Problem."""
    mismatches: dict[str, Mismatch] = {}
    count = 0

    def tell(documents: int) -> None:
        progress("documents", count + documents, read.documents)

    for target, expected in read.expected.items():
        found = Digests()
        scan = _scan_keys if target in read.shared else _scan
        for keys, digests in scan(ends, target):
            found.add(keys, digests)
            tell(len(found))
        mismatches[target] = match(expected, found)
        count += len(found)
    return mismatches, count


def find_surplus(ends: LaneEnds, mismatches: Mapping[str, Mismatch]) -> Surplus:
    """The keys of documents that are too many: that no row asks for, or that are there twice (under two routing
    values). Raises Problem."""
    found: Surplus = {}
    for target, mismatch in mismatches.items():
        if mismatch.surplus or mismatch.repeated:
            keys = ends.scan_keys(target)
            found[target] = {key for key in keys if key in mismatch.surplus or key in mismatch.repeated}
    return found


def _scan(ends: LaneEnds, target: str) -> Iterator[tuple[list[str], list[int]]]:
    documents = ends.scan(target)
    while batch := list(islice(documents, CHUNK_ROWS)):
        yield [one.key for one in batch], [fields_digest(one.fields, one.routing) for one in batch]


def _scan_keys(ends: LaneEnds, target: str) -> Iterator[tuple[list[str], list[int]]]:
    keys = ends.scan_keys(target)
    while batch := list(islice(keys, CHUNK_ROWS)):
        yield batch, [KEY_ONLY] * len(batch)
