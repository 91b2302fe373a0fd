"""What rules have against commit times as HBase's cell timestamps. Pure; all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.config.codes import CONFLICT
from ingest.config.model import Lane
from ingest.config.shapes import Mistake
from ingest.problems import DataProblem
from ingest.sinks.hbase.options import HbaseTarget


def timestamp_mistakes(lanes: Mapping[str, Lane]) -> list[Mistake]:
    """Rules of one table that disagree, and lanes that may send an older change behind a newer one."""
    found: list[Mistake] = []
    kinds: dict[tuple[str, str], tuple[str, str]] = {}
    for name, lane in lanes.items():
        for index, options in enumerate(lane.rules):
            target = options.to
            if not isinstance(target, HbaseTarget):
                continue
            me = f"rule {index} of lane {name!r}"
            kind, other = kinds.setdefault((lane.sink, target.table), (target.timestamps, me))
            if kind != target.timestamps:
                what = f'{other} writes this table with timestamps = "{kind}", this rule with "{target.timestamps}"'
                hint = "Versions are far above commit times, which would lie beneath them: give both the same."
                found.append(Mistake(("lanes", name, "rules", index), DataProblem(CONFLICT, what, hint=hint)))
            if target.timestamps == "commit_time" and not lane.quarantine:
                what = f"{me} writes commit times, by which a dead letter isn't told to be old once it is retried"
                hint = 'Leave quarantine on, or set timestamps = "version".'
                found.append(Mistake(("lanes", name, "quarantine"), DataProblem(CONFLICT, what, hint=hint)))
    return found
