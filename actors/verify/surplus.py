"""Documents that no row asks for: everything that the sink holds, against the keys that it should hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actors.verify.comparison import CHUNK_ROWS, Progress
from ingest.problems import DataProblem
from ingest.sinks.faults import TARGET_MISSING
from ingest.sinks.stored import SinkReader
from ingest.verify.key_set import KeySet

Surplus = dict[str, set[str]]
"""Keys of documents that are too many, by target."""


def find_surplus(reader: SinkReader, expected: Mapping[str, KeySet], progress: Progress) -> tuple[Surplus, int]:
    """What is too much in these targets, and how many documents they hold in all. A document that is there twice
    (under two routing values) is one too many."""
    found: Surplus = {}
    count = 0
    for target, keys in expected.items():
        scanned = KeySet()
        extra: set[str] = set()
        for key in scan_keys(reader, target):
            scanned.add((key,))
            if key not in keys:
                extra.add(key)
            count += 1
            if count % CHUNK_ROWS == 0:
                progress("documents", count, 0)
        twice = scanned.repeated()
        if twice:
            extra.update(key for key in scan_keys(reader, target) if key in twice)
        if extra:
            found[target] = extra
    progress("documents", count, count)
    return found, count


def scan_keys(reader: SinkReader, target: str) -> Iterator[str]:
    """The key of every document of a target; none when even the target is missing. Raises Problem."""
    try:
        yield from reader.scan_keys(target)
    except DataProblem as problem:
        if problem.code != TARGET_MISSING:
            raise
