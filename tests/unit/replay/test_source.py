"""actors.replay.source: where a lane begins to read files, and what its records then say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.host import SystemHost
from actors.mailbox import Answer
from actors.reader import Assignment
from actors.replay.files import look_at
from actors.replay.source import FilesStreamSource
from actors.source import LaneSetting
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.codec import Statement
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.routing import RuleRoute
from ingest.problems import DataProblem
from ingest.schema import TableName, TableSchema
from ingest.slices import Parcel
from tests.kit.archived_binlogs import archived, gtids, written
from tests.kit.codecs import CODECS

PLAN = LanePlan("lane@new", 3, 1, 10, 10_000, 1_000_000, 2, 5, 4, 1, "", "rules")


class EveryTable:
    """One rule for all tables."""

    def captures(self, name: TableName) -> bool:
        return True

    def routes(self, schema: TableSchema) -> Sequence[RuleRoute]:
        return [RuleRoute(0, schema.primary_key)]


class Anything:
    """No statement stops a lane."""

    def judge(self, statement: Statement, captures: object) -> DataProblem | None:
        return None


class Actor:
    """Takes every parcel and record, until ``enough`` records have come; its state is how many rows it took."""

    def __init__(self, enough: Callable[[CheckpointRecord], bool] = lambda _: False) -> None:
        self.records: list[CheckpointRecord] = []
        self.rows = 0
        self.stopping = threading.Event()
        self._enough = enough

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = "") -> Any:
        raise AssertionError(method)

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = "") -> None:
        argument = arguments[0]
        state = None
        if isinstance(argument, Parcel):
            self.rows += argument.rows
            state = str(self.rows).encode() if argument.barrier is not None else None
        elif isinstance(argument, CheckpointRecord):
            self.records.append(argument)
            if self._enough(argument):
                self.stopping.set()
        done(Answer(state))


def source(paths: Sequence[Path], plan: LanePlan = PLAN) -> FilesStreamSource:
    setting = LaneSetting("oldest", "rules", EveryTable(), Anything(), lambda _epoch, _uuid: plan, state=plan.state)
    unused: Any = None
    return FilesStreamSource(
        [look_at(path) for path in paths], endpoints=[], connect_options=unused, dump_options=unused, identity=unused,
        codec=CODECS[-1], settings={"lane@new": setting}, preflight=unused, schemas=unused, tail_map=dict,
        host=SystemHost(),
    )  # fmt: skip


def assignment(record: CheckpointRecord | None, shard: Actor, checkpointer: Actor) -> Assignment:
    return Assignment("lane@new", 3, record, [shard], checkpointer)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        archived(tmp_path, "a", written([1, 2], range(3, 30), next_file="b")),
        archived(tmp_path, "b", written(range(1, 30), range(30, 40))),
    ]


def test_files_to_their_end_without_a_server(paths: list[Path]) -> None:
    """All rows go out; every record before the end says how far the files reach, the last one needn't."""
    shard, checkpointer = (
        Actor(),
        Actor(lambda record: gtids(*range(3, 40)).issubset(GtidSet.parse(record.frontier.executed))),
    )
    found = source(paths)
    run = found.open([assignment(None, shard, checkpointer)]).run
    assert run is not None
    try:
        run.loop(checkpointer.stopping, lambda _report: None)
    finally:
        run.close()
    assert shard.rows == 37
    first, last = checkpointer.records[0], checkpointer.records[-1]
    assert (GtidSet.parse(first.frontier.executed), GtidSet.parse(first.reach)) == (gtids(1, 2), gtids(*range(1, 40)))
    assert (last.frontier, last.reach) == (Frontier(str(gtids(*range(1, 40)))), "")
    assert found.executed() == str(gtids(*range(1, 40)))


def test_fewer_files_than_before_are_refused(paths: list[Path]) -> None:
    """Invariant 2: what was stopped midway may have written more than its frontier says: files that end before all of it
    would set documents back."""
    reach = str(gtids(*range(1, 40)))
    record = CheckpointRecord("lane@new", 2, Frontier(str(gtids(*range(1, 10)))), 4, "files", "rules", reach=reach)
    with pytest.raises(DataProblem, match=f"not on the server: {gtids(*range(30, 40))!s}"):
        source(paths[:1]).open([assignment(record, Actor(), Actor())])
    run = source(paths).open([assignment(record, Actor(), Actor())]).run
    assert run is not None
    run.close()


def test_a_gap_before_the_files_is_refused(paths: list[Path]) -> None:
    """Invariant 1: the frontier lacks what came before the oldest file."""
    record = CheckpointRecord("lane@new", 2, Frontier(str(gtids(1))), 4, "files", "rules")
    with pytest.raises(DataProblem, match="purged and not applied"):
        source(paths).open([assignment(record, Actor(), Actor())])


def test_files_go_into_a_lane_with_state_change_by_change(paths: list[Path]) -> None:
    """Killed midway, the same files: what the frontier holds is passed over, everything else counts once; no tail is
    coalesced, although the files may be others than before."""
    whole = gtids(*range(1, 40))
    shard, checkpointer = Actor(), Actor(lambda record: whole.issubset(GtidSet.parse(record.frontier.executed)))
    state = KeptState("sum/1", (b"7",))
    midway = CheckpointRecord(
        "lane@new", 2, Frontier(str(gtids(*range(1, 10)))), 0, "files", "rules", reach=str(whole), state=state
    )
    run = source(paths, replace(PLAN, state="sum/1")).open([assignment(midway, shard, checkpointer)]).run
    assert run is not None
    try:
        run.loop(checkpointer.stopping, lambda _report: None)
    finally:
        run.close()
    assert shard.rows == 30
    for record in checkpointer.records:
        assert record.state == KeptState("sum/1", (str(record.applied_rows).encode(),))
    assert checkpointer.records[-1].applied_rows == 30
    assert (checkpointer.records[0].reach, checkpointer.records[-1].reach) == (str(whole), "")
