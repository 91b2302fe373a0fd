"""``ingest verify CONFIG``: every row of MySQL compared with the sinks."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from actors.cli.options import AsJson, ConfigArgument
from actors.cli.source import load_config
from actors.verify.lanes import VerifyOptions, chosen_lanes
from actors.verify.processes import verify_lanes
from actors.verify.report import ProgressLine, differences_of, verdict_lines

EXIT_DIFFERENT = 1


def verify(
    config: ConfigArgument,
    lane: Annotated[
        list[str] | None, typer.Option("--lane", metavar="LANE", help="Only this lane (repeatable).")
    ] = None,
    wait_seconds: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long a lane may stand still while MySQL is ahead.")
    ] = 10.0,
    chunk_rows: Annotated[int, typer.Option(min=1, max=100_000, metavar="ROWS", help="Rows per SELECT.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Compare every row of MySQL with the sinks.

    Rows are read by SELECT, in chunks by primary key, put through the lane's rules, and compared value for value with
    what the sink holds, both ways. It may run while the lanes do: a row that differs is looked at again after the
    lane's frontier has passed it. Exit code 1, and the keys, when anything differs.
    """
    loaded = load_config(config)
    options = VerifyOptions(wait_ms=wait_seconds * 1000, chunk_rows=chunk_rows)
    verdicts = []
    with ProgressLine(sys.stderr) as progress:
        for verdict in verify_lanes(loaded, chosen_lanes(loaded, lane or ()), options, progress):
            verdicts.append(verdict)
            if not as_json:
                for line in verdict_lines(verdict):
                    typer.echo(line)
    differences = differences_of(verdicts)
    if as_json:
        typer.echo(json.dumps({"differences": differences, "lanes": [verdict.to_json() for verdict in verdicts]}))
    if differences:
        raise typer.Exit(EXIT_DIFFERENT)
