"""Archived files in the order of their transactions, whatever the order they were named in.

What a file says of all that came before it decides: a file whose past is part of another's past comes first. Files of
several servers of one topology may be mixed; a transaction that stands in two of them is read once, from the first.
Invariant 1: a transaction that is missing between the frontier and a file, or between files, is named and stops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem, declare
from ingest.replay.archive import ArchivedFile

GAP = declare(
    "replay.gap",
    "Transactions are missing before an archived file.",
    "Add the files that hold them (their numbers come before this file's), or leave out what comes behind the gap.",
)


@dataclass(frozen=True, slots=True)
class FileReading:
    """A file to read, but for the transactions in ``held``: the frontier's, and those of files before it. ``fresh``: what
    it adds."""

    file: ArchivedFile
    held: GtidSet
    fresh: GtidSet


def in_order(files: Sequence[ArchivedFile]) -> Sequence[ArchivedFile]:
    """The oldest first. A file's past holds all of the past of those before it, as far as they are of one server."""
    return sorted(files, key=lambda file: (file.previous.count(), file.contents.count(), file.path))


def before_all(files: Sequence[ArchivedFile]) -> GtidSet:
    """What came before the oldest file: where a shadow begins."""
    return in_order(files)[0].previous


def readings(files: Sequence[ArchivedFile], frontier: GtidSet) -> Sequence[FileReading]:
    """Which files are read, in which order, without what is held; files that add nothing are left out. DataProblem
    ``replay.gap`` names the file and what is missing before it."""
    found = []
    held = frontier
    for file in in_order(files):
        fresh = file.contents.subtract(held)
        if not fresh:
            continue
        missing = file.previous.subtract(held)
        if missing:
            raise DataProblem(GAP, f"{missing.count():,} transactions are missing: {missing}", {"file": file.path})
        found.append(FileReading(file, held, fresh))
        held = held.union(fresh)
    return found
