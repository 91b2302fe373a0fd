"""``ingest replay CONFIG FILE...``: archived binlog files through a lane's rules, into its targets or beside them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from actors.cli import options, target
from actors.cli.live import LiveView
from actors.cli.session import Signals
from actors.cli.source import load_config
from actors.clock import SystemClock
from actors.parts.store import store_of
from actors.replay.files import look_at
from actors.replay.follow import Finished, follow
from actors.replay.report import plan_json, plan_lines
from actors.rewind.command import LaneOption, chosen_lane, refuse_living, running
from actors.runtime import LocalRay, join, leave
from ingest.binlog.gtid import GtidSet
from ingest.config.model import Config
from ingest.replay.archive import ArchivedFile
from ingest.replay.order import FileReading, before_all, readings
from ingest.replay.shadow import shadow_name, with_shadow
from ingest.status import ClusterStatus, LaneState

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Archived binlog files, in any order.")]
Into = Annotated[
    str | None,
    typer.Option("--into", metavar="SUFFIX",
                 help="Into a shadow: targets named TARGET-SUFFIX, with a frontier of their own (LANE@SUFFIX)."),
]  # fmt: skip
From = Annotated[
    str | None,
    typer.Option("--from", metavar="GTIDSET",
                 help="With --into: what a new shadow is taken to hold. [default: what came before the oldest file]"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replay:
    """What is done: the configuration with the lane (the shadow), its frontier before, and the files that are read."""

    config: Config
    lane: str
    shadow: bool
    frontier: GtidSet
    files: Sequence[ArchivedFile]
    readings: Sequence[FileReading]

    @property
    def goal(self) -> GtidSet:
        """What the frontier holds when it is done."""
        found = self.frontier
        for reading in self.readings:
            found = found.union(reading.fresh)
        return found


def replay(
    config: options.ConfigArgument,
    files: Files,
    lane: LaneOption = None,
    into: Into = None,
    from_: From = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be read.")] = False,
    as_json: options.AsJson = False,
    every: options.EverySeconds = 5.0,
    address: options.RayAddress = None,
) -> None:
    """Apply archived binlog files that a lane lacks.

    For a lane whose binlogs the server has purged: reads what its frontier lacks from the files, then the server's own
    binlog up to its end, applied as one, so that `run` can go on. With --into: the files alone, into targets beside the
    lane's. The order of the files is found out; what is missing between them is named.
    """
    loaded = load_config(config)
    plan = planned(loaded, chosen_lane(loaded, lane), files, into, from_)
    if not as_json:
        typer.echo("\n".join(plan_lines(plan)))
    finished: Finished | None = None
    if plan.readings and not dry_run:
        finished = _run(plan, address, None if as_json else every)
    if as_json:
        typer.echo(json.dumps(plan_json(plan, finished)))
    elif finished is not None:
        typer.echo(
            f"done, in epoch {finished.epoch}: {finished.applied:,} row changes; the frontier is {finished.frontier}"
        )
    elif not plan.readings:
        typer.echo("nothing to do: the frontier holds all of them")


def planned(config: Config, lane: str, paths: Sequence[Path], into: str | None, begin: str | None) -> Replay:
    """What a replay of these files would read. DataProblem names a file that can't be read, and what is missing."""
    if begin is not None and into is None:
        raise typer.BadParameter("--from goes with --into")
    if into is not None:
        config, lane = with_shadow(config, lane, into, begin), shadow_name(lane, into)
    found = []
    for path in dict.fromkeys(paths):
        typer.echo(f"looking through {path}", err=True)
        found.append(look_at(path))
    record = store_of(config).latest(lane)
    if record is not None:
        frontier = GtidSet.parse(record.frontier.executed)
    else:
        frontier = before_all(found) if begin is None else GtidSet.parse(begin)
    return Replay(config, lane, into is not None, frontier, found, readings(found, frontier))


def _run(planned: Replay, address: str | None, every_s: float | None) -> Finished:
    from actors.control import Pipeline
    from actors.replay.parts import ReplaySupervisor
    from actors.supervisor import Supervisor
    from actors.wiring import spawn, this_node

    with Signals() as signals, ExitStack() as stack:
        view = stack.enter_context(LiveView(sys.stdout, plain_every_s=every_s)) if every_s is not None else None

        def show(statuses: Sequence[ClusterStatus]) -> None:
            if view is not None:
                view.update(statuses)

        stack.enter_context(_ray_and_lane(planned, address))
        signals.take()  # Ray has taken SIGTERM
        cluster = planned.config.lanes[planned.lane].cluster
        parts = ReplaySupervisor(planned.config, planned.lane, planned.files, alone=planned.shadow, node=this_node())
        name = f"{planned.config.name}.replay/{planned.lane}"
        with Pipeline(name, {cluster: spawn(Supervisor, name, parts)}) as pipeline:
            return follow(pipeline, planned.goal, show, SystemClock())


@contextmanager
def _ray_and_lane(planned: Replay, address: str | None) -> Iterator[None]:
    """A Ray to run on, and the lane out of the way meanwhile: where its ingest runs, on that Ray with the lane paused;
    else on the Ray at the address, or one of our own."""
    found = None if planned.shadow else running(planned.config, address, missing_ok=True)
    if found is not None:
        with _paused(found, planned.lane):
            yield
        return
    if not planned.shadow:
        refuse_living(store_of(planned.config), planned.lane)
    local = None if address else LocalRay()
    try:
        join(local.start() if local else target.cluster_address(address or ""))
        yield
    finally:
        leave()
        if local:
            local.close()


@contextmanager
def _paused(found: target.Target, lane: str) -> Iterator[None]:
    """A lane of a running ingest, paused; it runs again afterwards unless a person had paused or drained it."""
    states = {one.lane: one.state for status in found.pipeline.status() for one in status.lanes}
    found.pipeline.pause(lane)
    try:
        yield
    finally:
        if states[lane] not in {LaneState.PAUSED, LaneState.DRAINED, LaneState.DRAINING}:
            found.pipeline.resume(lane)
        leave()
