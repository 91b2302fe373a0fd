"""``ingest trace CONFIG SINK ID``: where a document came from, or why it isn't there."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from actors.cli.options import AsJson, ConfigArgument
from actors.cli.source import load_config
from actors.lineage.report import traced_json, traced_lines
from actors.lineage.survey import Question, trace_lane
from ingest.config.model import Config
from ingest.problems import DataProblem, declare

NO_SUCH_SINK = declare(
    "cli.no_such_sink",
    "The configuration has no sink of this name that a lane writes to.",
    "Name one of the sinks that it has; a blackhole keeps nothing.",
)
EXIT_DISAGREES = 1


def trace(
    config: ConfigArgument,
    sink: Annotated[str, typer.Argument(metavar="SINK", help="A sink's name in the configuration.")],
    key: Annotated[str, typer.Argument(metavar="ID", help="The document's id there (HBase: the row key).")],
    lane: Annotated[
        list[str] | None, typer.Option("--lane", metavar="LANE", help="Only this lane (repeatable).")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="Only this index or table.")] = None,
    files: Annotated[
        int, typer.Option("--files", min=1, max=100_000, metavar="N", help="Read at most so many binlog files.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Say where a document came from, or why it isn't there.

    Asks the sink for the document, the store for dead letters and the frontier, MySQL for the row (where the id is its
    primary key), and reads the server's binlogs from the newest file back for the id's newest change. Nothing is written.
    Exit code 1 when the document isn't as its newest change has it.
    """
    loaded = load_config(config)
    question = Question(key, target, files)
    traced = [
        one
        for name in lanes_of(loaded, sink, lane or ())
        for one in trace_lane(loaded, name, question, lambda line: typer.echo(line, err=True))
    ]
    if as_json:
        typer.echo(json.dumps({"traces": [traced_json(sink, key, one) for one in traced]}, ensure_ascii=False))
    for one in () if as_json else traced:
        for line in traced_lines(sink, key, one):
            typer.echo(line)
    if not traced:
        typer.echo("no rule writes documents of this id anywhere that is known", err=True)
    if not all(one.verdict.agrees for one in traced):
        raise typer.Exit(EXIT_DISAGREES)


def lanes_of(config: Config, sink: str, names: tuple[str, ...] | list[str]) -> list[str]:
    """The lanes that write to a sink, or those of them that are named. DataProblem ``cli.no_such_sink``."""
    found = [name for name, lane in config.lanes.items() if lane.sink == sink and (not names or name in names)]
    if not found or config.sinks[sink].type == "blackhole":
        known = sorted({lane.sink for lane in config.lanes.values() if config.sinks[lane.sink].type != "blackhole"})
        raise DataProblem(NO_SUCH_SINK, f"no lane writes to {sink!r}; there are {', '.join(known)}", {"sink": sink})
    return found
