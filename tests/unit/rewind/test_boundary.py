"""ingest.rewind.boundary: the place of a moment or a GTID set in a source's binlogs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.file import Committed
from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem
from ingest.rewind.boundary import place_of
from ingest.rewind.moment import Moment

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def gtids(*numbers: int) -> GtidSet:
    return GtidSet.parse(",".join(f"{UUID}:{number}" for number in numbers))


class Files:
    """Binlogs of one server: files of (number, second) transactions, after ``purged`` ones."""

    def __init__(self, files: Sequence[Sequence[tuple[int, int]]], purged: Sequence[int] = ()) -> None:
        self.files = files
        self.purged = purged
        self.walked: list[int] = []

    @property
    def count(self) -> int:
        return len(self.files)

    def previous(self, number: int) -> GtidSet:
        return gtids(*self.purged, *(gno for file in self.files[:number] for gno, _ in file))

    def transactions(self, number: int) -> Iterator[Committed]:
        self.walked.append(number)
        for file in self.files[number:]:
            for place, (gno, second) in enumerate(file):
                yield Committed(f"{UUID}:{gno}", second * 1_000_000, 100 * (place + 1))


FILES = [[(1, 10), (2, 20)], [], [(3, 30), (4, 30), (5, 40)], [(6, 50)], []]


@pytest.mark.parametrize(
    ("second", "held"),
    [(5, 0), (10, 0), (11, 1), (20, 1), (25, 2), (30, 2), (31, 4), (40, 4), (41, 5), (50, 5), (51, 6), (99, 6)],
)
def test_a_moment_is_before_what_was_committed_then_or_later(second: int, held: int) -> None:
    """Also between files, within a second, and with empty files."""
    place = place_of(Moment(second * 1_000_000), Files(FILES))
    assert place.held == gtids(*range(1, held + 1))
    assert (place.first is None) == (held == 6)


def test_few_files_are_looked_at() -> None:
    """Of a thousand files a few are asked, and one is read."""
    files = Files([[(number + 1, number)] for number in range(1000)])
    assert place_of(Moment(700 * 1_000_000), files).held == gtids(*range(1, 701))
    assert len(files.walked) <= 12


def test_a_set_with_gaps_is_taken_up_to_the_first_one() -> None:
    """Invariant 2: what comes behind a transaction that is read again is read again too."""
    place = place_of(gtids(1, 2, 3, 5, 6), Files(FILES))
    assert place.held == gtids(1, 2, 3)
    assert (place.file_number, place.position) == (2, 200)
    assert place.first == Committed(f"{UUID}:4", 30_000_000, 200)


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=6), st.integers(0, 30))
def test_the_cut_is_the_same_as_by_reading_everything(gaps: list[list[int]], second: int) -> None:
    """Whatever the files: all before the moment, nothing of it or behind it."""
    now, number, files = 0, 0, []
    for file in gaps:
        files.append([])
        for step in file:
            now, number = now + step, number + 1
            files[-1].append((number, now))
    everything = [one for file in files for one in file]
    expected = [gno for gno, when in everything if when < second]
    assert place_of(Moment(second * 1_000_000), Files(files)).held == gtids(*expected)
    for cut in range(number + 1):
        place = place_of(gtids(*range(1, cut + 1)), Files(files))
        assert place.held == gtids(*range(1, cut + 1))


@pytest.mark.parametrize("point", [Moment(5_000_000), Moment(10_000_000), gtids(), gtids(1, 3, 4, 5)])
def test_what_was_purged_names_the_oldest_point(point: GtidSet | Moment) -> None:
    """It is never passed over: the oldest point there is, and its time, are named."""
    files = Files([[(3, 10), (4, 20)], [(5, 30)]], purged=[1, 2])
    with pytest.raises(DataProblem, match=f"{UUID}:1-2, whose next transaction was committed at 1970-01-01T00:00:10Z"):
        place_of(point, files)


def test_the_oldest_point_itself_can_be_reached() -> None:
    """What was purged is held."""
    files = Files([[(3, 10), (4, 20)], [(5, 30)]], purged=[1, 2])
    assert place_of(gtids(1, 2), files).held == gtids(1, 2)
