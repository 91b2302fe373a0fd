"""ingest.lineage.verdict: each answer of ``ingest trace``, from values."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.lane.frontier import Frontier
from ingest.lineage.held import Held
from ingest.lineage.judge import JudgedChange, Place
from ingest.lineage.verdict import Answer, Evidence, RowLook, Search, verdict
from ingest.sinks.source_field import Source
from ingest.slices import SNAPSHOT_GTID, Kind, TransactionStamp
from tests.kit.letter_world import Change, letter_of_change

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
THERE, LEFT_OUT, NO_ROW = RowLook(True, True), RowLook(True, False, "type IN (1, 2) is false"), RowLook(False)


def held(number: int) -> Held:
    """A document written by a transaction."""
    return Held(number, Source(stamp(number), "shop.orders", number))


def of_snapshot(later_us: int) -> Held:
    """A document that a snapshot wrote, so much later than every change was committed."""
    read = TransactionStamp(SNAPSHOT_GTID, stamp(0).commit_us + later_us, "", 0)
    return Held(1, Source(read, "shop.orders", 1))


def stamp(number: int) -> TransactionStamp:
    return TransactionStamp(f"{UUID}:{number}", 1_704_164_645_000_000, "binlog.000003", 157)


def change(number: int, outcome: str, why: str = "") -> JudgedChange:
    return JudgedChange(stamp(number), "shop.orders", Kind.UPDATE, 0, outcome, Place("orders"), None, why)  # type: ignore[arg-type]


def gtids(last: int) -> GtidSet:
    return GtidSet.parse(f"{UUID}:1-{last}")


WHOLE = Search(2, 2, GtidSet())
NOTHING = Evidence(None, None, (), None, Frontier(str(gtids(8))), gtids(9), WHOLE)
"""The lane has applied eight of nine transactions."""

CASES = [
    (replace(NOTHING, held=of_snapshot(1), change=change(7, "written")), Answer.NEWEST, "from a snapshot.*:7"),
    (replace(NOTHING, held=of_snapshot(-1), change=change(7, "written")), Answer.DIFFERS, "as of snapshot.*:7"),
    (replace(NOTHING, held=of_snapshot(1), change=change(7, "deleted")), Answer.DIFFERS, "which deleted it"),
    (replace(NOTHING, held=of_snapshot(1), change=change(9, "written")), Answer.NOT_REACHED, "older"),
    (replace(NOTHING, held=of_snapshot(1)), Answer.NEWEST, "nothing newer than snapshot"),
    (
        replace(NOTHING, held=of_snapshot(1), search=Search(1, 2, GtidSet())),
        Answer.UNKNOWN,
        "nothing newer than snapshot was found",
    ),
    (replace(NOTHING, held=held(7), change=change(7, "written")), Answer.NEWEST, "there, and newest"),
    (replace(NOTHING, held=held(9), change=change(9, "written")), Answer.NEWEST, "there, and newest"),
    (replace(NOTHING, held=held(7), change=change(7, "written"), row=NO_ROW), Answer.DIFFERS, "emptied"),
    (replace(NOTHING, held=Held(7, None), change=change(7, "written")), Answer.NEWEST, "keeps no source"),
    (
        replace(NOTHING, held=held(7), change=change(9, "written")),
        Answer.NOT_REACHED,
        "older.*:9.*frontier is 1 behind",
    ),
    (replace(NOTHING, held=held(7), change=change(9, "deleted")), Answer.NOT_REACHED, "older"),
    (replace(NOTHING, change=change(9, "written")), Answer.NOT_REACHED, "not there"),
    (replace(NOTHING, change=change(9, "written"), frontier=None), Answer.NOT_REACHED, "no frontier yet"),
    (replace(NOTHING, held=held(9), change=change(9, "deleted")), Answer.NOT_REACHED, "isn't wholly applied"),
    (replace(NOTHING, held=held(8), change=change(8, "deleted", "gone")), Answer.DIFFERS, "in the end: gone"),
    (
        replace(NOTHING, held=held(5), change=change(7, "written")),
        Answer.DIFFERS,
        "as of .*:5, although.*:7, which wrote",
    ),
    (replace(NOTHING, held=held(5), change=change(7, "left out")), Answer.DIFFERS, r"which left it out"),
    (replace(NOTHING, held=Held(5, None), change=change(7, "deleted")), Answer.DIFFERS, "as it was"),
    (replace(NOTHING, change=change(7, "written")), Answer.DIFFERS, "somebody removed it"),
    (
        replace(NOTHING, change=change(7, "deleted", "the row was deleted")),
        Answer.DELETED,
        "deleted by .*:7: the row was",
    ),
    (
        replace(NOTHING, change=change(7, "left out", "type = 5")),
        Answer.FILTERED,
        "rule 0 leaves it out since .*type = 5",
    ),
    (
        replace(NOTHING, held=held(5), change=replace(change(7, "written"), dropped_rows=1_200)),
        Answer.DROPPED,
        "there, but older: .*:7 was dropped as part of a large transaction, of 1,200 row changes",
    ),
    (replace(NOTHING, change=replace(change(7, "written"), dropped_rows=9)), Answer.DROPPED, "not there: "),
    (replace(NOTHING, held=held(7), change=replace(change(7, "written"), dropped_rows=9)), Answer.NEWEST, "there, and"),
    (replace(NOTHING, change=replace(change(9, "written"), dropped_rows=9)), Answer.NOT_REACHED, "isn't reached"),
    (replace(NOTHING, change=change(7, "refused", "too large")), Answer.REFUSED, "can't take .*too large"),
    (NOTHING, Answer.UNKNOWN, "can't be asked"),
    (replace(NOTHING, row=NO_ROW), Answer.NO_ROW, "there is no such row"),
    (replace(NOTHING, row=LEFT_OUT), Answer.FILTERED, r"type IN \(1, 2\) is false"),
    (replace(NOTHING, row=THERE), Answer.NOT_IN_BINLOGS, "binlogs that are left"),
    (replace(NOTHING, row=THERE, search=Search(1, 2, gtids(5))), Answer.NOT_IN_BINLOGS, "no change of it was found"),
    (replace(NOTHING, held=held(7), row=THERE), Answer.NEWEST, "nothing newer than .*:7"),
    (replace(NOTHING, held=held(7), search=Search(1, 2, gtids(5))), Answer.NEWEST, "nothing newer"),
    (replace(NOTHING, held=held(4), search=Search(1, 2, gtids(5))), Answer.UNKNOWN, "that were searched"),
    (
        replace(NOTHING, held=Held(4, None), search=Search(2, 2, GtidSet(), "damaged")),
        Answer.UNKNOWN,
        "that were searched",
    ),
    (replace(NOTHING, held=held(7), row=NO_ROW), Answer.DIFFERS, "no such row"),
    (replace(NOTHING, held=held(7), row=LEFT_OUT), Answer.DIFFERS, "leave the row out"),
]


@pytest.mark.parametrize(("found", "answer", "words"), CASES)
def test_answers(found: Evidence, answer: Answer, words: str) -> None:
    """One case each: what is there, what is newest, and what the frontier holds decide."""
    said = verdict(found)
    assert said.answer is answer, said
    assert re.search(words, said.words), said
    agrees = answer in (Answer.NEWEST, Answer.DELETED, Answer.FILTERED, Answer.DROPPED, Answer.NO_ROW)
    assert said.agrees is agrees


def test_a_dead_letter_comes_first() -> None:
    """Whatever else is true: nothing passes a document's letter until it is retried or dropped."""
    letter = replace(letter_of_change(Change(1, 1, False, Kind.INSERT), 7), number=12, reason="mapping", stamp=stamp(6))
    said = verdict(replace(NOTHING, held=held(5), change=change(7, "written"), letters=(letter,)))
    assert said.answer is Answer.DEAD_LETTER
    assert "number 12" in said.words
    assert not said.agrees
