"""The dead-letter store: a table beside the checkpoints', written before a parcel is acknowledged.

A letter that is settled, superseded or dropped leaves the table; numbers are never given twice. Texts are compared byte
by byte. What a shard writes is refused once its epoch isn't the lane's any more (invariant 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from actors.drivers.database import Database
from ingest.checkpoint.contract import FENCED
from ingest.dead_letters.contract import StoreChange
from ingest.dead_letters.letter import (
    DETAIL_CHARS_MAX,
    QUARANTINED,
    REASON_CHARS_MAX,
    DeadLetter,
    OpenLetter,
)
from ingest.dead_letters.stored_row import StoredRow, unpack_row
from ingest.problems import DataProblem, declare
from ingest.slices import Kind, TransactionStamp

UNREADABLE = declare(
    "dead_letters.unreadable",
    "A dead letter's row can't be read back from the store.",
    "Was it written by another version of this program? Its number, key and GTID stand in the table ingest_letters.",
)

_METADATA = sa.MetaData()
_LETTERS = sa.Table(
    "ingest_letters",
    _METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("change", sa.String(64), nullable=False, unique=True),
    sa.Column("lane", sa.String(190), nullable=False, index=True),
    sa.Column("place", sa.String(64), nullable=False, index=True),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("routing", sa.Text),
    sa.Column("document_key", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("whole", sa.Boolean, nullable=False),
    sa.Column("row", sa.LargeBinary(2**24), nullable=False),
    sa.Column("payload", sa.LargeBinary(2**24), nullable=False),
    sa.Column("reason", sa.String(REASON_CHARS_MAX), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("gtid", sa.String(100), nullable=False),
    sa.Column("file", sa.String(255), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("commit_us", sa.BigInteger, nullable=False),
    sa.Column("buried_us", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("superseded", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)
_LANES = sa.table("ingest_lanes", sa.column("lane"), sa.column("epoch"))
"""The checkpoint store's: see actors/drivers/store.py."""

_NOTHING = {"row": StoredRow(0, Kind.INSERT, *[b""] * 6).pack(), "payload": b""}
_HEADS = [
    sa.literal(_NOTHING[column.name], column.type).label(column.name) if column.name in _NOTHING else column
    for column in _LETTERS.c
]
"""All columns, but with nothing in the large ones."""

_PAGE = 200
_OPENED = (
    "change",
    "target",
    "key",
    "routing",
    "document_key",
    "version",
    "whole",
    "reason",
    "buried_us",
    "superseded",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant; what is empty or None leaves nothing out."""

    lane: str = ""
    reason: str = ""
    key: str | None = None
    numbers: Sequence[int] = ()


class SqlDeadLetters:
    """See the module and ``ingest.dead_letters.contract.LetterStore``. ``ingest``: whose lanes these are. No I/O before
    the first call."""

    def __init__(self, url: str, ingest: str) -> None:
        self._database = Database(url, _METADATA)
        self._ingest = ingest

    # --- a shard's ----------------------------------------------------------------------------------------------

    def opened(self, lane: str) -> list[OpenLetter]:
        """See ``LetterStore``."""
        columns = [_LETTERS.c[name] for name in _OPENED]
        with self._database.transaction(write=False) as connection:
            found = connection.execute(sa.select(*columns).where(_LETTERS.c.lane == self._name(lane)))
            return [OpenLetter(**row) for row in found.mappings()]

    def record(self, lane: str, epoch: int, change: StoreChange) -> int:
        """See ``LetterStore``."""
        with self._database.transaction() as connection:
            self._check_epoch(connection, lane, epoch)
            _delete(connection, change.closed)
            for letter in change.added:
                connection.execute(_LETTERS.insert().values(self._row(letter)))
            for one in change.renewed:
                values: dict[str, Any] = {"version": one.version, "superseded": one.superseded}
                connection.execute(_LETTERS.update().where(_LETTERS.c.change == one.change).values(values))
            for refused in change.refused:
                values = {
                    "reason": refused.result.reason[:REASON_CHARS_MAX],
                    "detail": refused.result.detail[:DETAIL_CHARS_MAX],
                    "attempts": _LETTERS.c.attempts + 1,
                }
                connection.execute(_LETTERS.update().where(_LETTERS.c.change == refused.letter.change).values(values))
            weighs = sa.or_(sa.not_(_LETTERS.c.whole), _LETTERS.c.reason != QUARANTINED)
            count = sa.select(sa.func.count()).select_from(_LETTERS)
            return int(connection.execute(count.where(_LETTERS.c.lane == self._name(lane), weighs)).scalar_one())

    def letter(self, lane: str, change: str) -> DeadLetter | None:
        """See ``LetterStore``. DataProblem ``dead_letters.unreadable``."""
        wanted = sa.select(_LETTERS).where(_LETTERS.c.change == change, _LETTERS.c.lane == self._name(lane))
        with self._database.transaction(write=False) as connection:
            row = connection.execute(wanted).mappings().one_or_none()
            return None if row is None else self._letter(row)

    # --- people's -----------------------------------------------------------------------------------------------

    def find(self, selection: Selection, limit: int | None = None, *, rows: bool = True) -> Iterator[DeadLetter]:
        """The letters meant, oldest first; without ``rows`` an empty row and payload stand in the place of theirs.
        DataProblem ``dead_letters.unreadable``."""
        after = 0
        columns = _LETTERS.c if rows else _HEADS
        while limit is None or limit > 0:
            page = _PAGE if limit is None else min(_PAGE, limit)
            wanted = sa.select(*columns).where(*self._meant(selection), _LETTERS.c.number > after)
            with self._database.transaction(write=False) as connection:
                found = connection.execute(wanted.order_by(_LETTERS.c.number).limit(page)).mappings().all()
            yield from map(self._letter, found)
            if len(found) < page:
                return
            after = found[-1]["number"]
            limit = None if limit is None else limit - len(found)

    def beside(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """All letters of the documents (lane, target, key) that these are of; without rows."""
        places = sorted({_place(self._name(letter.lane), letter.target, letter.key) for letter in letters})
        found: list[DeadLetter] = []
        with self._database.transaction(write=False) as connection:
            for start in range(0, len(places), _PAGE):
                wanted = sa.select(*_HEADS).where(_LETTERS.c.place.in_(places[start : start + _PAGE]))
                found += map(self._letter, connection.execute(wanted).mappings())
        return sorted(found, key=lambda letter: letter.number)

    def drop(self, letters: Sequence[DeadLetter]) -> None:
        """Give letters up. Durable when it returns."""
        with self._database.transaction() as connection:
            numbers = [letter.number for letter in letters]
            for start in range(0, len(numbers), _PAGE):
                connection.execute(_LETTERS.delete().where(_LETTERS.c.number.in_(numbers[start : start + _PAGE])))

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()

    # --- rows ---------------------------------------------------------------------------------------------------

    def _name(self, lane: str) -> str:
        return f"{self._ingest}/{lane}"

    def _meant(self, selection: Selection) -> list[sa.ColumnElement[bool]]:
        columns = _LETTERS.c
        lane = self._name(selection.lane)
        meant = [columns.lane == lane if selection.lane else columns.lane.startswith(lane, autoescape=True)]
        if selection.reason:
            meant.append(columns.reason == selection.reason)
        if selection.key is not None:
            meant.append(columns.key == selection.key)
        if selection.numbers:
            meant.append(columns.number.in_(selection.numbers))
        return meant

    def _check_epoch(self, connection: sa.Connection, lane: str, epoch: int) -> None:
        held = sa.select(_LANES.c.epoch).where(_LANES.c.lane == self._name(lane)).with_for_update(read=True)
        if connection.execute(held).scalar_one_or_none() != epoch:
            raise DataProblem(FENCED, f"epoch {epoch} of lane {lane} is over", {"lane": lane, "epoch": epoch})

    def _row(self, letter: DeadLetter) -> dict[str, Any]:
        lane = self._name(letter.lane)
        same = ("table", "target", "key", "routing", "document_key", "version", "whole", "payload", "reason", "detail",
                "buried_us", "attempts", "superseded")  # fmt: skip
        stamp = letter.stamp
        return {
            **{name: getattr(letter, name) for name in same},
            "lane": lane,
            "change": letter.change,
            "place": _place(lane, letter.target, letter.key),
            "row": letter.row.pack(),
            "gtid": stamp.gtid,
            "file": stamp.file,
            "position": stamp.position,
            "commit_us": stamp.commit_us,
        }

    def _letter(self, row: sa.RowMapping) -> DeadLetter:
        fields = dict(row)
        stamp = TransactionStamp(*(fields.pop(name) for name in ("gtid", "commit_us", "file", "position")))
        lane = fields.pop("lane").removeprefix(f"{self._ingest}/")
        del fields["change"], fields["place"]
        try:
            stored = unpack_row(fields.pop("row"))
        except ValueError as error:
            where = {"lane": lane, "number": fields["number"], "key": fields["key"], "gtid": stamp.gtid}
            raise DataProblem(UNREADABLE, str(error), where) from None
        return DeadLetter(**fields, lane=lane, row=stored, stamp=stamp)


def _place(lane: str, target: str, key: str) -> str:
    return sha256("\0".join((lane, target, key)).encode("utf-8", "surrogatepass")).hexdigest()


def _delete(connection: sa.Connection, changes: Sequence[str]) -> None:
    for start in range(0, len(changes), _PAGE):
        connection.execute(_LETTERS.delete().where(_LETTERS.c.change.in_(changes[start : start + _PAGE])))
