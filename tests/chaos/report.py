"""What a run came to: a table for people, JSON for programs."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.chaos.run import BOUND_S, Happened, Result


def table(result: Result) -> str:
    """By disruption, then in all."""
    by_name: defaultdict[str, list[Happened]] = defaultdict(list)
    for one in result.happened:
        by_name[one.disruption.name].append(one)
    width = max((len(name) for name in by_name), default=10)
    lines = [f"{'disruption':{width}}  made  lasted  standstill  caught up  differences  backward"]
    for name, all_of_it in sorted(by_name.items()):
        made = [one for one in all_of_it if one in result.made]
        if not made:
            lines.append(f"{name:{width}}  left out: {all_of_it[0].skipped or 'the run was stopped'}")
            continue
        lasted, worst = max(one.lasted_s for one in made), max(one.worst_s for one in made)
        caught_up = max(one.caught_up_s for one in made)
        mark = "*" if made[0].disruption.exception else " "
        wrong = "  " + made[-1].problem[:200] if made[-1].problem else ""
        lines.append(
            f"{name:{width}}  {len(made):4}  {lasted:4.1f} s  {worst:6.1f} s {mark}  {caught_up:7.1f} s  "
            f"{sum(one.differences for one in made):11}  {sum(one.backward for one in made):8}{wrong}"
        )
    return "\n".join([*lines, "", *_sums(result), *_exceptions(result)])


def _sums(result: Result) -> list[str]:
    made = result.made
    inside = [one for one in made if not one.disruption.exception]
    worst = max(inside, key=lambda one: one.worst_s, default=None)
    outside = max((one for one in made if one.disruption.exception), key=lambda one: one.worst_s, default=None)
    return [
        f"seed {result.seed}, {result.elapsed_s:.0f} s; the product was started anew {result.restarts} times",
        f"disruptions made   {len(made)}",
        f"changes written    {result.changes} ({_rate(result):.0f}/s while it wrote,"
        f" {result.changes / max(result.elapsed_s, 1e-9):.0f}/s over all, comparisons and MySQL's own outages included)",
        f"compared           {result.rows} rows in {result.comparisons} comparisons",
        f"differences        {result.differences}",
        f"backward moves     {len(result.backward)} in {result.looks} looks at every counter",
        f"worst recovery     {_told(worst)}; beyond {BOUND_S:.0f} s: {len(result.slow)}",
        f"  of exceptions *  {_told(outside)}",
        *(f"  slow: {_told(one)}" for one in result.slow),
        "answers retried    "
        + (", ".join(f"{why} {count}" for why, count in sorted(result.answers.items())) or "none"),
        *result.backward[:10],
        *result.details,
    ]


def _exceptions(result: Result) -> list[str]:
    found = {one.disruption.name: one.disruption.exception for one in result.made if one.disruption.exception}
    return [f"* {name}: {why}" for name, why in sorted(found.items())]


def _rate(result: Result) -> float:
    return result.changes / max(result.writing_s, 1e-9)


def _told(one: Happened | None) -> str:
    return "none" if one is None else f"{one.worst_s:.1f} s ({one.number}. {one.disruption.name})"


def as_json(result: Result) -> dict[str, Any]:
    """All of it."""
    return {
        "seed": result.seed,
        "seconds": round(result.elapsed_s, 1),
        "disruptions": len(result.made),
        "changes": result.changes,
        "changes_per_s": round(_rate(result), 1),
        "rows_compared": result.rows,
        "comparisons": result.comparisons,
        "differences": result.differences,
        "backward": result.backward,
        "looks": result.looks,
        "answers_retried": result.answers,
        "product_restarts": result.restarts,
        "broken": result.broken,
        "beyond_bound": [one.disruption.name for one in result.slow],
        "details": result.details,
        "happened": [
            {
                "number": one.number,
                "name": one.disruption.name,
                "lasted_s": round(one.lasted_s, 2),
                "standstill_s": {lane: round(of.standstill_s, 2) for lane, of in one.recovery.items()},
                "caught_up_s": {lane: round(of.caught_up_s, 2) for lane, of in one.recovery.items()},
                "differences": one.differences,
                "backward": one.backward,
                "exception": one.disruption.exception,
                "skipped": one.skipped,
                "problem": one.problem,
            }
            for one in result.happened
        ],
    }
