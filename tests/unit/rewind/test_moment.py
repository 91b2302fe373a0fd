"""ingest.rewind.moment: what may stand behind --to."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem
from ingest.rewind.moment import Moment, parse_point, text_of_us

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
NOW_US = 1_800_000_000_000_000
MIDNIGHT_US = int(datetime(2026, 11, 22, tzinfo=timezone.utc).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T01:30:00Z", Moment(MIDNIGHT_US + 5_400_000_000)),
        ("2026-11-22T01:30:00+01:00", Moment(MIDNIGHT_US + 1_800_000_000)),
        ("2026-11-22 01:30:00.000001", Moment(MIDNIGHT_US + 5_400_000_001, zone_assumed=True)),
        ("2026-11-22", Moment(MIDNIGHT_US, zone_assumed=True)),
        ("-2h", Moment(NOW_US - 7_200_000_000)),
        ("-1d12h", Moment(NOW_US - 129_600_000_000)),
        (" -90s ", Moment(NOW_US - 90_000_000)),
        ("-0s", Moment(NOW_US)),
    ],
)
def test_moments(text: str, moment: Moment) -> None:
    """ISO 8601 with and without zone (UTC then, and it is said), and back from now."""
    assert parse_point(text, NOW_US) == moment
    assert ("UTC assumed" in str(moment)) is moment.zone_assumed


def test_gtid_sets() -> None:
    """What looks like a GTID set is one, with MySQL's line feeds; a damaged one says so and isn't taken for a moment."""
    assert parse_point(f"{UUID}:1-5,\n{UUID}:7", NOW_US) == GtidSet.parse(f"{UUID}:1-5:7")
    with pytest.raises(DataProblem, match="neither an interval nor a tag"):
        parse_point(f"{UUID}:1-", NOW_US)


@pytest.mark.parametrize("text", ["", "-", "yesterday", "2h", "-2", "-h", "-2h1d", "12:00", "2026-13-01", "1-5"])
def test_nothing_else(text: str) -> None:
    """Anything else is refused, with what may stand there."""
    with pytest.raises(DataProblem, match="neither a GTID set nor a moment") as caught:
        parse_point(text, NOW_US)
    assert "-2h" in caught.value.hint


@given(st.integers(0, 4_000_000_000_000_000))
def test_what_is_shown_can_be_given_back(commit_us: int) -> None:
    """A moment as it is shown is the same moment."""
    assert parse_point(text_of_us(commit_us), NOW_US) == Moment(commit_us)
