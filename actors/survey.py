"""Asking every actor how it is, side by side and within a bound: the supervisor's status.

An actor that doesn't answer in time is left out of the picture (its lane shows the rest); nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.host import Empty, Host, Inbox
from actors.lane_actors import LaneActors
from actors.mailbox import ACTOR_SILENT, CONTROL, DATA, ActorPeer, Answer
from actors.run_report import LaneReport
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
    reader: str
    actors: LaneActors | None
    report: LaneReport | None
    frontier: str


def survey(
    lanes: Sequence[LaneFacts], readers: Sequence[ActorPeer], host: Host
) -> tuple[tuple[LaneStatus, ...], tuple[ReaderStatus, ...]]:
    """All lanes and readers, with what their actors said."""
    peers = [peer for facts in lanes if facts.actors for peer in facts.actors.everyone]
    told = ask_side_by_side([*peers, *readers], host, ANSWER_WITHIN_S, CONTROL, "status")
    answers = {peer: answer.value for peer, answer in told if answer.problem is None}
    found = tuple(answers[reader] for reader in readers if isinstance(answers.get(reader), ReaderStatus))
    return tuple(_lane_status(facts, answers) for facts in lanes), found


def ask_side_by_side(
    peers: Sequence[ActorPeer], host: Host, within_s: float, group: str, method: str, *arguments: object
) -> Iterator[tuple[ActorPeer, Answer]]:
    """Ask all, and give each answer when it comes; who hasn't answered in time is left out."""
    inbox: Inbox[tuple[ActorPeer, Answer]] = host.inbox()
    for peer in peers:
        peer.send(method, *arguments, done=partial(_deliver, inbox, peer), group=group)
    deadline_ms = host.monotonic_ms() + within_s * 1000
    for _ in peers:
        try:
            yield inbox.get(timeout=max(0.0, deadline_ms - host.monotonic_ms()) / 1000)
        except Empty:
            return


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
        reader=facts.reader,
        shards=shards,
        checkpoint=checkpoint,
        lost=report.lost,
        dropped_transactions=report.dropped_transactions,
        dropped_rows=report.dropped_rows,
        snapshot_rows=report.snapshot_rows,
    )


def ask_shards(actors: LaneActors, host: Host, method: str, *arguments: object) -> list[Any]:
    """Ask every shard of a lane side by side, each behind the parcels it has; the first problem is raised."""
    values: list[Any] = []
    for _, answer in ask_side_by_side(actors.shards, host, LETTERS_WITHIN_S, DATA, method, *arguments):
        if answer.problem is not None:
            raise answer.problem
        values.append(answer.value)
    if len(values) < len(actors.shards):
        what = f"a sink actor of {actors.lane} didn't answer within {LETTERS_WITHIN_S:g} s"
        raise WorldProblem(ACTOR_SILENT, what, {"lane": actors.lane})
    return values
