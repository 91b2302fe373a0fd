"""``ingest run``: a configuration in the foreground."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer

from actors import logs
from actors.cli import options
from actors.cli.live import JsonView, LiveView, View
from actors.cli.ray_watch import while_alive
from actors.cli.reporting import text_of
from actors.cli.servers import all_problems, problems_by_lane
from actors.cli.session import Session, Signals
from actors.cli.source import load_config, with_on_gap
from actors.cli.target import cluster_address
from actors.codec import codec_line
from actors.control import Pipeline, launch
from actors.runtime import LocalRay, RayAddress, Run, forget_run, join, known_runs, leave, record_run
from ingest.config.model import Config
from ingest.problems import DataProblem, ProblemGroup, WorldProblem, declare
from ingest.trace import TraceFilter

ALREADY_RUNNING = declare(
    "run.already_running",
    "An ingest of this name runs on this machine.",
    "End it with `ingest stop NAME`, or give this configuration another `name`.",
)

DrainSeconds = Annotated[
    float,
    typer.Option("--drain-seconds", min=0, max=3600, metavar="SECONDS",
                 help="After Ctrl-C or SIGTERM: how long what was read may take to be applied."),
]  # fmt: skip
TraceFlow = Annotated[
    str | None,
    typer.Option("--trace-flow", metavar="table=DB.TABLE|key=KEY",
                 help="Log the whole way of each change of a table (with * and ?), of a document key, or"
                 " (table=...,key=...) of both."),
]  # fmt: skip


def run(
    config: options.ConfigArgument,
    address: options.RayAddress = None,
    drain_seconds: DrainSeconds = 20.0,
    trace_flow: TraceFlow = None,
    on_gap: options.OnGapOption = None,
    as_json: options.AsJson = False,
    every: options.EverySeconds = 5.0,
    log_level: options.LogLevel = "info",
    log_json: options.LogJson = None,
) -> None:
    """Run a configuration in the foreground, with a live view.

    Starts a Ray of its own on loopback, or joins one (--address). Ctrl-C or SIGTERM stops reading, waits until what was
    read is applied, and exits 0; a second one stops at once. Either way the next start goes on exactly where this one
    ended.
    """
    logs.configure(log_level, json=log_json)
    loaded = with_on_gap(load_config(config), on_gap)
    trace = TraceFilter.parse(trace_flow) if trace_flow else None
    view: View = JsonView(sys.stdout, every_s=every) if as_json else LiveView(sys.stdout, plain_every_s=every)
    _refuse_twice(loaded.name)
    with Signals() as signals, view:
        try:
            _check(loaded, view)
            with (
                _ray(address, trace, view, signals) as ray_address,
                _launched(loaded, ray_address, trace, view) as pipeline,
            ):
                session = Session(pipeline, view, signals, drain_seconds, time.monotonic)
                drained = session.follow()
                view.phase("stopping")
        except KeyboardInterrupt:
            view.say("stopped before anything was read")
            return
        view.say(_farewell(session, drained))


def _refuse_twice(name: str) -> None:
    running = [one for one in known_runs() if one.name == name]
    if running:
        where = {"ray": running[0].ray.address, **({"pid": running[0].pid} if running[0].pid else {})}
        raise DataProblem(ALREADY_RUNNING, f"an ingest named {name!r} runs already", where)


def _check(config: Config, view: View) -> None:
    """Ask the servers before anything starts. ProblemGroup when no lane can run; else the problems are told and the
    lanes deal with them: a lane's trouble is its own, and what is down may come up.
    """
    view.phase("checking the servers")
    found = problems_by_lane(config, every_host=False)
    problems = all_problems(found)
    if all(any(isinstance(problem, DataProblem) for problem in of_lane) for of_lane in found.values()):
        raise ProblemGroup(problems)
    for problem in problems:
        view.say(text_of([problem]))


@contextmanager
def _ray(address: str | None, trace: TraceFilter | None, view: View, signals: Signals) -> Iterator[RayAddress]:
    """A Ray of our own, or the one at the address, joined; traces come from its actors' logs."""
    local = None if address else LocalRay()
    try:
        view.phase("starting Ray" if local else "joining Ray")
        ray_address = local.start() if local else cluster_address(address or "")
        join(ray_address, show_logs=trace is not None)
        signals.take()  # Ray has taken SIGTERM
        with while_alive(lambda: local.is_alive) if local else nullcontext():
            yield ray_address
    finally:
        leave()
        if local:
            local.close()


@contextmanager
def _launched(config: Config, ray_address: RayAddress, trace: TraceFilter | None, view: View) -> Iterator[Pipeline]:
    """The pipeline, checked, started and on record; ended in whatever way the block ends."""
    view.phase("starting")
    view.say(codec_line())
    pipeline = launch(config, trace)
    try:
        record_run(Run(config.name, ray_address, tuple(config.clusters), os.getpid()))
        if ray_address.dashboard_url:
            view.say(f"Ray dashboard: {ray_address.dashboard_url}")
        yield pipeline
    finally:
        forget_run(config.name)
        _stop(pipeline, view)


def _stop(pipeline: Pipeline, view: View) -> None:
    try:
        pipeline.stop()
    except WorldProblem as problem:
        view.say(f"the supervisors didn't end by themselves: {problem.what}")


def _farewell(session: Session, drained: bool) -> str:
    applied = sum(lane.applied for status in session.statuses for lane in status.lanes)
    lead = "drained: all that was read is applied" if drained else "stopped before all that was read was applied"
    return f"{lead}; {applied:,} changes in this run; the next start goes on from the frontier"
