"""ingest.lane.resume: where an epoch starts, and how long its tail is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.frontier import Frontier
from ingest.lane.resume import ResumePoint, SourceFacts, resume_point
from ingest.problems import DataProblem

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "4e11fa47-71ca-11e1-9e33-c80aa9429562"
SOURCE = SourceFacts(UUID, f"{UUID}:1-100", f"{UUID}:1-5")
RECORD = CheckpointRecord("lane", 7, Frontier(f"{UUID}:1-50", f"{UUID}:51", 3), 10, UUID, "rules", "", 1000)


def point(record: CheckpointRecord | None, source: SourceFacts = SOURCE, rules: str = "rules") -> ResumePoint:
    return resume_point(record, Frontier(f"{UUID}:1-5"), rules, source, "lane")


def test_how_long_the_tail_is() -> None:
    """Invariant 2: nothing for a fresh lane, the reserve on the same server under the same rules; else to the end."""
    assert point(None).tail_rows == 0
    assert point(RECORD) == ResumePoint(RECORD.frontier, 10, SOURCE.executed, "", 1000)
    assert point(RECORD, replace(SOURCE, uuid=OTHER)) == ResumePoint(RECORD.frontier, None, SOURCE.executed, "", 1000)
    assert point(RECORD, rules="new") == ResumePoint(Frontier(f"{UUID}:1-50"), None, SOURCE.executed, "", 1000)


def test_a_reach_takes_the_tail_to_the_end() -> None:
    """After a rewind the reserve says too little, whatever the server."""
    rewound = replace(RECORD, frontier=Frontier(f"{UUID}:1-30"), reach=f"{UUID}:1-51")
    assert point(rewound) == ResumePoint(rewound.frontier, None, SOURCE.executed, "", 1000, rewound.reach)


def test_a_source_without_all_of_the_reach_is_refused() -> None:
    """Invariant 2: a tail that ends before what was applied would set documents back."""
    rewound = replace(RECORD, frontier=Frontier(f"{UUID}:1-30"), reach=f"{UUID}:1-51")
    with pytest.raises(DataProblem, match=f"not on the server: {UUID}:41-51"):
        point(rewound, replace(SOURCE, executed=f"{UUID}:1-40"))


def test_what_is_purged_is_refused() -> None:
    """Invariant 1."""
    with pytest.raises(DataProblem, match=f"purged and not applied: {UUID}:51-60"):
        point(RECORD, replace(SOURCE, purged=f"{UUID}:1-60"))
