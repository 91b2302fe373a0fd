"""Dead letters as tables, lines and JSON: pure, but for the printing of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.cli import figures
from ingest.dead_letters.contract import RetryReport
from ingest.dead_letters.letter import DeadLetter
from ingest.dead_letters.shown import ShownImage, ShownRow, state_of

_COLUMNS = ("number", "lane", "target", "key", "version", "reason", "attempts", "age", "state")
_NUMBERS = ("number", "version", "attempts", "age")


def print_table(letters: Sequence[DeadLetter], now_us: int) -> None:
    """A table for a terminal."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True, overflow="ellipsis")
    for letter in letters:
        table.add_row(*(Text(text) for text in _cells(letter, now_us).values()))
    Console(highlight=False).print(table)


def letter_line(letter: DeadLetter, now_us: int) -> str:
    """One letter in a line: for pipes."""
    number, *rest = _cells(letter, now_us).items()
    return f"letter {number[1]} " + " ".join(f"{name}={text}" for name, text in rest) + f" gtid={letter.stamp.gtid}"


def _cells(letter: DeadLetter, now_us: int) -> dict[str, str]:
    return {
        "number": str(letter.number),
        "lane": letter.lane,
        "target": letter.target,
        "key": letter.key,
        "version": f"{letter.epoch}.{letter.ordinal}",
        "reason": letter.reason,
        "attempts": str(letter.attempts),
        "age": _age(letter, now_us),
        "state": state_of(letter),
    }


def letter_lines(letter: DeadLetter, row: ShownRow, now_us: int) -> Iterator[str]:
    """All of a letter for people."""
    stamp = letter.stamp
    yield f"dead letter {letter.number}: {state_of(letter)} for {_age(letter, now_us)}, {letter.attempts} retries"
    yield f"  lane       {letter.lane}, rule {letter.row.rule}"
    yield f"  document   {letter.target} / {letter.key}" + (
        "" if letter.routing is None else f", routing {letter.routing}"
    )
    yield f"  version    {letter.version} (epoch {letter.epoch}, change {letter.ordinal})"
    yield f"  reason     {letter.reason}"
    yield f"  detail     {letter.detail}"
    if letter.superseded:
        yield f"  stands for {letter.superseded} older changes as well"
    yield f"  from       {letter.table}, {letter.row.kind.name.lower()}, key {letter.document_key}"
    yield f"  gtid       {stamp.gtid} at {stamp.file}:{stamp.position}"
    if row.problem:
        yield f"  row        can't be read: {row.problem}"
    yield from _image_lines("before", row.before)
    yield from _image_lines("after", row.after)
    yield "  sent as"
    yield from (f"    {line}" for line in letter.payload.decode("utf-8", "backslashreplace").splitlines())


def _image_lines(name: str, image: ShownImage | None) -> Iterator[str]:
    if image is not None:
        yield f"  {name}"
        yield from (f"    {column} = {'NULL' if text is None else text}" for column, text in image.texts.items())


def report_lines(report: RetryReport) -> Iterator[str]:
    """What a retry did, for people."""
    for one in report.refused:
        letter, result = one.letter, one.result
        yield f"poison again: {letter.target} / {letter.key}: {result.reason}: {result.detail}"
    older = f", and {report.superseded} older ones with them" if report.superseded else ""
    yield f"settled {report.settled} dead letters{older}; {len(report.refused)} are poison again"


def report_json(report: RetryReport) -> Mapping[str, object]:
    """What a retry did, for programs."""
    refused = [
        {"target": one.letter.target, "key": one.letter.key, "reason": one.result.reason, "detail": one.result.detail}
        for one in report.refused
    ]
    return {"settled": report.settled, "superseded": report.superseded, "refused": refused}


def drop_fields(letter: DeadLetter) -> dict[str, object]:
    """What is logged of a letter that is given up."""
    return {
        "number": letter.number,
        "lane": letter.lane,
        "table": letter.table,
        "target": letter.target,
        "key": letter.key,
        "version": letter.version,
        "gtid": letter.stamp.gtid,
        "reason": letter.reason,
        "superseded": letter.superseded,
    }


def _age(letter: DeadLetter, now_us: int) -> str:
    return figures.milliseconds(max(0.0, (now_us - letter.buried_us) / 1000))
