"""``ingest rewind CONFIG --to POINT``: shown, confirmed, carried out."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from actors.cli import options, target
from actors.cli.confirm import confirm
from actors.cli.source import load_config
from actors.clock import SystemClock
from actors.drivers.store import SqlCheckpointStore
from actors.members import is_gone, this_process
from actors.parts.store import store_of
from actors.rewind.carry_out import carry_out
from actors.rewind.report import plan_json, plan_lines
from actors.rewind.survey import survey_rewind
from actors.runtime import known_runs, leave
from actors.verify.lanes import chosen_lanes
from ingest.config.check import config_version
from ingest.config.model import Config
from ingest.problems import DataProblem, declare
from ingest.rewind.moment import parse_point
from ingest.rewind.plan import Asked, RewindPlan
from ingest.sinks.registry import state_name

LANE_RUNS = declare(
    "rewind.lane_runs",
    "A process of the lane runs, and no supervisor of it is known.",
    "If it runs on a Ray cluster, name it with --address; else end it first.",
)
WHICH_LANE = declare("cli.which_lane", "The configuration has several lanes.", "Name one with --lane.")

LEAVING_MS = 5_000.0

To = Annotated[
    str,
    typer.Option("--to", metavar="POINT",
                 help="A GTID set, or a moment: 2026-11-22T01:30:00Z (UTC without a zone), or -2h, -1d12h, -90s:"
                 " everything committed since then is read again."),
]  # fmt: skip
LaneOption = Annotated[
    str | None, typer.Option("--lane", metavar="LANE", help="Which lane. [default: the only one there is]")
]


def rewind(
    config: options.ConfigArgument,
    to: To,
    lane: LaneOption = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Go forward too: the transactions in between are never applied.")
    ] = False,
    new_state: Annotated[
        bool, typer.Option("--new-state", help="Give up the state that the lane's sink keeps; a new one begins there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: options.AsJson = False,
    address: options.RayAddress = None,
) -> None:
    """Take a lane back to an older point of the binlog, in a new epoch.

    Shows first what will be read again, and asks. A lane that runs is stopped and started, the others don't notice; when
    nothing runs, the next `run` goes on from there. All up to the source's end is then applied as one: no document goes
    back, although older changes are read again.
    """
    loaded = load_config(config)
    name = chosen_lane(loaded, lane)
    state = state_name(loaded.sinks[loaded.lanes[name].sink]) if new_state else None
    asked = Asked(parse_point(to, SystemClock().wall_us()), skip, state)
    found = running(loaded, address)
    store = store_of(loaded)
    plan = survey_rewind(loaded, name, store, asked, lambda line: typer.echo(line, err=True))
    if not as_json:
        typer.echo("\n".join(plan_lines(plan, asked)))
    epoch = None
    goes_on = False
    if not dry_run:
        confirm("Do it?", yes=yes)
        epoch, goes_on = _carry_out(store, plan, found)
    if as_json:
        typer.echo(json.dumps({**plan_json(plan, asked), "new_epoch": epoch, "done": not dry_run, "running": goes_on}))
    elif epoch is not None:
        following = "the lane goes on" if goes_on else "it goes on from there when it is started or resumed"
        typer.echo(f"done, in epoch {epoch}; {following}")


def _carry_out(store: SqlCheckpointStore, plan: RewindPlan, found: target.Target | None) -> tuple[int, bool]:
    if found is not None:
        return found.pipeline.rewind(plan.lane, plan.order)
    refuse_living(store, plan.lane)
    return carry_out(store, plan.lane, plan.order, this_process("rewind")).epoch, False


def refuse_living(store: SqlCheckpointStore, lane: str) -> None:
    """DataProblem ``rewind.lane_runs`` when a process on this machine may write for the lane, and doesn't end in a moment
    (its run was just killed). One elsewhere is fenced by the next epoch, and waited for when that starts."""
    clock = SystemClock()
    deadline_ms = clock.monotonic_ms() + LEAVING_MS
    while alive := [member for member in store.members(lane) if is_gone(member) is False]:
        if clock.monotonic_ms() < deadline_ms:
            clock.sleep_ms(100)
            continue
        who = ", ".join(f"{member.role} (pid {member.pid})" for member in alive)
        raise DataProblem(LANE_RUNS, f"{who} may write for lane {lane}", {"lane": lane})


def chosen_lane(config: Config, lane: str | None) -> str:
    """The lane named, or the only one."""
    if lane is None and len(config.lanes) == 1:
        return next(iter(config.lanes))
    if lane is None:
        raise DataProblem(WHICH_LANE, f"there are {', '.join(config.lanes)}")
    return chosen_lanes(config, [lane])[0]


def running(config: Config, address: str | None, *, missing_ok: bool = False) -> target.Target | None:
    """The ingest of this configuration, when it runs: on this machine, or on the Ray at the address (where it must,
    unless ``missing_ok``). DataProblem ``run.other_configuration`` when what runs is another."""
    if address is None and all(run.name != config.name for run in known_runs()):
        return None
    try:
        found = target.find(config.name, address)
    except DataProblem as problem:
        if missing_ok and problem.code is target.NO_SUCH_INGEST:
            leave()
            return None
        raise
    from actors.control import OTHER_CONFIG

    versions = found.pipeline.config_versions()
    if versions != {config_version(config)}:
        what = f"{config.name} runs configuration {', '.join(versions)}, this one is {config_version(config)}"
        raise DataProblem(OTHER_CONFIG, what)
    return found
