"""What a person writes behind ``--to``: a GTID set, or a moment (ISO 8601, or relative to now).

A moment without a zone is taken as UTC, since commit times in the binlog are UTC and servers, laptops and people are in
several zones; what is shown back names the zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ingest.binlog.gtid import GtidSet
from ingest.problems import DataProblem, declare

NOT_A_POINT = declare(
    "cli.not_a_point",
    "What was given is neither a GTID set nor a moment.",
    "A GTID set as @@gtid_executed shows it; a moment as 2026-11-22T01:30:00Z (UTC without a zone); or -2h, -1d12h, -90s.",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GTID_SET = re.compile(r"\s*[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-")
_RELATIVE = re.compile(r"-(?=\d)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?")


@dataclass(frozen=True, slots=True)
class Moment:
    """Microseconds since 1970. ``zone_assumed``: no zone was given, UTC was taken."""

    commit_us: int
    zone_assumed: bool = False

    def __str__(self) -> str:
        return text_of_us(self.commit_us) + (" (UTC assumed)" if self.zone_assumed else "")


def parse_point(text: str, now_us: int) -> GtidSet | Moment:
    """What ``--to`` says. ``now_us``: what relative moments count from. DataProblem ``cli.not_a_point``,
    ``gtid.text``."""
    if _GTID_SET.match(text):
        return GtidSet.parse(text)
    relative = _RELATIVE.fullmatch(text.strip())
    if relative is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in relative.groups())
        back = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return Moment(now_us - back // timedelta(microseconds=1))
    return _absolute(text)


def _absolute(text: str) -> Moment:
    plain = text.strip()
    if plain[-1:] in {"Z", "z"}:
        plain = plain[:-1] + "+00:00"  # Python 3.10 doesn't read the letter
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        raise DataProblem(NOT_A_POINT, f"{text!r} is neither a GTID set nor a moment") from None
    assumed = moment.tzinfo is None
    if assumed:
        moment = moment.replace(tzinfo=timezone.utc)
    return Moment((moment - _EPOCH) // timedelta(microseconds=1), assumed)


def text_of_us(commit_us: int) -> str:
    """A commit time for people: ISO 8601 in UTC."""
    return (_EPOCH + timedelta(microseconds=commit_us)).isoformat().replace("+00:00", "Z")
