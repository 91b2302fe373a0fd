"""What a person and a program see before a rewind happens."""

from __future__ import annotations

import json
from dataclasses import replace

from actors.rewind.report import plan_json, plan_lines
from ingest.binlog.gtid import GtidSet
from ingest.lane.frontier import Frontier
from ingest.rewind.moment import Moment
from ingest.rewind.plan import Asked, RewindOrder, RewindPlan

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
PLAN = RewindPlan(
    lane="orders",
    epoch=7,
    old=Frontier(f"{UUID}:1-50", f"{UUID}:51", 3),
    new=f"{UUID}:1-30",
    again=GtidSet.parse(f"{UUID}:31-100"),
    never=GtidSet(),
    until=f"{UUID}:1-100",
    again_files=1,
    again_bytes=12_300_000,
    gaps=0,
    order=RewindOrder(f"{UUID}:1-30", skip=False, self_describing=True),
)


def test_everything_is_said() -> None:
    """Where it is, where it goes, what is read again, until when nothing is seen; the zone that was assumed."""
    text = "\n".join(plan_lines(PLAN, Asked(Moment(0, zone_assumed=True))))
    for said in (
        "lane orders, epoch 7", "1970-01-01T00:00:00Z (UTC assumed)", f"{UUID}:1-50 and 3 rows of {UUID}:51",
        f"new frontier  {UUID}:1-30", "70 transactions: about 12.3 MB in 1 binlog file", f"now {UUID}:1-100",
    ):  # fmt: skip
        assert said in text
    assert "NEVER" not in text


def test_what_is_never_applied_stands_out() -> None:
    """With --skip; and what lies behind a gap of the set that was asked for."""
    skipping = replace(PLAN, never=GtidSet.parse(f"{UUID}:51-60"), gaps=4)
    text = "\n".join(plan_lines(skipping, Asked(GtidSet(), skip=True)))
    assert "NEVER APPLIED 10 transactions" in text
    assert "4 of the set" in text


def test_for_programs() -> None:
    """The same as JSON."""
    told = json.loads(json.dumps(plan_json(PLAN, Asked(Moment(0)))))
    assert (told["lane"], told["new_frontier"], told["partial"]["rows"]) == ("orders", f"{UUID}:1-30", 3)
    assert told["read_again"] == {
        "transactions": 70, "files": 1, "bytes": 12_300_000, "asked_for_but_behind_a_gap": 0,
    }  # fmt: skip
