"""ingest.dead_letters: a row cut from a slice, kept, read back, known again, and shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.dead_letters.letter import DETAIL_CHARS_MAX, PAYLOAD_BYTES_MAX, ROW_BYTES_MAX, TOO_LARGE
from ingest.dead_letters.shown import letter_json, shown_row
from ingest.dead_letters.stored_row import StoredRow, cut_row, unpack_row
from ingest.problems import DataProblem
from ingest.slices import Kind, TransactionStamp
from ingest.version import version_of
from tests.kit.letter_world import UUID, Change, letter_of_change, slice_of_changes

ROWS = st.builds(
    StoredRow, st.integers(0, 2**32 - 1), st.sampled_from(Kind), *[st.binary(max_size=40) for _ in range(6)]
)


@given(ROWS)
def test_a_row_comes_back_as_it_was(row: StoredRow) -> None:
    """Pack and unpack."""
    assert unpack_row(row.pack()) == row


@given(ROWS, st.data())
def test_a_damaged_row_is_refused(row: StoredRow, data: st.DataObject) -> None:
    """Cut short, of another format, or with other bytes: ValueError or (where a flip hits the rule's number) a row."""
    packed = row.pack()
    with pytest.raises(ValueError, match="stored row"):
        unpack_row(packed[: data.draw(st.integers(0, len(packed) - 1))])
    with pytest.raises(ValueError, match="format 9"):
        unpack_row(b"\x09" + packed[1:])


@given(st.lists(st.sampled_from(Kind), min_size=1, max_size=6))
def test_each_row_of_a_slice_is_cut_out_whole(kinds: list[Kind]) -> None:
    """The slice that a cut row gives decodes to that row, with its transaction, kind and images; it is a tail's."""
    many = slice_of_changes([(place + 1, Change(place, place + 1, False, kind)) for place, kind in enumerate(kinds)])
    decoder = PureSliceDecoder("null")
    whole = decoder.decode(many, range(3))
    for place, kind in enumerate(kinds):
        row, stamp = cut_row(many, place)
        assert (row.kind, stamp.gtid) == (kind, f"{UUID}:{place + 1}")
        part = row.as_slice(9, stamp)
        assert part.tail
        alone = decoder.decode(part, range(3))
        assert alone.after.to_pylist() == whole.after.slice(place, 1).to_pylist()
        assert alone.before.to_pylist() == whole.before.slice(place, 1).to_pylist()
        assert list(alone.ordinals) == [9]


def test_a_change_is_known_again_in_another_epoch_and_from_another_server() -> None:
    """Not by version, file, position or table id: by document, transaction and images."""
    first = letter_of_change(Change(1, 4, False))
    again = replace(first, version=version_of(9, 1, delete=False), stamp=TransactionStamp(f"{UUID}:4", 7, "other.2", 9))
    again = replace(again, row=replace(again.row, table_map=b"\x99" + again.row.table_map[1:]), reason="else", number=9)
    assert first.change == again.change
    assert first.change != letter_of_change(Change(1, 5, False)).change
    assert first.change != replace(first, key="2").change
    assert first.change != replace(first, routing="").change
    assert first.change != replace(first, lane="other").change


def test_words_are_cut_and_a_row_past_the_bound_is_refused_by_name() -> None:
    """Invariant 6: a letter has a bound; what can't be kept stops the lane and names the row (1)."""
    fits = replace(letter_of_change(Change(1, 4, False)), detail="x" * 5_000, payload=b"x" * 100_000).bounded()
    assert (len(fits.detail), len(fits.payload)) == (DETAIL_CHARS_MAX, PAYLOAD_BYTES_MAX)
    with pytest.raises(DataProblem) as caught:
        replace(fits, row=replace(fits.row, after=bytes(ROW_BYTES_MAX + 1))).bounded()
    assert caught.value.code is TOO_LARGE
    assert caught.value.where["gtid"] == f"{UUID}:4"


@pytest.mark.parametrize("kind", list(Kind))
def test_a_row_is_shown_column_by_column(kind: Kind) -> None:
    """Before and after as they were there, as texts and as JSON; a whole letter is one line of JSON."""
    one = letter_of_change(Change(1, 4, True, kind))
    shown = shown_row(one, PureSliceDecoder("text"))
    texts = {"id": "1", "n": "4", "bad": "1"}
    assert shown.problem == ""
    assert (None if shown.before is None else shown.before.texts) == (None if kind is Kind.INSERT else texts)
    assert (None if shown.after is None else shown.after.texts) == (None if kind is Kind.DELETE else texts)
    line = letter_json(one, shown)
    assert "\n" not in line
    parsed = json.loads(line)
    assert parsed["after"] == (None if kind is Kind.DELETE else {"id": 1, "n": 4, "bad": 1})
    assert (parsed["number"], parsed["key"], parsed["reason"], parsed["epoch"]) == (7, "1", "mapping", 2)
    assert parsed["delete"] is (kind is Kind.DELETE)
    assert "before" not in json.loads(letter_json(one))


def test_a_row_that_cannot_be_read_says_so() -> None:
    """A damaged image: the letter is shown all the same, with the problem."""
    one = letter_of_change(Change(1, 4, True))
    shown = shown_row(replace(one, row=replace(one.row, after=b"\x00")), PureSliceDecoder("text"))
    assert shown.after is None
    assert shown.problem
    assert json.loads(letter_json(one, shown))["problem"] == shown.problem


def test_partial_images_show_what_they_hold() -> None:
    """binlog_row_image = MINIMAL: the key before, the changed columns after."""
    one = letter_of_change(Change(1, 4, True))
    row = replace(
        one.row, before_present=b"\x01", after_present=b"\x02", before=b"\x00\x01\0\0\0", after=b"\x00\x04\0\0\0"
    )
    shown = shown_row(replace(one, row=row), PureSliceDecoder("text"))
    assert shown.before is not None
    assert shown.after is not None
    assert (shown.before.texts, shown.after.texts) == ({"id": "1"}, {"n": "4"})
