"""The answers for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from actors.lineage.survey import Traced
from ingest.dead_letters.letter import DeadLetter
from ingest.lineage.held import Held
from ingest.lineage.judge import JudgedChange, Place
from ingest.lineage.verdict import RowLook, Search
from ingest.rewind.moment import text_of_us
from ingest.slices import TransactionStamp
from ingest.version import split_version


def traced_lines(sink: str, key: str, one: Traced) -> Iterator[str]:
    """One place's answer, and what it rests on."""
    found = one.evidence
    yield f"{sink} / {_place(one.place)} / {key} (lane {one.lane})"
    yield f"  {one.verdict.words}"
    if found.held is not None:
        epoch, ordinal = split_version(found.held.version)
        yield f"  document  version {found.held.version} (epoch {epoch}, change {ordinal})"
        source = found.held.source
        yield f"  source    {'not kept' if source is None else f'{source.table}, {_stamp(source.stamp)}'}"
    if found.change is not None:
        change = found.change
        why = f": {change.why}" if change.why else ""
        yield f"  newest    {change.kind.name.lower()} of {change.table}, {_stamp(change.stamp)}"
        yield f"            rule {change.rule}: {change.outcome}{why}"
    for letter in found.letters:
        yield f"  letter    {letter.number}, {letter.reason}, {_stamp(letter.stamp)}"
    if found.row is not None:
        yield f"  row       {_row(found.row)}"
    for stamp, what in one.emptied:
        yield f"  emptied   {what}, {_stamp(stamp)}"
    lane = "no frontier yet" if found.frontier is None else f"{found.behind:,} transactions behind the server"
    yield f"  lane      {lane}"
    yield f"  searched  {_search(found.search)}"


def traced_json(sink: str, key: str, one: Traced) -> dict[str, object]:
    """The same for programs."""
    found = one.evidence
    return {
        "sink": sink,
        "lane": one.lane,
        "target": one.place.target,
        "part": None if one.place.part is None else {"name": one.place.part[0], "key": one.place.part[1]},
        "id": key,
        "answer": one.verdict.answer.value,
        "agrees": one.verdict.agrees,
        "words": one.verdict.words,
        "document": None if found.held is None else _held_json(found.held),
        "newest": None if found.change is None else _change_json(found.change),
        "letters": [_letter_json(letter) for letter in found.letters],
        "row": None if found.row is None else {"exists": found.row.exists, "written": found.row.written,
                                               "why": found.row.why},
        "emptied": [{"statement": what, **_stamp_json(stamp)} for stamp, what in one.emptied],
        "behind": found.behind,
        "searched": {"files": found.search.files, "of_files": found.search.of_files, "trouble": found.search.trouble},
    }  # fmt: skip


def _held_json(held: Held) -> dict[str, object]:
    epoch, ordinal = split_version(held.version)
    source = held.source
    said = None if source is None else {**_stamp_json(source.stamp), "table": source.table, "version": source.version}
    return {"version": held.version, "epoch": epoch, "ordinal": ordinal, "source": said}


def _change_json(change: JudgedChange) -> dict[str, object]:
    said = {"table": change.table, "kind": change.kind.name.lower(), "rule": change.rule, "outcome": change.outcome}
    return {**said, "why": change.why, **_stamp_json(change.stamp)}


def _letter_json(letter: DeadLetter) -> dict[str, object]:
    return {"number": letter.number, "reason": letter.reason, "detail": letter.detail, **_stamp_json(letter.stamp)}


def _stamp_json(stamp: TransactionStamp) -> dict[str, object]:
    moment = text_of_us(stamp.commit_us) if stamp.commit_us else None
    return {"gtid": stamp.gtid, "file": stamp.file, "position": stamp.position, "commit_time": moment}


def _place(place: Place) -> str:
    if place.part is None:
        return place.target
    name, key = place.part
    return f"{place.target}, part {name}" + (f" {key}" if key else "")


def _stamp(stamp: TransactionStamp) -> str:
    moment = f", {text_of_us(stamp.commit_us)}" if stamp.commit_us else ""
    return f"{stamp.gtid} at {stamp.file}:{stamp.position}{moment}"


def _row(row: RowLook) -> str:
    if not row.exists:
        return "MySQL has none"
    return "there, and the rules write it" if row.written else f"there, and left out: {row.why}"


def _search(search: Search) -> str:
    ended = f"; it ended early: {search.trouble}" if search.trouble else ""
    return f"{search.files} of {search.of_files} binlog files{ended}"
