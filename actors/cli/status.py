"""``ingest status``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from actors.cli import options, target
from actors.cli.lines import status_lines
from actors.cli.live import JsonView, LiveView, View
from actors.cli.meter import Meter
from actors.cli.session import Signals
from actors.cli.status_json import to_json
from actors.cli.tables import overview
from ingest.status import ClusterStatus

Watch = Annotated[bool, typer.Option("--watch", help="Go on showing until Ctrl-C.")]


def status(
    name: options.OptionalName = None,
    as_json: options.AsJson = False,
    watch: Watch = False,
    every: options.EverySeconds = 1.0,
    address: options.RayAddress = None,
) -> None:
    """What runs: lanes, shards, readers, lag, problems.

    Without a terminal the same as plain lines; with --json as one JSON object (with --watch: one a line).
    """
    found = target.find(name, address)
    if watch:
        view: View = JsonView(sys.stdout, every_s=every) if as_json else LiveView(sys.stdout, plain_every_s=every)
        _watch(found, view, every)
    else:
        _once(found.pipeline.status(), as_json=as_json)


def _once(statuses: Sequence[ClusterStatus], *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json(statuses, indent=2))
    elif sys.stdout.isatty():
        console = Console(highlight=False)
        console.print(overview(statuses, Meter().update(statuses, time.monotonic()), console.width))
    else:
        for line in status_lines(statuses):
            typer.echo(line)


def _watch(found: target.Target, view: View, every_s: float) -> None:
    with Signals() as signals, view:
        signals.count_from_now()
        while True:
            view.update(found.pipeline.status())
            if signals.wait(every_s):
                return
