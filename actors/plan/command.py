"""``ingest plan CONFIG``: what the last rows of each table would become, and what is left out and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from actors.cli.options import AsJson, ConfigArgument
from actors.cli.source import load_config
from actors.verify.lanes import chosen_lanes, lane_tables, selected_rows
from ingest.config.model import Config
from ingest.plan.rows import PlannedRow, PlannedRule, plan_table
from ingest.problems import DataProblem, declare
from ingest.rules.match import parse_pattern
from ingest.schema import TableName
from ingest.sinks.registry import sink_kind
from ingest.snapshot.chunks import Key
from ingest.verify.documents import TablePlan

NO_TABLE = declare(
    "cli.no_table",
    "No table that the account may see is taken by a rule.",
    "Look at the rules' table patterns, at --table, and at the account's SELECT grants.",
)


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """One table of a lane: its rows' keys as text, and what becomes of them under each rule."""

    lane: str
    sink: str
    table: TableName
    keys: Sequence[str]
    rules: Sequence[PlannedRule]


def plan(
    config: ConfigArgument,
    rows: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="The last N rows of each table.")] = 3,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="DB.TABLE", help="Only these tables; a pattern may stand here."),
    ] = None,
    lane: Annotated[
        list[str] | None, typer.Option("--lane", metavar="LANE", help="Only this lane (repeatable).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be sent for real rows, without sending it.

    Takes the last rows (by primary key) of each table that a rule names, and shows the documents and requests that
    they would become: index or table, id, routing, body or cells. Rows that a rule leaves out are shown with the
    condition that they don't meet. Only MySQL is asked.
    """
    loaded = load_config(config)
    planned = [one for name in chosen_lanes(loaded, lane or ()) for one in plan_lane(loaded, name, rows, table or ())]
    if not planned:
        raise DataProblem(NO_TABLE, "there is nothing to plan")
    if as_json:
        typer.echo(json.dumps({"tables": [_json(one) for one in planned]}, ensure_ascii=False))
        return
    for one in planned:
        for line in plan_lines(one):
            typer.echo(line)


def plan_lane(config: Config, name: str, rows: int, tables: Sequence[str]) -> Iterator[PlannedTable]:
    """The last rows of a lane's tables, planned. Raises Problem."""
    lane = config.lanes[name]
    options = config.sinks[lane.sink]
    encoder = sink_kind(options.type).encoder(options, [rule.to for rule in lane.rules])
    wanted = [parse_pattern(text) for text in tables]
    with selected_rows(config, lane.cluster) as source:
        for table in lane_tables(lane, source):
            if not wanted or any(pattern.matches(table.schema.name) for pattern in wanted):
                values, keys = source.last(table.queries, rows)
                shown = [_key_text(table, key) for key in keys]
                yield PlannedTable(name, lane.sink, table.schema.name, shown, plan_table(table, values, encoder))


def plan_lines(planned: PlannedTable) -> Iterator[str]:
    """For people."""
    for rule in planned.rules:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in rule.outcomes.items() if number)
        yield f"{planned.lane} -> {planned.sink}, rule {rule.rule}, {planned.table}: {counts or 'the table is empty'}"
        for row in rule.rows:
            yield from (f"  {line}" for line in _row_lines(planned.keys[row.row], row))


def _row_lines(key: str, row: PlannedRow) -> Iterator[str]:
    if row.document is None:
        why = [row.problem] if row.problem else [str(unmet) for unmet in row.unmet] or row.reasons
        yield f"{key}: {row.outcome}: {'; '.join(why)}"
        return
    document = row.document
    routing = "" if document.routing is None else f", routing {document.routing}"
    yield f"{key}: {document.target} / {document.key}{routing}"
    if document.request is not None:
        yield from (f"    {line}" for line in document.request.splitlines())
    else:
        yield from (f"    {name} = {_text(value)}" for name, value in document.fields.items())


def _json(planned: PlannedTable) -> dict[str, object]:
    return {
        "lane": planned.lane,
        "sink": planned.sink,
        "table": str(planned.table),
        "rules": [
            {"rule": rule.rule, "outcomes": dict(rule.outcomes), "rows": [_row_json(planned, row) for row in rule.rows]}
            for rule in planned.rules
        ],
    }


def _row_json(planned: PlannedTable, row: PlannedRow) -> dict[str, object]:
    shown: dict[str, object] = {"row": planned.keys[row.row], "outcome": row.outcome}
    if row.document is not None:
        document = row.document
        shown |= {"target": document.target, "key": document.key, "routing": document.routing}
        if document.request is not None:
            shown["request"] = document.request
        else:
            shown["cells"] = {name: _text(value) for name, value in document.fields.items()}
    elif row.problem:
        shown["problem"] = row.problem
    else:
        shown["reasons"] = list(row.reasons)
        shown["unmet"] = [
            {"condition": unmet.condition, "result": unmet.result, "values": dict(unmet.values)} for unmet in row.unmet
        ]
    return shown


def _key_text(table: TablePlan, key: Key) -> str:
    names = [table.schema.columns[index].name for index in table.schema.primary_key]
    return " ".join(f"{name}={_text(part)}" for name, part in zip(names, key, strict=True)) or "row without a key"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
