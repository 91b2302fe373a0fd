"""A dead letter for people and programs: its row as column = value, its place, and nothing secret.

Texts are those that SELECT prints; JSON values are those that Elasticsearch would be sent (configs/types.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.codec import SliceDecoder
from ingest.dead_letters.letter import QUARANTINED, DeadLetter, OpenLetter
from ingest.dead_letters.stored_row import StoredRow
from ingest.problems import DataProblem
from ingest.sinks.cell_bytes import cell_texts
from ingest.sinks.json_documents import json_documents
from ingest.slices import Kind

HELD = "held"
POISON = "poison"


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image of a row: texts by column, None for NULL; ``as_json``: the same as a JSON object."""

    texts: Mapping[str, str | None]
    as_json: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A letter's row. ``problem``: why an image can't be read, "" when both can."""

    before: ShownImage | None = None
    after: ShownImage | None = None
    problem: str = ""


def state_of(letter: DeadLetter | OpenLetter) -> str:
    """``poison``: the sink refused it. ``held``: it waits behind one that is."""
    return HELD if letter.reason == QUARANTINED else POISON


def shown_row(letter: DeadLetter, decoder: SliceDecoder) -> ShownRow:
    """Every column that the row's images hold."""
    row = letter.row
    alone = {
        Kind.DELETE: replace(row, kind=Kind.DELETE, after=b""),
        Kind.INSERT: replace(row, kind=Kind.INSERT, before=b""),
    }
    try:
        return ShownRow(
            None if row.kind is Kind.INSERT else _image(letter, alone[Kind.DELETE], decoder),
            None if row.kind is Kind.DELETE else _image(letter, alone[Kind.INSERT], decoder),
        )
    except DataProblem as problem:
        return ShownRow(problem=f"{problem.code.name}: {problem.what}")


def _image(letter: DeadLetter, row: StoredRow, decoder: SliceDecoder) -> ShownImage:
    """The one image that the row has."""
    part = row.as_slice(letter.ordinal, letter.stamp)
    is_before = row.kind is Kind.DELETE
    present = row.before_present if is_before else row.after_present
    columns = _present(present, len(decoder.schema_of(part).columns))
    decoded = decoder.decode(part, columns)
    image = decoded.before if is_before else decoded.after
    texts = {}
    for array, field in zip(image.columns, image.schema, strict=True):
        [cell] = cell_texts(array, field)
        texts[field.name] = None if cell is None else cell.decode("utf-8", "backslashreplace")
    [document] = json_documents(image)
    return ShownImage(texts, document)


def _present(bitmap: bytes, count: int) -> list[int]:
    return [index for index in range(count) if index // 8 < len(bitmap) and bitmap[index // 8] >> index % 8 & 1]


def letter_json(letter: DeadLetter, row: ShownRow | None = None) -> str:
    """A letter as one JSON object on one line; with its images when ``row`` is given."""
    fields: dict[str, object] = {
        "number": letter.number,
        "lane": letter.lane,
        "state": state_of(letter),
        "table": letter.table,
        "target": letter.target,
        "key": letter.key,
        "routing": letter.routing,
        "document_key": letter.document_key,
        "rule": letter.row.rule,
        "kind": letter.row.kind.name.lower(),
        "delete": letter.delete,
        "version": letter.version,
        "epoch": letter.epoch,
        "ordinal": letter.ordinal,
        "reason": letter.reason,
        "detail": letter.detail,
        "gtid": letter.stamp.gtid,
        "file": letter.stamp.file,
        "position": letter.stamp.position,
        "commit_us": letter.stamp.commit_us,
        "buried_us": letter.buried_us,
        "attempts": letter.attempts,
        "superseded": letter.superseded,
    }
    if row is None:
        return json.dumps(fields, ensure_ascii=False)
    fields["payload"] = letter.payload.decode("utf-8", "backslashreplace")
    fields["problem"] = row.problem
    images = [
        f',"{name}":{"null" if one is None else one.as_json}'
        for name, one in (("before", row.before), ("after", row.after))
    ]
    return json.dumps(fields, ensure_ascii=False)[:-1] + "".join(images) + "}"
