"""A dead letter: one change of one document that waits for a person, with all that is known of it.

Kept durably before its parcel is acknowledged (invariant 1: the frontier may pass it then). Its row is kept as it came,
so that a retry runs the rules of that day on it, under the version that it always had (invariant 2).

A change is known again by what it is (document, transaction, row images), not by its version: a replay in a new epoch
counts anew, and gives the same change a higher one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from ingest.dead_letters.stored_row import StoredRow
from ingest.problems import DataProblem, declare
from ingest.slices import TransactionStamp
from ingest.version import split_version

TOO_LARGE = declare(
    "dead_letters.too_large",
    "A row is too large to be kept as a dead letter.",
    "Correct the row at its source or leave it out by the rule's filter, and resume the lane.",
)

QUARANTINED = "quarantined"
"""The reason of a letter that was never sent: its document has an older letter that waits."""

ROW_BYTES_MAX = 16_000_000
PAYLOAD_BYTES_MAX = 65_536
"""What is kept of the request's item; it is for people, a retry makes it anew."""
DETAIL_CHARS_MAX = 2_000
REASON_CHARS_MAX = 200

Place = tuple[str, str]
"""(target, key): what is held back while it has a letter."""

Document = tuple[str, str, str | None]
"""(target, key, routing): what one whole write replaces. One key under two routings may be two documents."""


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """What a shard remembers of a letter: which change of which document, and how it stands to the others.

    ``change``: the change's identity (``DeadLetter.change``). ``whole``: does the change write or delete the whole
    document (so that the newest is all that counts)? ``buried_us``: when it was put into the store, microseconds since
    1970. ``superseded``: how many older letters it stands for.
    """

    change: str
    target: str
    key: str
    routing: str | None
    document_key: str
    version: int
    whole: bool
    reason: str
    buried_us: int
    superseded: int = 0

    @property
    def place(self) -> Place:
        """What it holds back."""
        return self.target, self.key

    @property
    def document(self) -> Document:
        """The document it changes."""
        return self.target, self.key, self.routing

    @property
    def weighs(self) -> bool:
        """Does it count towards ``dead_letters_max``? The one change that is held behind a whole document's cause
        doesn't: there is never more than one of them."""
        return not self.whole or self.reason != QUARANTINED


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """``rule``, ``row`` and ``stamp`` are what a retry needs. ``key``: the sink's; ``document_key``: the one that shards
    hash on. ``payload``: the request's item as it was sent, cut. ``reason``, ``detail``: the sink's words.
    ``attempts``: how many retries found it poison again. ``number``: the store's, 0 before it has one."""

    lane: str
    table: str
    target: str
    key: str
    routing: str | None
    document_key: str
    version: int
    whole: bool
    row: StoredRow
    stamp: TransactionStamp
    payload: bytes
    reason: str
    detail: str
    buried_us: int
    attempts: int = 0
    superseded: int = 0
    number: int = 0

    @property
    def delete(self) -> bool:
        """Did it delete the document? (The version says so.)"""
        return not self.version & 1

    @property
    def epoch(self) -> int:
        """The epoch it was read in."""
        return split_version(self.version)[0]

    @property
    def ordinal(self) -> int:
        """Which row change of its epoch it is."""
        return split_version(self.version)[1]

    @property
    def change(self) -> str:
        """The change's identity: equal for a replay, from whichever server, in whichever epoch. 64 hex digits."""
        row = self.row
        routing = "" if self.routing is None else f"={self.routing}"
        parts = [self.lane, self.table, str(row.rule), self.target, self.key, routing, self.stamp.gtid, row.kind.name]
        digest = hashlib.sha256()
        for text in parts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        for buffer in (row.before_present, row.after_present, row.before, row.after):
            digest.update(len(buffer).to_bytes(4, "little") + buffer)
        return digest.hexdigest()

    def opened(self) -> OpenLetter:
        """What a shard remembers of it."""
        return OpenLetter(
            self.change, self.target, self.key, self.routing, self.document_key, self.version, self.whole,
            self.reason, self.buried_us, self.superseded,
        )  # fmt: skip

    def standing_for(self, superseded: int) -> DeadLetter:
        """The letter as one that stands for so many older ones."""
        return replace(self, superseded=superseded)

    def bounded(self) -> DeadLetter:
        """The letter as it may be stored: its words and its payload cut. DataProblem ``dead_letters.too_large``."""
        size = len(self.row.before) + len(self.row.after)
        if size > ROW_BYTES_MAX:
            where = {"lane": self.lane, "table": self.table, "target": self.target, "key": self.key}
            where |= {"gtid": self.stamp.gtid, "file": self.stamp.file, "position": str(self.stamp.position)}
            what = f"the row has {size} bytes; the sink says {self.reason}: {self.detail[:DETAIL_CHARS_MAX]}"
            raise DataProblem(TOO_LARGE, what, where)
        return replace(
            self,
            payload=self.payload[:PAYLOAD_BYTES_MAX],
            reason=self.reason[:REASON_CHARS_MAX],
            detail=self.detail[:DETAIL_CHARS_MAX],
        )
