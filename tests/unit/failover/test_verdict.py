"""ingest.failover.verdict: what a host is worth to a lane, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.failover.facts import HostFacts, LaneNeed
from ingest.failover.verdict import Standing, errant, judge_hosts, older_than_newest
from ingest.mysql.facts import ReplicaChannel
from ingest.mysql.judgement import ROW_IMAGE
from ingest.mysql.replies import ACCESS_DENIED, UNREACHABLE
from ingest.problems import DataProblem, WorldProblem

A, B, C = (f"{digit * 8}-1111-1111-1111-111111111111" for digit in "abc")


def gtids(text: str) -> GtidSet:
    """``a:1-9,b:3``, each letter for its server."""
    return GtidSet.parse(text.replace("a:", f"{A}:").replace("b:", f"{B}:").replace("c:", f"{C}:"))


def primary(uuid: str, executed: str, purged: str = "") -> HostFacts:
    return HostFacts(uuid[0], uuid, gtids(executed), gtids(purged))


def replica(uuid: str, executed: str, source: str = A, purged: str = "") -> HostFacts:
    return HostFacts(uuid[0], uuid, gtids(executed), gtids(purged), True, (ReplicaChannel(source, True),))


def need(applied: str, held: str | None = None) -> LaneNeed:
    return LaneNeed("lane", gtids(applied if held is None else held), gtids(applied))


def verdict(host: HostFacts, applied: LaneNeed, *others: HostFacts) -> tuple[Standing, str]:
    found = judge_hosts([host, *others], applied)[0]
    return found.standing, str(found.gtids)


NEED = need("a:1-50")


@pytest.mark.parametrize(
    ("host", "others", "expected"),
    [
        (primary(A, "a:1-60"), (), (Standing.FIT, "")),
        (replica(B, "a:1-50"), (primary(A, "a:1-60"),), (Standing.FIT, "")),
        (replica(B, "a:1-40"), (primary(A, "a:1-60"),), (Standing.BEHIND, f"{A}:41-50")),
        (primary(B, "a:1-40,b:1-9"), (replica(C, "a:1-40,b:1-9", B),), (Standing.LOST, f"{A}:41-50")),
        (replica(B, "a:1-30:35-60"), (primary(A, "a:1-60"),), (Standing.HOLE, f"{A}:31-34")),
        (replica(B, "a:1-55:58-60"), (primary(A, "a:1-60"),), (Standing.HOLE, f"{A}:56-57")),
        (replica(B, "a:1-60", purged="a:1-52"), (primary(A, "a:1-60"),), (Standing.PURGED, f"{A}:51-52")),
        (replica(B, "a:1-60,b:1-3"), (primary(A, "a:1-60"),), (Standing.ERRANT, f"{B}:1-3")),
        (primary(A, "a:1-60"), (primary(B, "a:1-55,b:1"), replica(C, "a:1-55,b:1", B)), (Standing.ERRANT, f"{A}:56-60")),
        (primary(C, "c:1-9"), (), (Standing.FOREIGN, f"{A}:1-50")),
    ],
)  # fmt: skip
def test_each_is_named(host: HostFacts, others: tuple[HostFacts, ...], expected: tuple[Standing, str]) -> None:
    """Fit, behind, lost, a hole in what was applied, one beyond it that another host shows, purged, errant on a replica and
    on a primary that was replaced, another topology."""
    assert verdict(host, NEED, *others) == expected


def test_what_does_not_answer_or_can_not_be_a_source() -> None:
    """A server that is down may come back; one that refuses us, or isn't set up for it, is unfit."""
    where = {"host": "b"}
    silent = HostFacts("b", silence=WorldProblem(UNREACHABLE, "refused", where))
    refused = HostFacts("b", silence=DataProblem(ACCESS_DENIED, "no", where))
    images = replace(primary(A, "a:1-60"), unfit={"lane": (DataProblem(ROW_IMAGE, "MINIMAL", where),)})
    assert verdict(silent, NEED)[0] is Standing.UNREACHABLE
    assert verdict(refused, NEED)[0] is Standing.UNFIT
    assert verdict(images, NEED)[0] is Standing.UNFIT
    assert verdict(replace(images, unfit={"other": ()}), NEED)[0] is Standing.FIT


def test_a_hole_of_what_nobody_has_is_given_up_by_policy() -> None:
    """Invariant 1: a server that was promoted past what it lacks has lost that for good, if all hosts answer and none has it;
    nothing is given up that one of them may have, nor by a lane that shall stop."""
    promoted, on = primary(B, "a:1-40:45-60,b:1"), replace(NEED, on_lost="continue")
    silent = HostFacts("a", silence=WorldProblem(UNREACHABLE, "refused"))
    assert verdict(promoted, on, replica(C, "a:1-40:45-60,b:1", B)) == (Standing.LOST, f"{A}:41-44")
    for one, applied, others in (
        (promoted, NEED, ()),
        (promoted, on, (silent,)),
        (promoted, on, (replica(C, "a:1-60", B),)),
        (replica(C, "a:1-40:45-60,b:1", B), on, (promoted,)),
    ):
        assert verdict(one, applied, *others) == (Standing.HOLE, f"{A}:41-44")


def test_what_nobody_remembers() -> None:
    """Invariant 2: when it isn't known how far the last epoch read from a silent server, a replica may lack it; the server
    itself bounds it when it answers; whoever was promoted has to do."""
    unsure = replace(NEED, unsure_of=A)
    assert (
        verdict(replica(B, "a:1-50"), unsure, HostFacts("a", silence=WorldProblem(UNREACHABLE, "")))[0]
        is Standing.UNSURE
    )
    assert verdict(primary(B, "a:1-50,b:1"), unsure)[0] is Standing.FIT
    assert verdict(replica(B, "a:1-50"), unsure, primary(A, "a:1-60")) == (Standing.BEHIND, f"{A}:51-60")
    assert verdict(primary(A, "a:1-50"), unsure)[0] is Standing.FIT
    gone = replace(NEED, unsure_of="another server")
    assert verdict(replica(B, "a:1-55"), gone, replica(C, "a:1-60"))[0] is Standing.BEHIND
    assert verdict(replica(C, "a:1-60"), gone, replica(B, "a:1-55"))[0] is Standing.FIT
    silent = HostFacts("a", silence=WorldProblem(UNREACHABLE, "refused", {"host": "a"}))
    assert verdict(replica(C, "a:1-60"), gone, silent)[0] is Standing.UNSURE


def test_a_gap_that_a_silent_host_may_have() -> None:
    """Invariant 1: of a replica with a gap beyond what the lane has, it isn't known whether there is such a transaction while
    a host is silent. When all answer nobody has it."""
    silent = HostFacts("a", silence=WorldProblem(UNREACHABLE, "refused"))
    holed = replica(B, "a:1-52:54-60")
    late = need("a:1-50:55")
    assert verdict(holed, late, silent) == (Standing.HOLE, f"{A}:53")
    assert verdict(holed, late, replica(C, "a:1-50:55")) == (Standing.FIT, "")


def test_a_replica_that_came_first_is_not_errant() -> None:
    """Of a dead primary one replica has more than the other: those are the primary's own transactions."""
    assert not errant(replica(B, "a:1-60"), [replica(B, "a:1-60"), replica(C, "a:1-50")])


def test_older_than_newest() -> None:
    """By server and tag: a transaction of a server of which nothing is there is none of its holes."""
    missing = gtids("a:3:9-12,b:1")
    assert older_than_newest(missing, gtids("a:1-2:4-8:13")) == gtids("a:3:9-12")
    assert older_than_newest(missing, gtids("a:1-10")) == gtids("a:3:9")
    assert older_than_newest(missing, GtidSet()) == GtidSet()
    tagged = GtidSet.parse(f"{A}:tag:1")
    assert not older_than_newest(tagged, gtids("a:1-10"))


def test_the_words() -> None:
    """What people read."""
    (found,) = judge_hosts([replica(B, "a:1-30:35-60")], NEED)
    expected = f"b: hole: has a hole: it lacks {A}:31-34, which is older than what it has of the same server"
    assert str(found) == expected
