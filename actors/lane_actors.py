"""The actors of one lane, and how they are brought into a new epoch.

    claim (compare-and-set) -> start every actor for it -> name them in the store -> fence older ones -> settle

Actors are made once and serve epoch after epoch; Ray restarts a dead one, ``start`` arms it again. An actor that
doesn't answer is killed, so that Ray replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actors.fencing import fence
from actors.host import Empty, Host, Inbox
from actors.mailbox import ACTOR_LOST, ACTOR_SILENT, CONTROL, DATA, ActorPeer, Answer
from actors.reader import Assignment
from ingest.checkpoint.contract import FENCED, CheckpointStore, Member
from ingest.failover.facts import Memory
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.status import LaneState

FIRST_START_TIMEOUT_S = 120.0
"""A process that Ray has yet to start: its interpreter, imports and a busy machine."""

START_TIMEOUT_S = 15.0
"""A process that has served an epoch before; one that doesn't answer in this time hangs."""

RESTART_WAIT_S = 60.0


@dataclass(slots=True)
class LaneActors:
    """A lane's checkpoint actor and its sink actors; ``served``: those that have answered before, by name; ``memory``: what
    was read for the lane, for the choice of the next source."""

    lane: str
    checkpointer: ActorPeer
    shards: Sequence[ActorPeer]
    served: set[str] = field(default_factory=set)
    memory: Memory = field(default_factory=Memory)

    @property
    def everyone(self) -> tuple[ActorPeer, ...]:
        """All of them."""
        return (self.checkpointer, *self.shards)

    def end(self) -> None:
        """Kill them for good."""
        for peer in self.everyone:
            peer.end(restart=False)


def begin_epoch(
    actors: LaneActors,
    store: CheckpointStore,
    lease_ms: float,
    host: Host,
    claimed_before: bool,
    report: Callable[[LaneState, int], None],
) -> Assignment:
    """Bring a lane into a new epoch, as the design's steps 1 and 2 say. Problems of the store, the sink or an actor.

    ``claimed_before``: by this supervisor. When another one has claimed the lane since, this one gives way (DataProblem
    ``checkpoint.fenced``): two that take turns would never get anywhere."""
    me = host.this_process("supervisor")
    if claimed_before and (last := store.claimant(actors.lane)) != me:
        what = f"another supervisor has taken the lane (pid {last.pid if last else 'unknown'})"
        raise DataProblem(FENCED, what, {"lane": actors.lane})
    claim = store.claim(actors.lane, me)
    claimed_at_ms = host.monotonic_ms()
    report(LaneState.STARTING, claim.epoch)
    for peer in actors.everyone:
        peer.send("end_epoch", claim.epoch - 1, done=_ignore, group=CONTROL)
    members = _start_all(actors, claim.epoch, host)
    store.enlist(actors.lane, claim.epoch, members)
    report(LaneState.FENCING, claim.epoch)
    fence(claim.earlier_members, members, claimed_at_ms, lease_ms, host)
    store.settle(actors.lane, claim.epoch, members)
    return Assignment(actors.lane, claim.epoch, claim.record, actors.shards, actors.checkpointer, actors.memory)


def _start_all(actors: LaneActors, epoch: int, host: Host) -> list[Member]:
    """Start every actor side by side; each gives its process."""
    peers = actors.everyone
    answers: Inbox[tuple[ActorPeer, Answer]] = host.inbox()

    def start(peer: ActorPeer) -> None:
        peer.send("start", epoch, done=lambda answer: answers.put((peer, answer)), group=DATA)

    deadline_ms = host.monotonic_ms() + RESTART_WAIT_S * 1000
    for peer in peers:
        start(peer)
    members: list[Member] = []
    waiting = set(peers)
    while waiting:
        try:
            known = all(peer.name in actors.served for peer in waiting)
            peer, answer = answers.get(timeout=START_TIMEOUT_S if known else FIRST_START_TIMEOUT_S)
        except Empty:
            for silent in waiting:
                silent.end(restart=True)
            names = ", ".join(sorted(silent.name for silent in waiting))
            raise WorldProblem(ACTOR_SILENT, f"no answer to start from {names}; killed for a restart") from None
        if answer.problem is None:
            members.append(answer.value)
            actors.served.add(peer.name)
            waiting.discard(peer)
        elif _restarting(answer.problem) and host.monotonic_ms() < deadline_ms:
            host.sleep_ms(50)
            start(peer)
        else:
            raise answer.problem
    return members


def _restarting(problem: Problem) -> bool:
    return problem.code == ACTOR_LOST


def _ignore(_answer: Answer) -> None:
    """``end_epoch`` is a courtesy: a dead actor needs none."""
