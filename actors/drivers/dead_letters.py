"""The dead-letter store: a table beside the checkpoints', written before the parcel is acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from actors.drivers.database import Database
from ingest.dead_letters import DeadLetter

_METADATA = sa.MetaData()
_LETTERS = sa.Table(
    "ingest_dead_letters",
    _METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("lane", sa.String(190), nullable=False, index=True),
    sa.Column("target", sa.String(255), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("delete", sa.Boolean, nullable=False),
    sa.Column("payload", sa.LargeBinary(2**24), nullable=False),
    sa.Column("reason", sa.String(255), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("gtid", sa.String(100), nullable=False),
    sa.Column("file", sa.String(255), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
)


class SqlDeadLetters:
    """See ``actors.shard.DeadLetters``. ``ingest``: whose lanes these are. No I/O before the first call."""

    def __init__(self, url: str, ingest: str) -> None:
        self._database = Database(url, _METADATA)
        self._ingest = ingest

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Keep letters; durable when it returns. A replay may add one again: each says its version."""
        rows = [{**asdict(letter), "lane": f"{self._ingest}/{letter.lane}"} for letter in letters]
        with self._database.transaction() as connection:
            connection.execute(_LETTERS.insert(), rows)

    def of_lane(self, lane: str) -> list[DeadLetter]:
        """A lane's letters, oldest first."""
        wanted = _LETTERS.c.lane == f"{self._ingest}/{lane}"
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(_LETTERS).where(wanted).order_by(_LETTERS.c.number)).mappings()
            return [
                DeadLetter(**{**{name: row[name] for name in row if name != "number"}, "lane": lane}) for row in found
            ]
