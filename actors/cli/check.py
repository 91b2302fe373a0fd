"""``ingest check``: a configuration by itself and, with --connect, against its servers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from actors.cli import options
from actors.cli.reporting import exit_code, problem_json
from actors.cli.source import load_config
from ingest.config.model import Config
from ingest.problems import Problem, ProblemGroup

Connect = Annotated[
    bool,
    typer.Option(
        "--connect", help="Also ask the servers: settings, grants, tables and columns, sinks. Nothing is written."
    ),
]


def check(config: options.ConfigArgument, connect: Connect = False, as_json: options.AsJson = False) -> None:
    """Check a configuration, and with --connect its servers too.

    All mistakes are told at once. Exit status 2 when the configuration is wrong, 1 when a server isn't as needed.
    """
    try:
        loaded = load_config(config)
        if connect:
            _ask_servers(loaded)
    except (Problem, ProblemGroup) as found:
        if not as_json:
            raise
        problems = found.problems if isinstance(found, ProblemGroup) else (found,)
        _print_json(problems)
        raise typer.Exit(exit_code(problems)) from None
    if as_json:
        _print_json(())
    else:
        typer.echo(f"ok: {config}: {_summary(loaded)}" + ("; the servers are as needed" if connect else ""))


def _ask_servers(config: Config) -> None:
    from actors.cli.servers import check_servers  # the servers' clients are needed for this only

    check_servers(config)


def _print_json(problems: Sequence[Problem]) -> None:
    typer.echo(json.dumps({"ok": not problems, "problems": [problem_json(one) for one in problems]}, indent=2))


def _summary(config: Config) -> str:
    rules = sum(len(lane.rules) for lane in config.lanes.values())
    counts = (
        (len(config.clusters), "cluster"),
        (len(config.sinks), "sink"),
        (len(config.lanes), "lane"),
        (rules, "rule"),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
