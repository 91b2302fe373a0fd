"""``ingest targets``: where Prometheus scrapes, as a file for its service discovery."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from actors.cli import options, target
from actors.cli.session import Signals
from actors.metrics.discovery import targets_json, write_targets
from ingest.problems import WorldProblem

Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write this file, in one step. [default: stdout]")
]
Watch = Annotated[bool, typer.Option("--watch", help="Keep the file current until Ctrl-C (with --output).")]


def targets(
    name: options.OptionalName = None,
    output: Output = None,
    watch: Watch = False,
    every: options.EverySeconds = 15.0,
    address: options.RayAddress = None,
) -> None:
    """Where Prometheus scrapes, as a file for its service discovery.

    The form is that of `file_sd_configs`: one address per Ray node on which an ingest has a supervisor.
    """
    found = target.find(name, address)
    if output is None:
        typer.echo(targets_json(_addresses(found)), nl=False)
        return
    with Signals() as signals:
        signals.count_from_now()
        write_targets(output, _addresses(found))
        while watch and not signals.wait(every):
            try:
                addresses = _addresses(found)
            except WorldProblem as problem:  # a supervisor that restarts: the file stays as it is
                typer.echo(f"not renewed: {problem.what}", err=True)
            else:
                write_targets(output, addresses)


def _addresses(found: target.Target) -> Sequence[str]:
    return [address for status in found.pipeline.status() for address in status.metrics]
