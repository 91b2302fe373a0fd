"""``ingest launch-job``: the driver of the Ray job that ``ingest submit`` makes; runs on the cluster.

It launches the detached supervisors, waits until every lane runs or says why not, and exits: the supervisors stay.
"""

from __future__ import annotations

import os
import time

import ray
import typer

from actors import logs
from actors.cli import options
from actors.cli.lines import problems_of, status_lines
from actors.cli.source import load_config, with_on_gap
from actors.control import Pipeline, launch
from actors.runtime import RayAddress, Run, join, record_run
from ingest.problems import WorldProblem, declare
from ingest.status import ClusterStatus, LaneState

NOT_STARTED = declare(
    "run.not_started",
    "A launched lane didn't begin to run in time; its supervisor goes on trying.",
    "Look at the problem named and at `ingest status`; `ingest stop NAME` gives up.",
)

START_S = 60.0
POLL_S = 0.5


def launch_job(
    config: options.ConfigArgument, on_gap: options.OnGapOption = None, log_level: options.LogLevel = "info"
) -> None:
    """What `submit` runs on the cluster."""
    logs.configure(log_level)
    loaded = with_on_gap(load_config(config), on_gap)
    join(RayAddress("auto", "", os.environ.get("RAY_AUTH_TOKEN_PATH", "")))
    pipeline = launch(loaded)
    gcs = ray.get_runtime_context().gcs_address
    token_path = os.environ.get("RAY_AUTH_TOKEN_PATH", "")
    record_run(Run(loaded.name, RayAddress(gcs, "", token_path), tuple(loaded.clusters)))
    for line in status_lines(_await_running(pipeline)):
        typer.echo(line)


def _await_running(pipeline: Pipeline) -> tuple[ClusterStatus, ...]:
    """The status once no lane is starting any more. WorldProblem ``run.not_started`` names those in trouble."""
    under_way = {LaneState.STARTING, LaneState.FENCING}
    deadline_s = time.monotonic() + START_S
    while True:
        statuses = pipeline.status()
        states = {lane.state for status in statuses for lane in status.lanes}
        if not states & {*under_way, LaneState.BACKOFF, LaneState.STOPPED}:
            return statuses
        if time.monotonic() > deadline_s or not states & {*under_way, LaneState.BACKOFF}:
            found = [f"{place}: {text}" for status in statuses for place, text in problems_of(status)]
            raise WorldProblem(NOT_STARTED, "; ".join(found) or f"not running after {START_S:g} s")
        time.sleep(POLL_S)
