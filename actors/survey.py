"""Asking every actor how it is, side by side and within a bound: the supervisor's status.

An actor that doesn't answer in time is left out of the picture (its lane shows the rest); nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.host import Empty, Host, Inbox
from actors.lane_actors import LaneActors
from actors.mailbox import ACTOR_SILENT, CONTROL, DATA, ActorPeer, Answer
from actors.stream import LaneReport
from ingest.problems import WorldProblem
from ingest.status import LaneState, LaneStatus, ProcessStatus, ReaderStatus, ShardStatus

ANSWER_WITHIN_S = 1.5
LETTERS_WITHIN_S = 240.0
"""How long the shards may take for a few dead letters: behind what they have in hand, and with a slow sink."""


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """What the supervisor itself knows of a lane. ``frontier``: the last durable one that its reader told."""

    lane: str
    sink: str
    state: LaneState
    epoch: int
    restarts: int
    problem: str
    shared_reader: bool
    actors: LaneActors | None
    report: LaneReport | None
    frontier: str


def survey(
    lanes: Sequence[LaneFacts], readers: Sequence[ActorPeer], host: Host
) -> tuple[tuple[LaneStatus, ...], tuple[ReaderStatus, ...]]:
    """All lanes and readers, with what their actors said."""
    peers = [peer for facts in lanes if facts.actors for peer in facts.actors.everyone]
    answers = _ask_all([*peers, *readers], host)
    found = tuple(answers[reader] for reader in readers if isinstance(answers.get(reader), ReaderStatus))
    return tuple(_lane_status(facts, answers) for facts in lanes), found


def _ask_all(peers: Sequence[ActorPeer], host: Host) -> dict[ActorPeer, Any]:
    inbox: Inbox[tuple[ActorPeer, Answer]] = host.inbox()
    for peer in peers:
        peer.send("status", done=partial(_deliver, inbox, peer), group=CONTROL)
    deadline_ms = host.monotonic_ms() + ANSWER_WITHIN_S * 1000
    answers: dict[ActorPeer, Any] = {}
    for _ in peers:
        try:
            peer, answer = inbox.get(timeout=max(0.0, deadline_ms - host.monotonic_ms()) / 1000)
        except Empty:
            break
        if answer.problem is None:
            answers[peer] = answer.value
    return answers


def _deliver(inbox: Inbox[tuple[ActorPeer, Answer]], peer: ActorPeer, answer: Answer) -> None:
    inbox.put((peer, answer))


def _lane_status(facts: LaneFacts, answers: dict[ActorPeer, Any]) -> LaneStatus:
    report = facts.report or LaneReport(facts.lane, facts.epoch)
    shards: tuple[ShardStatus, ...] = ()
    checkpoint: ProcessStatus | None = None
    trouble = facts.problem
    if facts.actors is not None:
        shards = tuple(answers[peer] for peer in facts.actors.shards if peer in answers)
        if facts.actors.checkpointer in answers:
            checkpoint, stores_trouble = answers[facts.actors.checkpointer]
            trouble = trouble or stores_trouble
    return LaneStatus(
        lane=facts.lane,
        sink=facts.sink,
        state=facts.state,
        epoch=facts.epoch,
        frontier=report.frontier or facts.frontier,
        partial_rows=report.partial_rows,
        frontier_age_ms=report.frontier_age_ms,
        read_rows=report.read_rows,
        buffered_rows=report.buffered_rows,
        buffered_bytes=report.buffered_bytes,
        in_flight=report.in_flight,
        restarts=facts.restarts,
        problem=trouble or next((shard.trouble for shard in shards if shard.trouble), ""),
        shared_reader=facts.shared_reader,
        shards=shards,
        checkpoint=checkpoint,
        lost=report.lost,
    )


def ask_shards(actors: LaneActors, host: Host, method: str, *arguments: object) -> list[Any]:
    """Ask every shard of a lane side by side, each behind the parcels it has; the first problem is raised."""
    answers: Inbox[Answer] = host.inbox()
    for shard in actors.shards:
        shard.send(method, *arguments, done=answers.put, group=DATA)
    deadline_ms = host.monotonic_ms() + LETTERS_WITHIN_S * 1000
    values: list[Any] = []
    for _ in actors.shards:
        try:
            answer = answers.get(timeout=max(0.0, deadline_ms - host.monotonic_ms()) / 1000)
        except Empty:
            what = f"a sink actor of {actors.lane} didn't answer within {LETTERS_WITHIN_S:g} s"
            raise WorldProblem(ACTOR_SILENT, what, {"lane": actors.lane}) from None
        if answer.problem is not None:
            raise answer.problem
        values.append(answer.value)
    return values
