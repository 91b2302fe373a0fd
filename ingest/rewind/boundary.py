"""A point of time or a GTID set to a place in a source's binlogs, with few looks at them.

A place is where the binlog is cut in two: all before it is held, all behind it is read again. That it is a cut matters:
were a transaction read again while a later one of the same row isn't, the row would go back (invariant 2). So a GTID set
with gaps is taken up to the first transaction in the binlog that it lacks.

Files are told apart by what each says came before it (PREVIOUS_GTIDS) and by the commit time of the first transaction
behind its start; only the file that holds the place is read. Commit times are taken to rise along the binlog, as a
server's clock does; where they don't, the place is before the first transaction of that file that isn't older.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ingest.binlog.file import Committed
from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.problems import DataProblem, declare
from ingest.rewind.moment import Moment, text_of_us

UNREACHABLE = declare(
    "rewind.purged",
    "The server has purged binlogs that would have to be read again.",
    "Take the oldest point that is named; archived files can be read into a shadow with `ingest replay --into`.",
)


class Binlogs(Protocol):
    """A source's binlog files, oldest first, by number. Raises Problem when the server doesn't answer."""

    @property
    def count(self) -> int:
        """How many there are; at least 1."""

    def previous(self, number: int) -> GtidSet:
        """Every transaction before the file's start, as the file says."""

    def transactions(self, number: int) -> Iterator[Committed]:
        """The transactions from the file's start to the source's end, in order, read as they are taken."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cut. ``held``: all before it. ``file_number``, ``position``: where the first transaction behind it begins;
    ``first``: that transaction, None when there is none."""

    held: GtidSet
    file_number: int
    position: int
    first: Committed | None


def place_of(point: GtidSet | Moment, binlogs: Binlogs) -> Place:
    """Where the binlogs are cut. DataProblem ``rewind.purged`` names the oldest point that can be reached."""
    return place_of_set(point, binlogs) if isinstance(point, GtidSet) else place_of_moment(point, binlogs)


def place_of_set(held: GtidSet, binlogs: Binlogs) -> Place:
    """Before the first transaction that ``held`` lacks."""
    number = _last(binlogs.count, lambda file: binlogs.previous(file).issubset(held))
    if number is None:
        lacking = binlogs.previous(0).subtract(held)
        raise _unreachable(f"the set lacks {lacking}, which the server has purged", binlogs)
    return _walk(number, binlogs, lambda one: one.gtid in held)


def place_of_moment(moment: Moment, binlogs: Binlogs) -> Place:
    """Before the first transaction that was committed at that moment or later."""

    def starts_earlier(number: int) -> bool:
        first = next(binlogs.transactions(number), None)
        return first is not None and first.commit_us < moment.commit_us

    number = _last(binlogs.count, starts_earlier)
    if number is None:
        if binlogs.previous(0):
            raise _unreachable(f"what was committed since {moment} may be among what the server has purged", binlogs)
        number = 0
    return _walk(number, binlogs, lambda one: one.commit_us < moment.commit_us)


def _last(count: int, holds: Callable[[int], bool]) -> int | None:
    """The last number for which ``holds``, which holds for all before one that it holds for; None: for none."""
    low, high = -1, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return None if low < 0 else low


def _walk(number: int, binlogs: Binlogs, is_before: Callable[[Committed], bool]) -> Place:
    """The cut in a file: before the first transaction that isn't ``is_before``."""
    held = GtidSetBuilder(binlogs.previous(number))
    for one in binlogs.transactions(number):
        if not is_before(one):
            return Place(held.freeze(), number, one.position, one)
        held.add(one.gtid)
    return Place(held.freeze(), binlogs.count - 1, 0, None)


def _unreachable(what: str, binlogs: Binlogs) -> DataProblem:
    first = next(binlogs.transactions(0), None)
    since = f", whose next transaction was committed at {text_of_us(first.commit_us)}" if first is not None else ""
    oldest = binlogs.previous(0)
    return DataProblem(UNREACHABLE, f"{what}; the oldest point on the server is {oldest}{since}", {"oldest": oldest})
