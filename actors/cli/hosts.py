"""The hosts of a configuration's clusters, for a lane that has applied nothing yet: which one would be read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from actors.cli import figures
from actors.host import SystemHost
from actors.hosts import HostSurvey
from actors.parts.source import connect_options, endpoints_of
from actors.preflight import LanePreflight
from ingest.binlog.gtid import GtidSet
from ingest.config.model import Config
from ingest.failover.choice import choose
from ingest.failover.facts import LaneNeed
from ingest.failover.report import host_statuses
from ingest.status import HostStatus


def hosts_by_cluster(config: Config) -> Mapping[str, Sequence[HostStatus]]:
    """Every cluster's hosts, asked now. ``reading``: a new lane would be read from it. Problem when a secret isn't there."""
    found: dict[str, Sequence[HostStatus]] = {}
    for cluster, options in config.clusters.items():
        lanes = [name for name, lane in config.lanes.items() if lane.cluster == cluster]
        if not lanes:
            continue
        connecting = partial(connect_options, config, cluster)
        survey = HostSurvey(endpoints_of(config, cluster), connecting, LanePreflight(config), SystemHost())
        with survey.asked(lanes, lambda _hosts: False) as answers:
            needs = [LaneNeed(lane, None, GtidSet()) for lane in lanes]
            choice = choose(answers.hosts, needs, options.prefer, "")
            found[cluster] = host_statuses(answers.hosts, choice, choice.host)
    return found


def host_lines(found: Mapping[str, Sequence[HostStatus]]) -> Iterator[str]:
    """For people: a line for each host of a cluster that has several."""
    for cluster, hosts in found.items():
        for host in hosts if len(hosts) > 1 else ():
            lead = "would be read from" if host.reading else host.verdict
            yield f"  {cluster}: {host.host} ({host.role or figures.NOTHING}) {lead}: {' '.join(host.why.split())}"
