"""The hosts of a cluster for people and programs: what each is, its verdict, which one is read from."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.failover.choice import Choice
from ingest.failover.facts import HostFacts
from ingest.failover.verdict import Standing, Verdict
from ingest.status import HostStatus


def host_statuses(hosts: Sequence[HostFacts], choice: Choice, reading: str | None) -> tuple[HostStatus, ...]:
    """One for each host; of several lanes, the worst verdict, with the lanes that it is about. ``reading``: the host that is
    read from."""
    return tuple(_status(host, number, choice, host.host == reading) for number, host in enumerate(hosts))


def _status(host: HostFacts, number: int, choice: Choice, reading: bool) -> HostStatus:
    by_lane = {lane: verdicts[number] for lane, verdicts in choice.verdicts.items()}
    verdict = _worst(list(by_lane.values()))
    lanes = [lane for lane, one in by_lane.items() if one.standing is verdict.standing]
    of_some = f" (lanes {', '.join(sorted(lanes))})" if len(lanes) < len(by_lane) else ""
    return HostStatus(host.host, _role(host), verdict.standing.value, f"{verdict.why}{of_some}", reading)


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    return next((one for one in verdicts if one.standing is not Standing.FIT), verdicts[0])


def _role(host: HostFacts) -> str:
    if host.silence is not None:
        return ""
    if host.read_only:
        return "read_only"
    return "replica" if host.replicates else "writable"
