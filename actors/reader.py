"""The reader actor: one binlog stream of a cluster, for the lanes that share it.

    socket bytes -> packets -> events (codec) -> router -> dispatchers -> parcels -> sink actors
    their acks -> dispatchers -> records -> checkpoint actors -> leave to dispatch further

``run`` is one epoch's work; it returns when its last lane has ended, was drained, or the stream itself failed. A lane's
own trouble ends that lane only (invariant 7); one that has caught up comes back by ``join``. All decisions are the
dispatchers'; this module moves bytes and calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from actors.host import Event, Host
from actors.mailbox import Peer
from actors.run_report import RESNAPSHOTTING, LaneReport, RunReport
from actors.stream import NOT_JOINED, StreamRun
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.contract import FENCED, Member
from ingest.checkpoint.record import CheckpointRecord
from ingest.failover.facts import Memory
from ingest.problems import Problem, WorldProblem
from ingest.status import HostStatus, ReaderStatus

if TYPE_CHECKING:
    from actors.snapshot.gap import GapFill

WATCH_S = 1.0
"""How often the source is looked at beside its stream."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A lane to run: its claimed epoch, its last record, its actors, and what is remembered of earlier epochs."""

    lane: str
    epoch: int
    record: CheckpointRecord | None
    shards: Sequence[Peer]
    checkpointer: Peer
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Opening:
    """A stream that was opened, for the lanes that it can serve (None: for none of them); why not, of the others.
    ``fill``: a lane's stream that begins with its tables' present state, which is to be read first."""

    run: StreamRun | None
    refused: Mapping[str, Problem] = field(default_factory=dict)
    fill: GapFill | None = None


class StreamSource(Protocol):
    """Opens streams; handed in, so that the reader runs on a fake MySQL too."""

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """Connect to a host that has what the lanes need and ask for the stream. Problems of all lanes as they are."""

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """Why the stream should go to another host by now; None to stay. Asked about once a second while a stream runs, on
        a thread of its own; may wait for servers. ``lanes``: those that run."""

    def hosts(self) -> Sequence[HostStatus]:
        """The cluster's hosts as they were last seen."""

    def executed(self) -> str | None:
        """The server's gtid_executed now; None before a stream is open. WorldProblem when it doesn't answer."""


@dataclass(slots=True)
class _Shared:
    """What the control methods and the running stream share. ``filling``: there is no stream yet, the one lane's tables are
    being read; it may be ``unwanted`` or ``draining`` then."""

    run: StreamRun | None = None
    report: RunReport = field(default_factory=RunReport)
    filling: bool = False
    unwanted: bool = False
    draining: bool = False


class _Unwanted(Exception):
    """A lane whose tables are being read is to leave."""


class BinlogReader:
    """Plain class; an actor per stream. No I/O before ``run``. ``joining``: the source of a lane that joins, under the
    identity of its own reader, which is over by then."""

    def __init__(
        self, cluster: str, group: str, source: StreamSource, joining: Callable[[str], StreamSource], host: Host
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._source = source
        self._joining = joining
        self._host = host
        self._shared = _Shared()
        self._newest: dict[str, int] = {}
        self._stopping = host.event()

    def __repr__(self) -> str:
        report = self._shared.report
        at = f" at {report.file}:{report.position}" if report.file else ""
        return f"BinlogReader({self._cluster}/{self._group}, lanes {', '.join(report.lanes) or 'none'}{at})"

    def start(self) -> Member:
        """Ready for a run; an earlier one in this process is over."""
        self._stopping.clear()
        return self._host.this_process(f"reader:{self._cluster}/{self._group}")

    def run(self, assignments: Sequence[Assignment]) -> Mapping[str, Problem | None]:
        """Stream until every lane has ended; how each did (None: drained or stopped). A problem of the stream itself
        is every lane's that was still running. An epoch is read once: a call that comes twice would read it again from
        its beginning, and write its first records over its last."""
        if any(one.epoch <= self._newest.get(one.lane, 0) for one in assignments):
            return {one.lane: WorldProblem(FENCED, f"epoch {one.epoch} was read already") for one in assignments}
        self._newest.update({one.lane: one.epoch for one in assignments})
        begun = {one.lane: LaneReport(lane=one.lane, epoch=one.epoch) for one in assignments}
        self._shared.report = RunReport(lanes=begun)
        try:
            opening = self._source.open(assignments)
        except Problem as problem:
            return {one.lane: problem for one in assignments}
        refused = {lane: replace(begun[lane], ended=True, problem=problem) for lane, problem in opening.refused.items()}
        if opening.fill is not None:
            outcomes = self._fill(opening.fill, begun[opening.fill.lane], refused)
        else:
            outcomes = self._stream(opening.run, refused) if opening.run is not None else {}
        return {**opening.refused, **outcomes}

    def _fill(
        self, fill: GapFill, begun: LaneReport, refused: Mapping[str, LaneReport]
    ) -> Mapping[str, Problem | None]:
        """Read the tables of a lane, then stream; the others needn't wait. It may be stopped, drained or dropped meanwhile."""
        self._shared.filling = True

        def publish(report: LaneReport) -> None:
            self._shared.report = RunReport(lanes={**refused, fill.lane: report}, host=str(fill.endpoint))

        def tell(rows: int) -> None:
            if self._stopping.is_set() or self._shared.unwanted or self._shared.draining:
                raise _Unwanted
            publish(replace(begun, phase=RESNAPSHOTTING, snapshot_rows=rows, problem=fill.problem))

        try:
            tell(0)
            run = fill.run(tell)
        except _Unwanted:
            publish(replace(begun, ended=True, drained=self._shared.draining))
            return {fill.lane: None}
        except Problem as problem:
            return {fill.lane: problem}
        finally:
            self._shared.filling = self._shared.unwanted = self._shared.draining = False
        return self._stream(run, refused)

    def _stream(self, run: StreamRun, refused: Mapping[str, LaneReport]) -> Mapping[str, Problem | None]:
        """Run an open stream to its end; ``refused``: the lanes that aren't in it, which its reports show as ended."""

        def publish(report: RunReport) -> None:
            self._shared.report = replace(report, lanes={**refused, **report.lanes})

        over = self._host.event()
        self._shared.run = run
        self._host.start("watch-source", lambda: self._watch(run, over))
        try:
            return run.loop(self._stopping, publish)
        finally:
            self._shared.run = None
            over.set()
            run.close()

    def join(self, assignment: Assignment) -> None:
        """Take a lane that has caught up into the run (control group); the reports say how it fares. WorldProblem when
        there is no run to join, and what opening its stream raises."""
        if assignment.epoch <= self._newest.get(assignment.lane, 0):
            raise WorldProblem(FENCED, f"epoch {assignment.epoch} was read already", {"lane": assignment.lane})
        self._newest[assignment.lane] = assignment.epoch
        run = self._shared.run
        stream = self._opened_alone(assignment) if run is not None else None
        if run is None or stream is None or self._shared.run is not run:
            if stream is not None:
                stream.close()
            raise WorldProblem(NOT_JOINED, "the shared reader's run is over", {"lane": assignment.lane})
        run.join(stream)

    def _opened_alone(self, assignment: Assignment) -> StreamRun | None:
        opening = self._joining(assignment.lane).open([assignment])
        if assignment.lane in opening.refused:
            raise opening.refused[assignment.lane]
        if opening.fill is not None:
            raise opening.fill.problem
        return opening.run

    def _watch(self, run: StreamRun, over: Event) -> None:
        """Look whether the source is still the one to read from, beside the stream."""
        while not over.wait(WATCH_S):
            report = self._shared.report
            running = {name: lane for name, lane in report.lanes.items() if not lane.ended}
            problem = self._source.elsewhere(running, report.bytes_read) if running else None
            if problem is not None:
                run.fail(problem)
                return

    def stop(self) -> None:
        """End the run where it is (control group). Exact: what isn't acknowledged is read again."""
        self._stopping.set()

    def drain(self, lanes: Sequence[str]) -> None:
        """Read no further for these lanes; they end when all that was read is applied and durable. A drained lane
        leaves the stream to the others (control group)."""
        run = self._shared.run
        self._shared.draining = self._shared.filling and bool(lanes)
        if run is not None:
            run.drain(lanes)

    def drop(self, lane: str) -> None:
        """Take a lane out of the stream at once (control group)."""
        run = self._shared.run
        self._shared.unwanted = self._shared.filling
        if run is not None:
            run.drop(lane)

    def report(self) -> RunReport:
        """Where the run is (control group); a second old at most."""
        return self._shared.report

    def status(self) -> ReaderStatus:
        """For people: the report, the server's end and this process (control group)."""
        report = self._shared.report
        try:
            end = self._source.executed() if self._shared.run is not None else None
        except WorldProblem:
            end = None
        return ReaderStatus(
            lanes=tuple(name for name, lane in report.lanes.items() if not lane.ended),
            host=report.host,
            file=report.file,
            position=report.position,
            transactions=report.transactions,
            row_changes=report.row_changes,
            bytes_read=report.bytes_read,
            commit_us=report.commit_us,
            source_executed=end or "",
            behind=GtidSet.parse(end).subtract(report.read).count() if end is not None else None,
            process=self._host.process_status(f"reader:{self._cluster}/{self._group}"),
            hosts=self._source.hosts(),
        )
