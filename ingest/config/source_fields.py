"""What rules have against the fields that hold where their documents came from. Pure; all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.config.codes import CONFLICT
from ingest.config.model import Lane
from ingest.config.positions import Path
from ingest.config.shapes import Mistake
from ingest.problems import DataProblem
from ingest.rules.parse import named_fields, parse_rule
from ingest.sinks.blackhole.options import BlackholeTarget
from ingest.sinks.hbase.options import HbaseTarget


def source_mistakes(lanes: Mapping[str, Lane]) -> list[Mistake]:
    """A field of that name in the rule itself, and two rules that would write one cell of one row."""
    found: list[Mistake] = []
    cells: dict[tuple[str, str, str], str] = {}
    for name, lane in lanes.items():
        for index, options in enumerate(lane.rules):
            target = options.to
            if isinstance(target, BlackholeTarget) or target.source is None:
                continue
            path: Path = ("lanes", name, "rules", index)
            try:
                fields = named_fields(parse_rule(index, options))
            except DataProblem:
                continue  # said elsewhere
            if target.source in fields:
                what = f"the rule has a field named {target.source!r}, as has the source of its documents"
                hint = "Rename it with AS, give source_field another name, or set source_field = false."
                found.append(Mistake(path, DataProblem(CONFLICT, what, hint=hint)))
            if isinstance(target, HbaseTarget) and target.delete == "columns":
                me = f"rule {index} of lane {name!r}"
                other = cells.setdefault((lane.sink, target.table, target.source), me)
                if other != me:
                    what = f"{other} writes the source {target.source!r} into the same rows"
                    found.append(
                        Mistake(path, DataProblem(CONFLICT, what, hint="Give each a source_field of its own."))
                    )
    return found
