"""``ingest check``: a configuration by itself and, with --connect, against its servers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from actors.cli import options
from actors.cli.reporting import exit_code, problem_json
from actors.cli.source import load_config
from ingest.config.model import Config
from ingest.problems import Problem, ProblemGroup
from ingest.status import HostStatus

Hosts = Mapping[str, Sequence[HostStatus]]
"""By cluster."""

Connect = Annotated[
    bool,
    typer.Option(
        "--connect", help="Also ask the servers: settings, grants, tables and columns, sinks. Nothing is written."
    ),
]


def check(config: options.ConfigArgument, connect: Connect = False, as_json: options.AsJson = False) -> None:
    """Check a configuration, and with --connect its servers too.

    All mistakes are told at once; of a cluster of several hosts, what each is. Exit status 2 when the configuration is
    wrong, 1 when a server isn't as needed.
    """
    try:
        loaded = load_config(config)
    except (Problem, ProblemGroup) as found:
        if not as_json:
            raise
        _end_json(found.problems if isinstance(found, ProblemGroup) else (found,), {})
    problems, hosts = _asked(loaded) if connect else ((), {})
    if as_json:
        _end_json(problems, hosts)
    if not problems:
        typer.echo(f"ok: {config}: {_summary(loaded)}" + ("; the servers are as needed" if connect else ""))
    _print_hosts(hosts)
    if problems:
        raise ProblemGroup(problems)


def _asked(config: Config) -> tuple[Sequence[Problem], Hosts]:
    from actors.cli.hosts import hosts_by_cluster  # the servers' clients are needed for this only
    from actors.cli.servers import all_problems, problems_by_lane

    problems = all_problems(problems_by_lane(config, every_host=True))
    try:
        return problems, hosts_by_cluster(config)
    except Problem:
        return problems, {}  # a secret isn't there: it is among the problems


def _print_hosts(hosts: Hosts) -> None:
    if hosts:
        from actors.cli.hosts import host_lines

        for line in host_lines(hosts):
            typer.echo(line)


def _end_json(problems: Sequence[Problem], hosts: Hosts) -> NoReturn:
    shown = {cluster: [asdict(host) for host in of_cluster] for cluster, of_cluster in hosts.items()}
    problems_shown = [problem_json(one) for one in problems]
    typer.echo(json.dumps({"ok": not problems, "problems": problems_shown, "hosts": shown}, indent=2))
    raise typer.Exit(exit_code(problems) if problems else 0)


def _summary(config: Config) -> str:
    rules = sum(len(lane.rules) for lane in config.lanes.values())
    counts = (
        (len(config.clusters), "cluster"),
        (len(config.sinks), "sink"),
        (len(config.lanes), "lane"),
        (rules, "rule"),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
