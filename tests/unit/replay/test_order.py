"""ingest.replay.order: which files are read in which order, and what is missing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem
from ingest.replay.archive import ArchivedFile
from ingest.replay.order import before_all, readings
from tests.kit.archived_binlogs import gtids


def file(path: str, previous: GtidSet, contents: GtidSet) -> ArchivedFile:
    return ArchivedFile(path, previous, contents, 1000, 1000)


CHAIN = [
    file("z", gtids(1, 2), gtids(3, 4)),
    file("y", gtids(1, 2, 3, 4), gtids()),
    file("x", gtids(1, 2, 3, 4), gtids(5)),
    file("w", gtids(1, 2, 3, 4, 5), gtids(6, 7)),
]


@pytest.mark.parametrize("seed", range(10))
def test_the_order_is_the_transactions(seed: int) -> None:
    """Whatever the names and the order of the arguments; files that add nothing are left out."""
    files = list(CHAIN)
    random.Random(seed).shuffle(files)
    assert [one.file.path for one in readings(files, gtids(1, 2))] == ["z", "x", "w"]
    assert [one.file.path for one in readings(files, gtids(1, 2, 3, 4, 5, 6))] == ["w"]
    assert readings(files, gtids(*range(1, 8))) == []
    assert before_all(files) == gtids(1, 2)


def test_what_is_missing_is_named() -> None:
    """Invariant 1: between the frontier and a file, and between files; not when the frontier has it from elsewhere."""
    with pytest.raises(DataProblem, match=r"1 transactions are missing: .*:2\n") as caught:
        readings(CHAIN, gtids(1))
    assert caught.value.where["file"] == "z"
    with pytest.raises(DataProblem, match=r"missing: .*:5\n") as caught:
        readings([CHAIN[0], CHAIN[3]], gtids(1, 2))
    assert caught.value.where["file"] == "w"
    found = readings([CHAIN[0], CHAIN[3]], gtids(1, 2, 5))
    assert [one.fresh for one in found] == [gtids(3, 4), gtids(6, 7)]


def test_a_transaction_in_two_files_is_read_once() -> None:
    """Files of two servers of a topology: the second gives what the first lacks."""
    other = file("other", gtids(1, 2), gtids(3, 4, 5, 6))
    found = readings([CHAIN[0], other], gtids(1, 2))
    assert [(one.file.path, one.fresh) for one in found] == [("z", gtids(3, 4)), ("other", gtids(5, 6))]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.data())
def test_a_missing_file_is_always_found(sizes: list[int], data: st.DataObject) -> None:
    """Of a chain of files without one: read as a whole only if that one added nothing."""
    files, last = [], 0
    for number, size in enumerate(sizes):
        held = range(1, last + 1)
        files.append(file(f"{number}", gtids(*held), gtids(*range(last + 1, last + size + 1))))
        last += size
    gone = files.pop(data.draw(st.integers(0, len(files) - 1)))
    behind = any(one.contents and gone.contents.issubset(one.previous) for one in files)
    if gone.contents and behind:
        with pytest.raises(DataProblem, match="missing"):
            readings(files, GtidSet())
    else:
        read = GtidSet()
        for one in readings(files, GtidSet()):
            assert not read.intersect(one.fresh)
            read = read.union(one.fresh)
        assert read == gtids(*range(1, last + 1)).subtract(gone.contents)
