"""``[lanes.NAME.large_transactions]``: a policy with limits, or none of both."""

from __future__ import annotations

import pytest

from actors.parts.rules import large_policy
from ingest.config.load import load
from ingest.lane.large import LargePolicy
from ingest.problems import ProblemGroup

CONFIG = """
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
type = "blackhole"
[lanes.l]
cluster = "c"
sink = "s"
rules = [{ tables = ["a.*"] }]
"""


def policy(text: str) -> LargePolicy:
    return large_policy(load(f"{CONFIG}{text}", syntax="toml", origin="test").lanes["l"])


def test_policies() -> None:
    """All is applied unless said otherwise; rows, bytes or both."""
    assert policy("") == LargePolicy()
    said = "[lanes.l.large_transactions]\n"
    assert policy(f'{said}policy = "drop"\nrows = 7') == LargePolicy("drop", 7)
    assert policy(f'{said}policy = "slow-lane"\nbytes = 9\nrows = 7') == LargePolicy("slow-lane", 7, 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('policy = "drop"', "needs a limit"),
        ('policy = "slow-lane"', "needs a limit"),
        ("rows = 7", "mean nothing"),
        ('policy = "drop"\nrows = 0', "rows"),
        ('policy = "skip"\nrows = 1', "policy"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """A limit that nobody looks at, and a policy that never does anything, are mistakes."""
    with pytest.raises(ProblemGroup, match=message):
        policy(f"[lanes.l.large_transactions]\n{text}")
