"""``ingest pause``, ``resume``, ``drain`` and ``stop``: what a person does to a running ingest."""

from __future__ import annotations

import json
from collections.abc import Sequence

import typer

from actors.cli import options, target
from actors.runtime import forget_run
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.status import LaneState

NOT_DRAINED = declare(
    "lane.not_drained",
    "Not all that was read had been applied when the time was up.",
    "Look at `ingest status` for what the lane waits for; drain again, or stop: the frontier is exact all the same.",
)
WHOLE_ONLY = declare(
    "cli.whole_only", "`stop` ends a whole ingest.", "Give the ingest's name alone, or `pause` or `drain` the lane."
)


def pause(name: options.NameArgument, as_json: options.AsJson = False, address: options.RayAddress = None) -> None:
    """Stop applying changes, keeping the place.

    It stays so over restarts until `resume`.
    """
    found = target.find(name, address)
    lanes = found.lanes()
    for lane in lanes:
        found.pipeline.pause(lane)
    _tell(found, "paused", lanes, as_json)


def resume(name: options.NameArgument, as_json: options.AsJson = False, address: options.RayAddress = None) -> None:
    """Go on after `pause`, or after a lane has stopped.

    It also lets a drained lane run again.
    """
    found = target.find(name, address)
    lanes = found.lanes()
    for lane in lanes:
        found.pipeline.resume(lane)
    _tell(found, "resumed", lanes, as_json)


def drain(
    name: options.NameArgument,
    timeout_seconds: options.TimeoutSeconds = 60.0,
    as_json: options.AsJson = False,
    address: options.RayAddress = None,
) -> None:
    """Stop reading, and wait until all that was read is applied.

    Exit status 1 when the time is up before.
    """
    found = target.find(name, address)
    if not found.pipeline.drain(found.lane, timeout_seconds):
        pending = [
            f"{lane.lane} {lane.buffered_rows:,} rows"
            for status in found.pipeline.status()
            for lane in status.lanes
            if lane.state is not LaneState.DRAINED and found.lane in {None, lane.lane}
        ]
        what = f"not drained within {timeout_seconds:g} s: {', '.join(pending)}"
        raise WorldProblem(NOT_DRAINED, what, {"name": found.name})
    _tell(found, "drained", found.lanes(), as_json)


def stop(name: options.NameArgument, as_json: options.AsJson = False, address: options.RayAddress = None) -> None:
    """End an ingest: its supervisors and all their actors.

    Exact at any moment: the next start goes on from the durable frontier. `drain` first to leave nothing under way.
    """
    found = target.find(name, address)
    if found.lane is not None:
        raise DataProblem(WHOLE_ONLY, "one lane can't be stopped on its own", {"name": found.name})
    lanes = found.lanes()
    found.pipeline.stop()
    forget_run(found.run.name)
    _tell(found, "stopped", lanes, as_json)


def _tell(found: target.Target, done: str, lanes: Sequence[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": found.name, "lanes": list(lanes), "done": done}))
    else:
        typer.echo(f"{done} {found.run.name}: {', '.join(lanes)}")
