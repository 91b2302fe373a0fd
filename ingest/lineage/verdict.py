"""The answer for one document (or part of one): is it as its newest change has it, and if not, why. Values in, values out.

The binlog's newest change is taken for the truth, the lane's frontier for what was applied; so an answer holds for the
moment in which all was asked, and while writes go on it may be out of date by the time that it is read.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet
from ingest.dead_letters.letter import DeadLetter
from ingest.lane.frontier import Frontier
from ingest.lineage.held import Held
from ingest.lineage.judge import JudgedChange


class Answer(enum.Enum):
    """What ``ingest trace`` answers."""

    NEWEST = "newest"
    DELETED = "deleted"
    FILTERED = "filtered"
    DROPPED = "dropped"
    NO_ROW = "no_row"
    NOT_REACHED = "not_reached"
    DEAD_LETTER = "dead_letter"
    REFUSED = "refused"
    DIFFERS = "differs"
    NOT_IN_BINLOGS = "not_in_binlogs"
    UNKNOWN = "unknown"


AS_IT_SHOULD_BE = frozenset({Answer.NEWEST, Answer.DELETED, Answer.FILTERED, Answer.DROPPED, Answer.NO_ROW})


@dataclass(frozen=True, slots=True)
class RowLook:
    """MySQL's row: is it there; does a rule write it (None: it isn't there), and if not, why."""

    exists: bool
    written: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """How far the binlog was searched. ``files``, ``of_files``: how many were, of how many that the server has;
    ``before``: what the server had executed before the oldest of them; ``trouble``: why it ended early, or ""."""

    files: int
    of_files: int
    before: GtidSet
    trouble: str = ""

    @property
    def is_whole(self) -> bool:
        """Were all binlogs searched that are left?"""
        return self.files == self.of_files and not self.trouble


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was found. ``held``: None: the sink has no such document. ``change``: the newest in the binlogs searched.
    ``letters``: the document's dead letters, oldest first. ``row``: None: MySQL can't be asked by this id. ``frontier``:
    the lane's, None: it has none yet. ``executed``: what the server has."""

    held: Held | None
    change: JudgedChange | None
    letters: Sequence[DeadLetter]
    row: RowLook | None
    frontier: Frontier | None
    executed: GtidSet
    search: Search

    @property
    def behind(self) -> int:
        """How many transactions of the server the lane hasn't wholly applied."""
        return self.executed.subtract(self._applied).count()

    @property
    def _applied(self) -> GtidSet:
        return GtidSet.parse(self.frontier.executed) if self.frontier is not None else GtidSet()

    def is_reached(self, gtid: str) -> bool:
        """Has the lane wholly applied a transaction?"""
        return gtid in self._applied


@dataclass(frozen=True, slots=True)
class Verdict:
    """``words``: a sentence for people."""

    answer: Answer
    words: str

    @property
    def agrees(self) -> bool:
        """Is the document as it should be?"""
        return self.answer in AS_IT_SHOULD_BE


def verdict(found: Evidence) -> Verdict:
    """See the module."""
    there = "there" if found.held is not None else "not there"
    if found.letters:
        first, last = found.letters[0], found.letters[-1]
        waiting = "" if last is first else f"; {last.stamp.gtid} waits behind it"
        words = f"a dead letter holds it: number {first.number} of {first.stamp.gtid}, {first.reason}{waiting}"
        return Verdict(Answer.DEAD_LETTER, f"{there}: {words}")
    change = found.change
    if change is None:
        return _unchanged(found)
    held = found.held
    if held is not None and held.source is not None and held.source.stamp.gtid == change.stamp.gtid:
        return _of_this_transaction(found, change)
    if not found.is_reached(change.stamp.gtid):
        lane = "the lane has no frontier yet" if found.frontier is None else f"the frontier is {found.behind:,} behind"
        older = "there, but older" if held is not None else there
        return Verdict(Answer.NOT_REACHED, f"{older}: {change.stamp.gtid} isn't reached yet; {lane}")
    return _reached(found, change)


def _of_this_transaction(found: Evidence, change: JudgedChange) -> Verdict:
    if change.outcome == "written":
        return _newest(found, "there, and newest")
    if found.is_reached(change.stamp.gtid):
        what = f"there, although {change.stamp.gtid}, which wrote it, had it {change.outcome} in the end"
        return Verdict(Answer.DIFFERS, f"{what}: {change.why}")
    return Verdict(Answer.NOT_REACHED, f"there, but {change.stamp.gtid}, which wrote it, isn't wholly applied yet")


def _newest(found: Evidence, words: str) -> Verdict:
    """As its newest change has it; but a TRUNCATE takes rows without a change of each."""
    if found.row is not None and not found.row.exists:
        return Verdict(Answer.DIFFERS, f"{words}, but MySQL has no such row: its table may have been emptied")
    return Verdict(Answer.NEWEST, words)


def _reached(found: Evidence, change: JudgedChange) -> Verdict:
    held, gtid = found.held, change.stamp.gtid
    if change.outcome == "refused":
        return Verdict(Answer.REFUSED, f"rule {change.rule} can't take {gtid}: {change.why}")
    if change.dropped_rows:
        there = "not there" if held is None else "there, but older"
        what = f"{gtid} was dropped as part of a large transaction, of {change.dropped_rows:,} row changes"
        return Verdict(Answer.DROPPED, f"{there}: {what} (large_transactions)")
    if held is None:
        if change.outcome == "deleted":
            return Verdict(Answer.DELETED, f"not there: deleted by {gtid}: {change.why}")
        if change.outcome == "left out":
            return Verdict(Answer.FILTERED, f"not there: rule {change.rule} leaves it out since {gtid}: {change.why}")
        why = "somebody removed it in the sink, or the lane began behind it (its start, or a rewind --skip)"
        return Verdict(Answer.DIFFERS, f"not there, although the frontier holds {gtid}, which wrote it: {why}")
    if change.outcome == "written" and held.source is None:
        return _newest(found, f"there, and the frontier holds its newest change, {gtid}; it keeps no source")
    stamp = None if held.source is None else held.source.stamp
    if change.outcome == "written" and stamp and stamp.is_snapshot and change.stamp.commit_us <= stamp.commit_us:
        return _newest(found, f"there, from a snapshot that was taken after its newest change, {gtid}")
    kept = "" if held.source is None else f" of {held.source.stamp.gtid}"
    did = {"written": "wrote it", "deleted": "deleted it"}.get(change.outcome, f"left it out ({change.why})")
    return Verdict(Answer.DIFFERS, f"there as{kept or ' it was'}, although the frontier holds {gtid}, which {did}")


def _unchanged(found: Evidence) -> Verdict:
    """No change of it in the binlogs that were searched."""
    held, row = found.held, found.row
    left = "no change of it is in the binlogs that are left" if found.search.is_whole else "no change of it was found"
    if held is not None:
        source = held.source
        newer = f"nothing newer than {source.stamp.gtid}" if source is not None else "nothing"
        if row is not None and not row.written:
            state = "MySQL has no such row" if not row.exists else f"the rules leave the row out ({row.why})"
            return Verdict(Answer.DIFFERS, f"there, although {state}; {left}")
        gtid = None if source is None or source.stamp.is_snapshot else source.stamp.gtid
        if found.search.is_whole or (gtid is not None and gtid not in found.search.before):
            return Verdict(Answer.NEWEST, f"there; {newer} is in the binlogs that are left")
        return Verdict(Answer.UNKNOWN, f"there; {newer} was found in the binlogs that were searched")
    if row is None:
        return Verdict(Answer.UNKNOWN, f"not there, and {left}; MySQL can't be asked for a row by this id")
    if not row.exists:
        return Verdict(Answer.NO_ROW, f"not there, as in MySQL: there is no such row; {left}")
    if not row.written:
        return Verdict(Answer.FILTERED, f"not there: the rules leave the row out: {row.why}")
    return Verdict(Answer.NOT_IN_BINLOGS, f"not there, although the row is: {left}, so no lane has read it")
