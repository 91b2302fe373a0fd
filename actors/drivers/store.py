"""The checkpoint store behind a URL (SQLAlchemy): sqlite, MySQL or PostgreSQL.

Four tables. ``ingest_lanes``: one row per lane with its epoch, the processes that may write for it, and the number of
its newest record; every write is a compare-and-set on that row. ``ingest_records``: the records; a new one is written
before the old ones go, in one transaction with the compare-and-set. ``ingest_wishes``: lanes that a person paused. ``ingest_histories``: the
schema histories that a lane's records carried, so that a rewound lane can get that of its older point.

Invariants: what a method wrote is durable when it returns; an older epoch changes nothing (4). Any failure of the
database is a WorldProblem without the URL's password.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from actors.drivers.database import Database
from ingest.checkpoint.contract import FENCED, Claim, Member
from ingest.checkpoint.record import CheckpointRecord, EncodedRecord, decode, encode
from ingest.problems import DataProblem, WorldProblem
from ingest.version import EPOCH_MAX

RECORDS_KEPT = 2
HISTORIES_KEPT = 200
"""A history is new when a statement changed a table: seldom."""

_METADATA = sa.MetaData()
_LANES = sa.Table(
    "ingest_lanes",
    _METADATA,
    sa.Column("lane", sa.String(190), primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("record", sa.BigInteger, nullable=False),
    sa.Column("members", sa.Text, nullable=False),
    sa.Column("claimant", sa.Text, nullable=False),
)
_WISHES = sa.Table(
    "ingest_wishes",
    _METADATA,
    sa.Column("lane", sa.String(190), primary_key=True),
    sa.Column("wish", sa.String(20), nullable=False),
)
_RECORDS = sa.Table(
    "ingest_records",
    _METADATA,
    sa.Column("lane", sa.String(190), primary_key=True),
    sa.Column("record", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text(2**24 - 1), nullable=False),
    sa.Column("checksum", sa.String(64), nullable=False),
)
_HISTORIES = sa.Table(
    "ingest_histories",
    _METADATA,
    sa.Column("lane", sa.String(190), primary_key=True),
    sa.Column("history", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.Text(2**24 - 1), nullable=False),
)


class SqlCheckpointStore:
    """See the module and ``ingest.checkpoint.contract.CheckpointStore``. No I/O before the first call."""

    def __init__(self, url: str, ingest: str = "") -> None:
        """``ingest``: name of the ingest whose lanes these are; several may share a store."""
        self._database = Database(url, _METADATA)
        self._ingest = f"{ingest}/" if ingest else ""
        self._history_kept: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SqlCheckpointStore({self._database})"

    def claim(self, lane: str, claimant: Member, *, own: bool = False) -> Claim:
        """Take the next epoch by compare-and-set; with ``own`` only of a lane that the same one claimed last."""
        lane = self._ingest + lane
        me = _members_text([claimant])
        with self._database.transaction() as connection:
            row = connection.execute(sa.select(_LANES).where(_LANES.c.lane == lane)).one_or_none()
            if row is None:
                values = {"lane": lane, "epoch": 1, "record": 0, "members": "[]", "claimant": me}
                connection.execute(_LANES.insert().values(values))
                return Claim(1, None, ())
            if own and row.claimant != me:
                raise DataProblem(FENCED, f"another supervisor has claimed lane {lane} since", {"lane": lane})
            if row.epoch >= EPOCH_MAX:
                raise DataProblem(FENCED, f"lane {lane} has used up its {EPOCH_MAX} epochs", {"lane": lane})
            here = (_LANES.c.lane == lane, _LANES.c.epoch == row.epoch)
            won = connection.execute(_LANES.update().where(*here).values(epoch=row.epoch + 1, claimant=me))
            if won.rowcount != 1:
                raise WorldProblem(FENCED, f"another supervisor claimed lane {lane} at the same time", {"lane": lane})
            return Claim(row.epoch + 1, self._record(connection, lane, row.record), _members(row.members))

    def claimant(self, lane: str) -> Member | None:
        """Who claimed the lane last."""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(_LANES.c.claimant).where(_LANES.c.lane == lane)).scalar_one_or_none()
            return None if found is None else _members(found)[0]

    def enlist(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """Name the processes that may write for the epoch, beside those of earlier epochs."""
        lane = self._ingest + lane
        with self._database.transaction() as connection:
            row = connection.execute(sa.select(_LANES).where(_LANES.c.lane == lane)).one()
            named = {*_members(row.members), *members}
            self._update(connection, lane, epoch, members=_members_text(named))

    def settle(self, lane: str, epoch: int, members: Sequence[Member]) -> None:
        """Only these processes can still write: forget those of earlier epochs."""
        lane = self._ingest + lane
        with self._database.transaction() as connection:
            self._update(connection, lane, epoch, members=_members_text(members))

    def commit(self, record: CheckpointRecord) -> None:
        """Write a record for its epoch; the new one is there before the old ones go."""
        encoded = encode(record)
        lane = self._ingest + record.lane
        with self._database.transaction() as connection:
            newest = connection.execute(sa.select(_LANES.c.record).where(_LANES.c.lane == lane)).scalar_one()
            self._update(connection, lane, record.epoch, record=newest + 1)
            connection.execute(
                _RECORDS.insert().values(lane=lane, record=newest + 1, body=encoded.body, checksum=encoded.checksum)
            )
            connection.execute(
                _RECORDS.delete().where(_RECORDS.c.lane == lane, _RECORDS.c.record <= newest + 1 - RECORDS_KEPT)
            )
            if record.schema_history and self._history_kept.get(lane) != record.schema_history:
                _keep_history(connection, lane, record.schema_history)
        self._history_kept[lane] = record.schema_history

    def histories(self, lane: str) -> Sequence[str]:
        """The schema histories that the lane's records carried, newest first."""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            wanted = sa.select(_HISTORIES.c.body).where(_HISTORIES.c.lane == lane)
            return tuple(
                str(body) for body in connection.execute(wanted.order_by(_HISTORIES.c.history.desc())).scalars()
            )

    def members(self, lane: str) -> Sequence[Member]:
        """The processes that may write for the lane; they may be gone."""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(_LANES.c.members).where(_LANES.c.lane == lane)).scalar_one_or_none()
            return () if found is None else _members(found)

    def holds(self, lane: str, epoch: int) -> bool:
        """Is this epoch still the lane's?"""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(_LANES.c.epoch).where(_LANES.c.lane == lane)).scalar_one_or_none()
            return bool(found == epoch)

    def latest(self, lane: str) -> CheckpointRecord | None:
        """The lane's last record."""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            row = connection.execute(sa.select(_LANES).where(_LANES.c.lane == lane)).one_or_none()
            return None if row is None else self._record(connection, lane, row.record)

    def wish(self, lane: str) -> str | None:
        """What a person last said of a lane."""
        lane = self._ingest + lane
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(_WISHES.c.wish).where(_WISHES.c.lane == lane)).scalar_one_or_none()
            return None if found is None else str(found)

    def set_wish(self, lane: str, wish: str | None) -> None:
        """Remember it, over restarts."""
        lane = self._ingest + lane
        with self._database.transaction() as connection:
            connection.execute(_WISHES.delete().where(_WISHES.c.lane == lane))
            if wish is not None:
                connection.execute(_WISHES.insert().values(lane=lane, wish=wish))

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()

    @staticmethod
    def _record(connection: sa.Connection, lane: str, number: int) -> CheckpointRecord | None:
        if number == 0:
            return None
        row = connection.execute(sa.select(_RECORDS).where(_RECORDS.c.lane == lane, _RECORDS.c.record == number)).one()
        return decode(EncodedRecord(row.body, row.checksum))

    @staticmethod
    def _update(connection: sa.Connection, lane: str, epoch: int, **values: object) -> None:
        done = connection.execute(_LANES.update().where(_LANES.c.lane == lane, _LANES.c.epoch == epoch).values(values))
        if done.rowcount != 1:
            raise DataProblem(FENCED, f"epoch {epoch} of lane {lane} is over", {"lane": lane, "epoch": epoch})


def _keep_history(connection: sa.Connection, lane: str, body: str) -> None:
    """Unless it is there already; the oldest one goes when there are too many."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    numbers = sa.select(_HISTORIES.c.history).where(_HISTORIES.c.lane == lane)
    if connection.execute(numbers.where(_HISTORIES.c.digest == digest)).first() is not None:
        return
    newest = max(connection.execute(numbers).scalars(), default=0) + 1
    connection.execute(_HISTORIES.insert().values(lane=lane, history=newest, digest=digest, body=body))
    connection.execute(
        _HISTORIES.delete().where(_HISTORIES.c.lane == lane, _HISTORIES.c.history <= newest - HISTORIES_KEPT)
    )


def _members(text: str) -> tuple[Member, ...]:
    return tuple(Member(**values) for values in json.loads(text))


def _members_text(members: Sequence[Member] | set[Member]) -> str:
    return json.dumps([asdict(member) for member in sorted(members, key=lambda one: (one.role, one.host, one.pid))])
