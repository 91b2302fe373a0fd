"""What a rewind must know: the lane's record, and a host that has what the lane has applied, with its binlogs."""

from __future__ import annotations

from collections.abc import Callable

from actors.drivers.mysql.binlogs import ServerBinlogs
from actors.drivers.mysql.dump import source_mark
from actors.drivers.mysql.session import Session, connect
from actors.drivers.store import SqlCheckpointStore
from actors.parts.source import connect_options, dump_options, endpoints_of, replica_identity
from ingest.config.model import Config
from ingest.lane.resume import SourceFacts
from ingest.problems import Problem
from ingest.rewind.boundary import place_of
from ingest.rewind.plan import Asked, RewindPlan, Situation, plan_rewind

GROUP = "rewind"
"""Whose server_id the looks at the binlogs are made under: no reader's."""


def survey_rewind(
    config: Config, lane: str, store: SqlCheckpointStore, asked: Asked, say: Callable[[str], None]
) -> RewindPlan:
    """What a rewind would do, by the first host of the lane's cluster that can tell. Raises Problem: the first host's."""
    cluster = config.lanes[lane].cluster
    problems: list[Problem] = []
    for endpoint in endpoints_of(config, cluster):
        say(f"looking at the binlogs of {endpoint}")
        try:
            with connect(endpoint, connect_options(config, cluster)) as session:
                return _on_host(config, lane, store, asked, session)
        except Problem as problem:
            problems.append(problem)
    raise problems[0]


def _on_host(config: Config, lane: str, store: SqlCheckpointStore, asked: Asked, session: Session) -> RewindPlan:
    cluster = config.lanes[lane].cluster
    binlogs = ServerBinlogs(session, replica_identity(config, cluster, GROUP), dump_options(config, cluster))
    place = place_of(asked.point, binlogs)
    record = store.latest(lane)  # before the source's end is asked, or a lane that runs would be ahead of it
    mark = source_mark(session)
    metadata = session.show("SHOW GLOBAL VARIABLES LIKE 'binlog_row_metadata'")
    found = Situation(
        record=record,
        kept=store.histories(lane),
        source=SourceFacts(mark.server_uuid, str(mark.executed), str(mark.purged)),
        self_describing=bool(metadata) and metadata[0]["value"].upper() == "FULL",
        file_bytes=binlogs.file_bytes,
    )
    return plan_rewind(lane, asked, place, found)
