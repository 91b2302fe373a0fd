"""``ingest dlq``: dead letters. ``list``, ``show`` and ``export`` read the store; ``retry`` asks the running lane; ``drop``
writes the store and tells the lane if it runs.

A document's letters belong together: ``retry`` and ``drop`` take all of a document's when one is meant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer

from actors import logs
from actors.cli import letters as views
from actors.cli import options, target
from actors.cli.confirm import confirm
from actors.cli.reporting import EXIT_PROBLEM, text_of
from actors.cli.source import load_config
from actors.clock import SystemClock
from actors.drivers.dead_letters import Selection, SqlDeadLetters
from actors.parts.store import store_url
from ingest.config.model import Config
from ingest.dead_letters.contract import RetryReport
from ingest.dead_letters.letter import DeadLetter, Place
from ingest.dead_letters.shown import letter_json, shown_row
from ingest.native.slice_decoder import new_slice_decoder
from ingest.problems import DataProblem, Problem, declare

NO_SUCH_LETTER = declare(
    "cli.no_such_letter", "There is no dead letter of that number.", "`ingest dlq list CONFIG` shows those there are."
)
NO_SELECTION = declare(
    "cli.no_selection",
    "The command doesn't say which dead letters are meant.",
    "Give numbers, --lane, --key or --reason, or --all.",
)

AT_ONCE = 50
"""Documents retried in one call: the lane goes on between two."""

app = typer.Typer(no_args_is_help=True, help="Dead letters: what a sink refused, and what waits behind.")

Numbers = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]", help="Letters by number.")]
Lane = Annotated[str | None, typer.Option("--lane", metavar="LANE", help="Only letters of this lane.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Only letters with this reason.")]
Key = Annotated[str | None, typer.Option("--key", metavar="KEY", help="Only letters of this key in the sink.")]
Every = Annotated[bool, typer.Option("--all", help="All letters of all lanes.")]


@app.command("list")
def list_letters(
    config: options.ConfigArgument,
    lane: Lane = None,
    reason: Reason = None,
    key: Key = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many, the oldest.")] = 100,
    as_json: options.AsJson = False,
) -> None:
    """List letters, the oldest first.

    A letter is `poison` when the sink refused it, `held` when it waits behind one that is.
    """
    _, store = _open(config)
    found = list(store.find(Selection(lane or "", reason or "", key), limit + 1))
    shown, more = found[:limit], len(found) > limit
    if as_json:
        typer.echo(f'{{"letters": [{", ".join(map(letter_json, shown))}], "more": {json.dumps(more)}}}')
        return
    now_us = SystemClock().wall_us()
    if sys.stdout.isatty():
        views.print_table(shown, now_us)
    else:
        for letter in shown:
            typer.echo(views.letter_line(letter, now_us))
    if more:
        typer.echo(f"there are more than {limit}: --limit shows them", err=True)
    elif not shown:
        typer.echo("no dead letters", err=True)


@app.command()
def show(
    config: options.ConfigArgument,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The letter's number.")],
    as_json: options.AsJson = False,
) -> None:
    """Show all of a letter: the row before and after, what was sent, what the sink said."""
    _, store = _open(config)
    found = list(store.find(Selection(numbers=(number,))))
    if not found:
        raise DataProblem(NO_SUCH_LETTER, f"no dead letter {number}", {"number": number})
    row = shown_row(found[0], new_slice_decoder("text"))
    if as_json:
        typer.echo(letter_json(found[0], row))
        return
    for line in views.letter_lines(found[0], row, SystemClock().wall_us()):
        typer.echo(line)


@app.command()
def export(config: options.ConfigArgument, lane: Lane = None, reason: Reason = None, key: Key = None) -> None:
    """Write letters as NDJSON, one a line, each with its row before and after."""
    _, store = _open(config)
    decoder = new_slice_decoder("text")
    for letter in store.find(Selection(lane or "", reason or "", key)):
        typer.echo(letter_json(letter, shown_row(letter, decoder)))


@app.command()
def retry(
    config: options.ConfigArgument,
    numbers: Numbers = None,
    lane: Lane = None,
    reason: Reason = None,
    key: Key = None,
    every: Every = False,
    as_json: options.AsJson = False,
    address: options.RayAddress = None,
) -> None:
    """Send letters again, by the rules and to the sink as they are now.

    Each document ends at its newest letter; one that the sink takes, or has something newer than, is settled, and the
    document's later changes go on. The lane must be running. Exit status 1 when some are poison again.
    """
    loaded, store = _open(config)
    meant = list(store.find(_selection(numbers, lane, reason, key, every), rows=False))
    pipeline = target.find(loaded.name, address).pipeline
    report = RetryReport()
    for name, places in _places_by_lane(meant):
        for start in range(0, len(places), AT_ONCE):
            report = report.plus(pipeline.retry_letters(name, places[start : start + AT_ONCE]))
    if as_json:
        typer.echo(json.dumps(views.report_json(report), ensure_ascii=False))
    else:
        for line in views.report_lines(report):
            typer.echo(line)
    if report.refused:
        raise typer.Exit(EXIT_PROBLEM)


@app.command()
def drop(
    config: options.ConfigArgument,
    numbers: Numbers = None,
    lane: Lane = None,
    reason: Reason = None,
    key: Key = None,
    every: Every = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: options.AsJson = False,
    address: options.RayAddress = None,
) -> None:
    """Give letters up: their rows don't reach the sink.

    Each is logged with its GTID and key. The document's next change goes to the sink again; until then it stays as the
    sink has it. A lane that runs on a cluster learns of it at once with --address, else at its next start.
    """
    loaded, store = _open(config)
    meant = store.beside(list(store.find(_selection(numbers, lane, reason, key, every), rows=False)))
    if meant:
        _confirm(meant, yes=yes)
        store.drop(meant)
    logs.configure("info")
    for letter in meant:
        logs.logger("dlq").info("dropped a dead letter", **views.drop_fields(letter))
    _tell_lanes(loaded, sorted({letter.lane for letter in meant}), address)
    if as_json:
        typer.echo(json.dumps({"dropped": len(meant), "numbers": [letter.number for letter in meant]}))
    else:
        typer.echo(f"dropped {len(meant)} dead letters")


def _open(config: str) -> tuple[Config, SqlDeadLetters]:
    loaded = load_config(config)
    return loaded, SqlDeadLetters(store_url(loaded), loaded.name)


def _selection(
    numbers: Sequence[int] | None, lane: str | None, reason: str | None, key: str | None, every: bool
) -> Selection:
    if not (numbers or lane or reason or key is not None or every):
        raise DataProblem(NO_SELECTION, "nothing says which dead letters are meant")
    return Selection(lane or "", reason or "", key, tuple(numbers or ()))


def _places_by_lane(letters: Sequence[DeadLetter]) -> list[tuple[str, list[Place]]]:
    """The documents by lane, in the order of their oldest letters."""
    ordered = sorted(letters, key=lambda letter: (letter.lane, letter.version))
    return [
        (lane, list(dict.fromkeys((letter.target, letter.key) for letter in of_lane)))
        for lane, of_lane in groupby(ordered, key=lambda letter: letter.lane)
    ]


def _confirm(letters: Sequence[DeadLetter], *, yes: bool) -> None:
    documents = len({(letter.lane, letter.target, letter.key) for letter in letters})
    confirm(f"Drop {len(letters)} dead letters of {documents} documents for good?", yes=yes)


def _tell_lanes(config: Config, lanes: Sequence[str], address: str | None) -> None:
    """A lane that runs lets the documents go on; one that doesn't reads the store when it starts."""
    if not lanes:
        return
    try:
        pipeline = target.find(config.name, address).pipeline
        for lane in lanes:
            pipeline.reload_letters(lane)
    except Problem as problem:
        typer.echo(f"dropped in the store; no running lane was told:\n{text_of([problem])}", err=True)
