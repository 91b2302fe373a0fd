"""The command line's side of the supervisors: launch them, find them, ask them, end them.

A ``Pipeline`` is the supervisors of one ingest, one per MySQL cluster, found by name in Ray: ``NAME/CLUSTER``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType

from actors.mailbox import RayPeer
from actors.parts.supervisor import ConfiguredSupervisor
from actors.runtime import NAMESPACE
from actors.supervisor import UNKNOWN_LANE, Supervisor
from actors.survey import LETTERS_WITHIN_S
from actors.wiring import find, spawn
from ingest.binlog.gtid import GtidSet
from ingest.config.check import config_version
from ingest.config.model import Config
from ingest.dead_letters.contract import RetryReport
from ingest.dead_letters.letter import Place
from ingest.problems import DataProblem, declare
from ingest.rewind.plan import RewindOrder
from ingest.status import ClusterStatus, LaneState
from ingest.trace import TraceFilter

OTHER_CONFIG = declare(
    "run.other_configuration",
    "This ingest runs already, with another configuration.",
    "`ingest stop NAME` ends it (its frontiers are kept), then run the new configuration.",
)
NOT_RUNNING = declare("run.not_running", "A supervisor isn't there.", "`ingest run` or `ingest submit` starts it.")

ASK_TIMEOUT_S = 30.0
LETTERS_TIMEOUT_S = LETTERS_WITHIN_S + 10.0
REWIND_TIMEOUT_S = 120.0
POLL_S = 0.2


class Pipeline:
    """The supervisors of one ingest; as a context it is stopped at the end."""

    def __init__(self, name: str, supervisors: dict[str, RayPeer]) -> None:
        self.name = name
        self._supervisors = supervisors

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def status(self) -> tuple[ClusterStatus, ...]:
        """One per cluster. WorldProblem when a supervisor doesn't answer (Ray may just be restarting it)."""
        return tuple(peer.ask("status", timeout_s=ASK_TIMEOUT_S) for peer in self._supervisors.values())

    def pause(self, lane: str) -> None:
        """Stop a lane where it is, until ``resume``."""
        self._owner(lane).ask("pause", lane, timeout_s=ASK_TIMEOUT_S)

    def resume(self, lane: str) -> None:
        """Let a paused, drained or stopped lane run again."""
        self._owner(lane).ask("resume", lane, timeout_s=ASK_TIMEOUT_S)

    def rewind(self, lane: str, order: RewindOrder) -> tuple[int, bool]:
        """Take a lane to another frontier; its new epoch, and whether it goes on now."""
        epoch, goes_on = self._owner(lane).ask("rewind", lane, order, timeout_s=REWIND_TIMEOUT_S)
        return int(epoch), bool(goes_on)

    def config_versions(self) -> frozenset[str]:
        """The configurations that the supervisors run: one, but for a moment."""
        asked = (peer.ask("config_version", timeout_s=ASK_TIMEOUT_S) for peer in self._supervisors.values())
        return frozenset(str(version) for version in asked)

    def drain(self, lane: str | None, timeout_s: float) -> bool:
        """Read no further for a lane (None: all), and wait until all that was read is applied and durable."""
        lanes = {one.lane: self._supervisors[status.cluster] for status in self.status() for one in status.lanes}
        wanted = [lane] if lane is not None else list(lanes)
        for name in wanted:
            self._owner(name).ask("drain", (name,), timeout_s=ASK_TIMEOUT_S)
        deadline_s = time.monotonic() + timeout_s
        settled = {LaneState.DRAINED, LaneState.PAUSED, LaneState.STOPPED}
        while time.monotonic() < deadline_s:
            states = {one.lane: one.state for status in self.status() for one in status.lanes}
            if all(states[name] in settled for name in wanted):
                return True
            time.sleep(POLL_S)
        return False

    def retry_letters(self, lane: str, places: Sequence[Place]) -> RetryReport:
        """Send the dead letters of these documents again. DataProblem ``dead_letters.lane_not_running``."""
        report: RetryReport = self._owner(lane).ask("retry_letters", lane, places, timeout_s=LETTERS_TIMEOUT_S)
        return report

    def reload_letters(self, lane: str) -> None:
        """Dead letters of a lane were dropped in the store."""
        self._owner(lane).ask("reload_letters", lane, timeout_s=LETTERS_TIMEOUT_S)

    def stop(self, *, keep_drained: bool = False) -> None:
        """End every actor and supervisor. ``keep_drained``: lanes that were drained don't run at the next start."""
        for peer in self._supervisors.values():
            if not keep_drained:
                peer.ask("forget_wishes", timeout_s=ASK_TIMEOUT_S)
            peer.ask("stop", timeout_s=ASK_TIMEOUT_S)
            peer.end(restart=False)

    def wait_for(
        self, gtid_set: str, timeout_s: float, on_progress: Callable[[Sequence[ClusterStatus]], None] | None = None
    ) -> bool:
        """Wait until every lane's durable frontier holds the set. False after ``timeout_s``."""
        wanted = GtidSet.parse(gtid_set)
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            statuses = self.status()
            if on_progress is not None:
                on_progress(statuses)
            frontiers = [lane.frontier for status in statuses for lane in status.lanes]
            if all(wanted.issubset(GtidSet.parse(frontier)) for frontier in frontiers):
                return True
            time.sleep(POLL_S)
        return False

    def _owner(self, lane: str) -> RayPeer:
        for status in self.status():
            if any(one.lane == lane for one in status.lanes):
                return self._supervisors[status.cluster]
        raise DataProblem(UNKNOWN_LANE, f"no lane {lane!r} in {self.name}")


def supervisor_name(name: str, cluster: str) -> str:
    """The actor's name in Ray."""
    return f"{name}/{cluster}"


def launch(config: Config, trace: TraceFilter | None = None) -> Pipeline:
    """Start the supervisor of each cluster, or find it running with this configuration. ``trace``: which changes' way
    the sink actors log."""
    supervisors: dict[str, RayPeer] = {}
    for cluster in config.clusters:
        name = supervisor_name(config.name, cluster)
        peer = spawn(Supervisor, name, ConfiguredSupervisor(config, cluster, trace), detached=True)
        running = peer.ask("config_version", timeout_s=ASK_TIMEOUT_S)
        if running != config_version(config):
            raise DataProblem(OTHER_CONFIG, f"{name} runs configuration {running}, asked for {config_version(config)}")
        supervisors[cluster] = peer
    return Pipeline(config.name, supervisors)


def attach(name: str, clusters: Sequence[str]) -> Pipeline:
    """Find the supervisors of a running ingest. DataProblem ``run.not_running``."""
    supervisors: dict[str, RayPeer] = {}
    for cluster in clusters:
        peer = find(supervisor_name(name, cluster), NAMESPACE)
        if peer is None:
            raise DataProblem(NOT_RUNNING, f"no supervisor {supervisor_name(name, cluster)!r} in this Ray")
        supervisors[cluster] = peer
    return Pipeline(name, supervisors)
