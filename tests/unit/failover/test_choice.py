"""ingest.failover.choice: which host, and what becomes of lanes that none can serve."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.failover.choice import better_host, choose
from ingest.failover.facts import HostFacts, LaneNeed, Memory, Preference, need_of
from ingest.failover.report import host_statuses
from ingest.failover.verdict import Standing
from ingest.lane.frontier import Frontier
from ingest.mysql.facts import ReplicaChannel
from ingest.mysql.replies import ACCESS_DENIED, UNREACHABLE
from ingest.problems import DataProblem, WorldProblem
from tests.unit.failover.test_verdict import A, B, C, gtids, need, primary, replica

DOWN = HostFacts("a", silence=WorldProblem(UNREACHABLE, "connection refused", {"host": "a"}))
NEED = need("a:1-50")


def chosen(*hosts: HostFacts, prefer: Preference = "primary", current: str = "", needs: LaneNeed = NEED) -> str | None:
    return choose(hosts, [needs], prefer, current).host


def refusal(*hosts: HostFacts, needs: LaneNeed = NEED) -> tuple[type, str, str]:
    (problem,) = choose(hosts, [needs], "primary", "").refused.values()
    return type(problem), problem.code.name, problem.what


def test_the_preferred_role_then_the_current_one_then_the_order() -> None:
    """A primary before a replica, unless a replica is wanted, or the order is all; the current one among equals."""
    main, second, third = primary(A, "a:1-60"), replica(B, "a:1-60"), replica(C, "a:1-60")
    assert chosen(second, main, third) == "a"
    assert chosen(main, second, third, prefer="replica") == "b"
    assert chosen(main, second, third, prefer="replica", current=C) == "c"
    assert chosen(second, main, third, prefer="order") == "b"
    assert chosen(second, main, third, prefer="order", current=C) == "c"
    assert chosen(DOWN, second, third, current=C) == "c"


def test_of_two_that_write_the_followed_one() -> None:
    """An old primary that came back by itself isn't where changes are made."""
    old, new = primary(A, "a:1-55"), primary(B, "a:1-55,b:1-5")
    assert chosen(old, new, current=A) == "a"
    assert chosen(old, new, replica(C, "a:1-55,b:1-5", B), current=A) == "b"


@pytest.mark.parametrize(
    ("hosts", "kind", "code", "said"),
    [
        ((DOWN, replica(B, "a:1-40")), WorldProblem, "source.waits", f"waits for {A}:41-50: a: unreachable"),
        ((DOWN, replica(B, "a:1-30:32-60")), WorldProblem, "source.waits", f"b: hole: has a hole: it lacks {A}:31"),
        ((DOWN, primary(B, "a:1-40,b:1")), DataProblem, "source.lost_transactions", f"on the server: {A}:41-50"),
        ((primary(A, "a:1-60", "a:1-55"),), DataProblem, "source.purged", f"purged and not applied: {A}:51-55"),
        ((DOWN, replica(B, "a:1-60", purged="a:1-55")), WorldProblem, "source.waits", f"b: purged: has purged {A}:51-55"),
        ((primary(A, "a:1-30:32-60"),), DataProblem, "source.hole", f"missing: {A}:31"),
        ((primary(C, "c:1-9"),), DataProblem, "source.lost_transactions", f"{A}:1-50"),
        ((DOWN,), WorldProblem, "mysql.unreachable", "connection refused"),
        ((replace(DOWN, silence=DataProblem(ACCESS_DENIED, "no", {"host": "a"})),), DataProblem, "mysql.access_denied", "no"),
    ],
)  # fmt: skip
def test_what_a_lane_waits_for_or_stops_at(hosts: tuple[HostFacts, ...], kind: type, code: str, said: str) -> None:
    """It waits while a host may come to have it, and says for what and where; else it stops by name."""
    found = refusal(*hosts)
    assert found[:2] == (kind, code)
    assert said in found[2]


def test_a_lane_is_refused_alone() -> None:
    """Invariant 7: what one lane lacks is no other's trouble, and another host may have it for that one."""
    late = replace(NEED, lane="late", held=gtids("a:1-10"), applied=gtids("a:1-10"))
    found = choose([primary(A, "a:1-60", "a:1-20")], [NEED, late], "primary", "")
    assert (found.host, list(found.lanes)) == ("a", ["lane"])
    assert (found.refused["late"].code.name, type(found.refused["late"])) == ("source.purged", DataProblem)
    found = choose([primary(A, "a:1-60", "a:1-20"), replica(B, "a:1-60")], [NEED, late], "primary", "")
    assert (found.host, list(found.lanes)) == ("a", ["lane"])
    assert (found.refused["late"].code.name, type(found.refused["late"])) == ("source.elsewhere", WorldProblem)
    statuses = host_statuses([primary(A, "a:1-60", "a:1-20"), replica(B, "a:1-60")], found, "a")
    assert [(one.host, one.role, one.verdict, one.reading) for one in statuses] == [
        ("a", "writable", "purged", True), ("b", "read_only", "fit", False),
    ]  # fmt: skip
    assert statuses[0].why.endswith("(lanes late)")


def test_going_on_without_what_was_lost() -> None:
    """By policy, and only where no host has it."""
    promoted = primary(B, "a:1-40,b:1")
    on = replace(NEED, on_lost="continue")
    found = choose([DOWN, promoted], [on], "primary", A)
    assert (found.host, found.lanes["lane"], found.is_grave) == ("b", gtids("a:41-50"), True)
    found = choose([replica(C, "a:1-60"), promoted], [on], "primary", A)
    assert (found.host, found.lanes["lane"], found.is_grave) == ("c", GtidSet(), False)


def test_a_gap_is_filled_alone_and_only_when_nobody_may_have_it() -> None:
    """Invariant 7: a lane whose gap a snapshot fills is opened alone. It isn't while a host may come to serve it."""
    purged, other = (
        replace(primary(A, "a:1-60"), purged=gtids("a:1-55")),
        replace(NEED, lane="other", on_gap="resnapshot"),
    )
    fills = replace(NEED, on_gap="resnapshot")
    found = choose([purged], [fills, other], "primary", "")
    assert (found.host, list(found.lanes), found.gap) == ("a", ["lane"], gtids("a:51-55"))
    assert found.refused["other"].code.name == "source.resnapshots"
    ahead = replace(other, held=gtids("a:1-55"), applied=gtids("a:1-55"))
    found = choose([purged], [fills, ahead], "primary", "")
    assert (list(found.lanes), found.gap) == (["other"], GtidSet())
    assert found.refused["lane"].code.name == "source.resnapshots"
    assert choose([purged, DOWN], [fills], "primary", "").refused["lane"].code.name == "source.waits"
    lagging = replica(B, "a:1-49")
    assert choose([purged, lagging], [fills], "primary", "").refused["lane"].code.name == "source.waits"
    hopeless = replace(lagging, executed=gtids("a:1-49,b:7"), purged=gtids("b:7"))
    assert choose([purged, hopeless], [fills], "primary", "").host == "a"
    assert choose([purged], [NEED], "primary", "").refused["lane"].code.name == "source.purged"


def test_a_running_stream_moves_only_to_a_better_host() -> None:
    """A demoted primary is left once another has all; an equal one isn't gone to, nor one that lacks something."""
    demoted = replica(A, "a:1-60", B)
    assert better_host([demoted, primary(B, "a:1-60")], [NEED], "primary", A) == "b"
    assert better_host([demoted, primary(B, "a:1-49")], [NEED], "primary", A) is None
    assert better_host([primary(A, "a:1-60"), replica(B, "a:1-60")], [NEED], "primary", A) is None
    assert better_host([demoted, replica(B, "a:1-60", C)], [NEED], "primary", A) is None


def test_what_a_lane_needs() -> None:
    """The frontier, what it was rewound from, the transaction that is half applied, what was read; less what was given up."""
    record = CheckpointRecord(
        "lane", 7, Frontier(f"{A}:1-50", f"{A}:51", 2), 9, A, "rules", reach=f"{A}:60", lost=f"{B}:5"
    )
    memory = Memory(gtids("a:1-55,b:5-6"), 7)
    assert need_of("lane", record, "oldest", memory, "stop", "stop") == LaneNeed(
        "lane", gtids("a:1-50"), gtids("a:1-55:60,b:6")
    )
    assert need_of("lane", record, "oldest", Memory(), "stop", "stop").unsure_of == A
    assert need_of("lane", None, "oldest", Memory(), "stop", "stop") == LaneNeed("lane", None, GtidSet())
    start = need_of("lane", None, f"{A}:1-3", Memory(), "stop", "stop")
    assert (start.held, start.applied) == (gtids("a:1-3"), gtids("a:1-3"))


NUMBERS = st.frozensets(st.integers(1, 12), max_size=12)
SETS = st.tuples(NUMBERS, NUMBERS).map(
    lambda two: GtidSet.parse(",".join([*(f"{A}:{n}" for n in two[0]), *(f"{B}:{n}" for n in two[1])]))
)


@st.composite
def topologies(draw: st.DrawFn) -> tuple[list[HostFacts], list[LaneNeed]]:
    """Any three hosts, with any GTIDs, roles and channels, and two lanes."""
    hosts = []
    for uuid in (A, B, C):
        executed, old = draw(SETS), draw(SETS)
        channels = tuple(
            ReplicaChannel(source, draw(st.booleans()))
            for source in draw(st.sets(st.sampled_from((A, B, C)), max_size=1))
        )
        silence = draw(st.sampled_from((None, None, None, DOWN.silence)))
        hosts.append(
            HostFacts(uuid[0], uuid, executed, old.intersect(executed), draw(st.booleans()), channels, silence)
        )
    needs = []
    for lane in ("one", "two"):
        applied, part = draw(SETS), draw(SETS)
        policy = draw(st.sampled_from(("stop", "continue")))
        unsure, on_gap = draw(st.sampled_from(("", "", A, "gone"))), draw(st.sampled_from(("stop", "resnapshot")))
        needs.append(LaneNeed(lane, applied.intersect(part), applied, policy, on_gap, unsure))  # type: ignore[arg-type]
    return hosts, needs


@given(topologies(), st.sampled_from(("primary", "replica", "order")), st.sampled_from(("", A, B, C)))
def test_no_topology_is_misjudged(
    topology: tuple[list[HostFacts], list[LaneNeed]], prefer: Preference, current: str
) -> None:
    """Invariants 1 and 2, on any topology: a lane runs only on a host that answers, has all that it may have applied (but
    what it gives up), lacks nothing older that an innocent host has, and has purged nothing that it needs. Every other lane
    is refused with a problem of its own; nothing is given up against the policy or while a host is fit."""
    hosts, needs = topology
    found = choose(hosts, needs, prefer, current)
    assert set(found.lanes) | set(found.refused) == {"one", "two"}
    assert not set(found.lanes) & set(found.refused)
    for lane, given_up in found.lanes.items():
        host = next(one for one in hosts if one.host == found.host)
        wanted = next(one for one in needs if one.lane == lane)
        assert host.silence is None
        assert wanted.applied.subtract(given_up).issubset(host.executed)
        assert not given_up.intersect(host.executed)
        assert given_up or found.gap or host.purged.issubset(wanted.held or GtidSet())
        assert not given_up or (wanted.on_lost == "continue" and not host.may_receive)
        standings = {one.standing for one in found.verdicts[lane]}
        assert not given_up or Standing.FIT not in standings
    for lane, problem in found.refused.items():
        assert problem.where["lane"] == lane
    if found.gap:
        ((lane, given_up),) = found.lanes.items()
        wanted = next(one for one in needs if one.lane == lane)
        host = next(one for one in hosts if one.host == found.host)
        assert (wanted.on_gap, given_up) == ("resnapshot", GtidSet())
        assert found.gap == host.purged.subtract(wanted.held or GtidSet())
        assert not any(one.standing is Standing.FIT for verdicts in found.verdicts.values() for one in verdicts)


@given(topologies(), st.sampled_from(("primary", "replica", "order")))
def test_a_moved_stream_stays(topology: tuple[list[HostFacts], list[LaneNeed]], prefer: Preference) -> None:
    """Nothing goes to and fro: where a stream was moved to, nothing is better."""
    hosts, needs = topology
    moved = better_host(hosts, needs, prefer, A)
    if moved is not None:
        uuid = next(host.uuid for host in hosts if host.host == moved)
        assert better_host(hosts, needs, prefer, uuid) is None
