"""GTID sets against a model: plain Python sets of (source, number)."""

from __future__ import annotations

import contextlib
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.binlog.gtid import GNO_END, GtidSet, GtidSetBuilder, split_gtid
from ingest.problems import DataProblem

A = "3e11fa47-71ca-11e1-9e33-c80aa9429561"
B = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
TSIDS = (A, B, f"{A}:aa", f"{A}:zz_1", f"{B}:aa")

Model = frozenset[tuple[str, int]]

models = st.frozensets(st.tuples(st.sampled_from(TSIDS), st.integers(1, 30)), max_size=60)


def built(model: Model) -> GtidSet:
    builder = GtidSetBuilder()
    for tsid, gno in model:
        assert builder.add(f"{tsid}:{gno}")
    return builder.freeze()


def members(gtids: GtidSet) -> Model:
    return frozenset((tsid, gno) for tsid, first, last in gtids.intervals() for gno in range(first, last + 1))


@given(models)
def test_text_and_encoding_give_the_set_back(model: Model) -> None:
    """Format then parse, and encode then decode, change nothing: no gap is ever flattened."""
    gtids = built(model)
    assert members(gtids) == model
    assert GtidSet.parse(str(gtids)) == gtids
    assert GtidSet.decode(gtids.encode()) == gtids
    assert pickle.loads(pickle.dumps(gtids)) == gtids
    assert gtids.count() == len(model)


@given(models, models)
def test_algebra_is_that_of_sets(left: Model, right: Model) -> None:
    """Union, difference, intersection and subset are those of the GTIDs one by one."""
    mine, theirs = built(left), built(right)
    assert members(mine.union(theirs)) == left | right
    assert members(mine.subtract(theirs)) == left - right
    assert members(mine.intersect(theirs)) == left & right
    assert mine.issubset(theirs) == (left <= right)
    assert bool(mine) == bool(left)
    assert (mine == theirs) == (left == right)
    assert mine.union(theirs) == theirs.union(mine)
    assert hash(mine.union(theirs)) == hash(theirs.union(mine))


@given(models, st.tuples(st.sampled_from(TSIDS), st.integers(1, 30)))
def test_adding_says_whether_it_was_new(model: Model, extra: tuple[str, int]) -> None:
    """A builder takes GTIDs in any order, answers whether each was new, and knows what it holds."""
    builder = GtidSetBuilder(built(model))
    text = f"{extra[0]}:{extra[1]}"
    assert (text in builder) == (extra in model)
    assert builder.add(text) == (extra not in model)
    assert text in builder
    assert not builder.add(text)
    assert members(builder.freeze()) == model | {extra}
    assert text in builder.freeze()


@example({2, 3, 4}, 3, 4)
@example({2, 3, 9}, 4, 4)
@given(st.sets(st.integers(1, 30), max_size=20), st.integers(1, 30), st.integers(0, 10))
def test_an_interval_is_its_numbers(numbers: set[int], first: int, more: int) -> None:
    """Adding an interval is adding each of its numbers, whatever it overlaps or touches."""
    builder = GtidSetBuilder(built(frozenset((A, number) for number in numbers)))
    builder.add_interval(A, first, first + more)
    assert members(builder.freeze()) == {(A, gno) for gno in numbers | set(range(first, first + more + 1))}


def test_canonical_text() -> None:
    """The text is MySQL's: sources by UUID, tags by name behind the untagged intervals, intervals joined."""
    text = f" {B.upper()}:1-3:ZZ:4-5:aa:7:9 ,\n{A}:1, {B}:10,{B}:4,,"
    assert str(GtidSet.parse(text)) == f"{A}:1,{B}:1-4:10:aa:7:9:zz:4-5"
    assert str(GtidSet.parse("")) == ""
    assert str(GtidSet.parse(f"{A}:1-{GNO_END - 1}")) == f"{A}:1-{GNO_END - 1}"


def test_encodings() -> None:
    """Without tags the classic encoding, with one the tagged one, byte for byte as MySQL 9 wrote them."""
    uuid = "9ae4dcf8e59d11f1bf8802fc00000001"
    tsid = "9ae4dcf8-e59d-11f1-bf88-02fc00000001"
    classic = "0100000000000000" + uuid + "0100000000000000" + "0100000000000000" + "0300000000000000"
    assert GtidSet.parse(f"{tsid}:1-2").encode().hex() == classic
    tagged = (
        "0102000000000001" + uuid + "00" + "0100000000000000" + "0100000000000000" + "0300000000000000"
        + uuid + "0a" + b"tag_1".hex() + "0100000000000000" + "0100000000000000" + "0200000000000000"
    )  # fmt: skip
    assert GtidSet.parse(f"{tsid}:1-2:tag_1:1").encode().hex() == tagged
    assert GtidSet().encode() == bytes(8)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        f"{A}:0",
        f"{A}:3-2",
        f"{A}:1-",
        f"{A}:-1",
        f"{A[:-1]}:1",
        f"{A}:{GNO_END}",
        f"{A}:a-b:1",
        f"{A}:" + "t" * 33,
    ],
)
def test_text_that_is_none(text: str) -> None:
    """What isn't a GTID set is refused by name, not read as something else."""
    with pytest.raises(DataProblem, match=r"gtid\.text"):
        GtidSet.parse(text)


@given(st.text(max_size=60) | st.from_regex(r"[0-9a-f]{8}-.{0,40}:[-0-9a-z:, ]*"))
def test_any_text_is_a_set_or_a_problem(text: str) -> None:
    """No text gives any other exception than DataProblem."""
    try:
        gtids = GtidSet.parse(text)
    except DataProblem:
        return
    assert GtidSet.parse(str(gtids)) == gtids
    with contextlib.suppress(DataProblem):
        split_gtid(text)


@given(st.binary(max_size=120) | models.map(lambda model: built(model).encode()).flatmap(
    lambda data: st.tuples(st.integers(0, len(data)), st.binary(max_size=4)).map(
        lambda cut: data[: cut[0]] + cut[1] + data[cut[0] + len(cut[1]) :]
    )
))  # fmt: skip
def test_any_bytes_are_a_set_or_a_problem(data: bytes) -> None:
    """No bytes give any other exception than DataProblem."""
    with contextlib.suppress(DataProblem):
        GtidSet.decode(data)
