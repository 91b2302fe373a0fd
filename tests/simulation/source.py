"""The cluster's servers as a simulated reader finds them: which host, from where, with what state.

Chooses by the production's own functions (``ingest.failover``, ``actors.source``); only asking and dumping are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.codec import reader_codec
from actors.reader import Assignment, Opening
from actors.run_report import LaneReport
from actors.snapshot.filling import Filled
from actors.snapshot.gap import GapFill, Tail
from actors.source import (
    LaneSetting,
    all_live,
    assemble_run,
    common_set,
    need_for,
    point_behind,
    resume_all,
    resume_of,
    running_need,
)
from actors.stream import StreamRun
from ingest.failover.choice import MOVED, Choice, better_host, choose
from ingest.failover.facts import HostFacts
from ingest.lane.lane_plan import LanePlan
from ingest.lane.resume import ResumePoint, SourceFacts
from ingest.lane.statements import LaneStatements
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.replies import CONNECTION_LOST
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.rules.routes import RuleRoutes
from ingest.status import HostStatus
from tests.kit.self_describing import NoHistory
from tests.simulation.counts import state_name
from tests.simulation.lanes import BUFFER_BYTES, SLACK_BYTES, rules
from tests.simulation.machine import SimHost
from tests.simulation.mysql import Dump, Server
from tests.simulation.sinks import ViolationError
from tests.simulation.snapshot import SimEnds

if TYPE_CHECKING:
    from tests.simulation.world import World


def check_memory(run: StreamRun) -> None:
    """Invariant 6: what waits for the shards stays within the bound, but for what came with the last packets."""
    for lane in run.lanes.values():
        waiting = lane.dispatcher.buffered_bytes
        if waiting > BUFFER_BYTES + SLACK_BYTES:
            raise ViolationError(f"invariant 6: {lane.name}: {waiting} bytes wait")


class Source:
    """``actors.reader.StreamSource`` on the simulated topology; chooses as the real one does."""

    def __init__(self, world: World, host: SimHost, shards: int) -> None:
        self._world = world
        self._host = host
        self._shards = shards
        self._reads: Server | None = None
        self._starts: dict[str, int] = {}

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """See ``StreamSource``."""
        world = self._world
        self._pause()
        settings = {lane: self._setting(lane) for lane in world.sizes.lanes}
        hosts = self._facts()
        for one in assignments:
            sink = world.sinks[one.lane]
            sink.newest_epoch = max(sink.newest_epoch, one.epoch)
        self._pause()
        needs = [need_for(one, settings[one.lane]) for one in assignments]
        current = (
            self._reads.uuid if self._reads else next((one.record.source_uuid for one in assignments if one.record), "")
        )
        choice = choose(hosts, needs, "primary", current)
        if choice.gap:
            return self._opening_of_gap(choice, assignments, settings)
        stops = [one for one in choice.refused.values() if isinstance(one, DataProblem)]
        if stops:
            raise ViolationError(f"a lane stops although nothing is lost: {stops[0]}")
        if choice.host is None:
            return Opening(None, choice.refused)
        server = self._server(choice.host)
        served = [one for one in assignments if one.lane in choice.lanes]
        facts = next(host for host in hosts if host.host == choice.host)
        source = SourceFacts(facts.uuid, str(facts.executed), str(facts.purged))
        points, _ = resume_all(
            served, choice, source, lambda one, source, lost: resume_of(one, settings[one.lane], source, lost)
        )
        if not server.alive or server.starts != self._starts[server.uuid]:
            raise WorldProblem(CONNECTION_LOST, "the simulated server has gone, or was started anew, meanwhile")
        return Opening(self._run(server, served, points, settings, dict), choice.refused)

    def _opening_of_gap(
        self, choice: Choice, assignments: Sequence[Assignment], settings: Mapping[str, LaneSetting]
    ) -> Opening:
        assert choice.host is not None
        server = self._server(choice.host)
        (assignment,) = (one for one in assignments if one.lane in choice.lanes)
        lane, ends = assignment.lane, SimEnds(self._world, self._host, server, self._shards)

        def resume(filled: Filled, kept: Tail) -> StreamRun:
            ends.check()
            points = {lane: point_behind(assignment, settings[lane], filled)}
            return self._run(server, [assignment], points, settings, lambda: kept)

        endpoint = Endpoint(server.uuid, 1)
        fill = GapFill(lane, choice.gap, endpoint, server.uuid, ends, reader_codec(), dict, self._host, resume)
        self._world.gaps += 1
        return Opening(None, choice.refused, fill)

    def _run(
        self,
        server: Server,
        served: Sequence[Assignment],
        points: Mapping[str, ResumePoint],
        settings: Mapping[str, LaneSetting],
        tail_map: Callable[[], Tail],
    ) -> StreamRun:
        dump = Dump(self._world.scheduler, server, common_set(points.values()))
        run = assemble_run(
            server.uuid, dump, NoHistory(), served, points, server.uuid, settings, reader_codec(), tail_map, self._host
        )
        self._world.runs.append(run)
        for name, lane in run.lanes.items():
            if lane.dispatcher.large is not None:
                self._world.large[name].judges.append(lane.dispatcher.large)
        dump.on_read = lambda: check_memory(run)
        self._reads = server
        return run

    def executed(self) -> str | None:
        """See ``StreamSource``."""
        if self._reads is None or not self._reads.alive:
            raise WorldProblem(CONNECTION_LOST, "the simulated server doesn't answer")
        return str(self._reads.executed.freeze())

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """See ``StreamSource``: every look is at all hosts."""
        if self._reads is None or len(self._world.topology.servers) == 1 or not all_live(lanes):
            return None
        hosts = self._facts()
        self._pause()
        better = better_host(hosts, [running_need(*one) for one in lanes.items()], "primary", self._reads.uuid)
        return WorldProblem(MOVED, f"the stream goes to {better}") if better is not None else None

    def hosts(self) -> Sequence[HostStatus]:
        """See ``StreamSource``."""
        return ()

    def _facts(self) -> list[HostFacts]:
        """What the servers say, each at a moment of its own."""
        topology = self._world.topology
        found: dict[str, HostFacts] = {}
        for server in self._world.scheduler.random.sample(topology.servers, len(topology.servers)):
            found[server.uuid] = server.facts(topology.primary)
            self._starts[server.uuid] = server.starts
            if len(topology.servers) > 1:
                self._pause()
        return [found[server.uuid] for server in topology.servers]

    def _pause(self) -> None:
        self._host.sleep_ms(self._world.scheduler.random.random() * 5)

    def _server(self, uuid: str) -> Server:
        for server in self._world.topology.servers:
            if server.uuid == uuid:
                return server
        raise WorldProblem(CONNECTION_LOST, "the simulated server was taken out of the hosts meanwhile")

    def _setting(self, lane: str) -> LaneSetting:
        return LaneSetting(
            "oldest", "rules", RuleRoutes(rules(lane)), LaneStatements("stop"), partial(self._plan, lane),
            on_lost=self._world.sizes.on_lost, on_gap=self._world.sizes.on_gap, state=state_name(lane),
            large=self._world.large[lane].policy,
        )  # fmt: skip

    def _plan(self, lane: str, epoch: int, uuid: str) -> LanePlan:
        sizes = self._world.sizes
        return LanePlan(
            lane=lane, epoch=epoch, shards=self._shards, batch_rows=sizes.batch_rows, batch_bytes=100_000,
            buffer_bytes=BUFFER_BYTES, window=sizes.window, flush_ms=50, reserve_rows=sizes.reserve_rows,
            checkpoint_ms=sizes.checkpoint_ms, source_uuid=uuid, fingerprint="rules",
            state=state_name(lane),
        )  # fmt: skip
