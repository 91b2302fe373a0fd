"""NAME on the command line to a running pipeline: ``INGEST`` (the configuration's name) or ``INGEST/LANE``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.runtime import RayAddress, Run, find_run, join
from ingest.problems import DataProblem, declare

if TYPE_CHECKING:  # Ray and what the actors are made of are imported when there is a run to look at
    from actors.control import Pipeline

EXPORTERS = "metrics"
"""What the exporters' names begin with, beside the supervisors' (actors/metrics/push.py)."""

NO_SUCH_LANE = declare("cli.no_such_lane", "The ingest has no lane of that name.", "`ingest status` lists the lanes.")
NO_SUCH_INGEST = declare(
    "cli.no_such_ingest",
    "No ingest of that name runs on the Ray cluster.",
    "Give one of the names listed, or another --address.",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A running ingest, and one of its lanes or None for all."""

    run: Run
    pipeline: Pipeline
    lane: str | None

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self.run.name if self.lane is None else f"{self.run.name}/{self.lane}"

    def lanes(self) -> tuple[str, ...]:
        """The lanes meant."""
        return (self.lane,) if self.lane is not None else _lanes_of(self.pipeline)


def find(name: str | None, address: str | None) -> Target:
    """The target of NAME (None: the only ingest there is), found through its run file or, with ``address``, on that
    Ray; joins the Ray. Raises Problem.
    """
    ingest, _, lane = (name or "").partition("/")
    if address is None:
        run = find_run(ingest or None)
        join(run.ray)
    else:
        run = _run_on(cluster_address(address), ingest)
    from actors.control import attach

    target = Target(run, attach(run.name, run.clusters), lane or None)
    if lane and lane not in (known := _lanes_of(target.pipeline)):
        raise DataProblem(NO_SUCH_LANE, f"no lane {lane!r}; there are {', '.join(known)}", {"ingest": run.name})
    return target


def cluster_address(address: str) -> RayAddress:
    """A Ray cluster's address as given with --address; its token is where Ray's own settings say."""
    return RayAddress(address, "", os.environ.get("RAY_AUTH_TOKEN_PATH", ""))


def _run_on(ray_address: RayAddress, ingest: str) -> Run:
    """The ingest of that name ("": the only one) on a Ray, by its supervisors' names ``INGEST/CLUSTER``."""
    join(ray_address)
    import ray.util

    clusters: dict[str, list[str]] = {}
    for actor in ray.util.list_named_actors():
        owner, _, cluster = actor.partition("/")
        if owner == EXPORTERS:
            continue
        clusters.setdefault(owner, []).append(cluster)
    chosen = [ingest] if ingest in clusters else list(clusters) if not ingest else []
    if len(chosen) != 1:
        what = f"no ingest {ingest!r}" if ingest else "no ingest, or several"
        found = ", ".join(sorted(clusters)) or "none"
        raise DataProblem(NO_SUCH_INGEST, f"{what}; there are: {found}", {"address": ray_address.address})
    return Run(chosen[0], ray_address, tuple(clusters[chosen[0]]))


def _lanes_of(pipeline: Pipeline) -> tuple[str, ...]:
    return tuple(lane.lane for status in pipeline.status() for lane in status.lanes)
