"""A rewind as people and programs read it."""

from __future__ import annotations

from actors.cli.figures import size
from ingest.rewind.plan import Asked, RewindPlan

SHOWN_CHARACTERS = 300


def plan_lines(plan: RewindPlan, asked: Asked) -> list[str]:
    """What would happen, before it does."""
    partly = f" and {plan.old.partial_rows:,} rows of {plan.old.partial_gtid}" if plan.old.partial_gtid else ""
    lines = [
        f"lane {plan.lane}, epoch {plan.epoch}",
        f"  to            {_short(str(asked.point))}",
        f"  frontier now  {_short(plan.old.executed) or 'nothing'}{partly}",
        f"  new frontier  {_short(plan.new) or 'nothing'}",
        f"  read again    {plan.again.count():,} transactions: about {size(plan.again_bytes)} in"
        f" {plan.again_files} binlog file{'' if plan.again_files == 1 else 's'}",
    ]
    if plan.gaps:
        lines.append(f"                {plan.gaps:,} of the set that was asked for come behind one that it lacks")
    if plan.never:
        lines.append(f"  NEVER APPLIED {plan.never.count():,} transactions are passed over: {_short(str(plan.never))}")
    if plan.order.new_state is not None:
        lines.append("  NEW STATE     what the sink keeps of the lane is given up, and begins anew at the new frontier")
    lines += [
        f"  seen at once  nothing is written until all up to the source's end is read, now {_short(plan.until)};",
        "                then the last change of each document is: none is seen going back",
    ]
    return lines


def plan_json(plan: RewindPlan, asked: Asked) -> dict[str, object]:
    """The same for programs."""
    return {
        "lane": plan.lane,
        "to": str(asked.point),
        "epoch": plan.epoch,
        "frontier": plan.old.executed,
        "partial": {"gtid": plan.old.partial_gtid, "rows": plan.old.partial_rows},
        "new_frontier": plan.new,
        "read_again": {
            "transactions": plan.again.count(),
            "files": plan.again_files,
            "bytes": plan.again_bytes,
            "asked_for_but_behind_a_gap": plan.gaps,
        },
        "never_applied": {"transactions": plan.never.count(), "gtids": str(plan.never)},
        "new_state": plan.order.new_state is not None,
        "until": plan.until,
    }


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
