"""ingest.verify.digests: documents that agree, and those that don't, from sixteen bytes each."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.verify.digests import Digests, fields_digest, match

KEYS = st.sampled_from("abcdefgh")
ENDS = st.lists(st.tuples(KEYS, st.integers(0, 2)), max_size=12)


def digests_of(documents: list[tuple[str, int]]) -> Digests:
    made = Digests()
    for key, digest in documents:  # one by one, as chunks come
        made.add([key], [digest])
    return made


@given(ENDS, ENDS)
def test_match(expected: list[tuple[str, int]], found: list[tuple[str, int]]) -> None:
    """Doubtful, surplus and repeated are what sets of pairs say they are."""
    result = match(digests_of(expected), digests_of(found))
    keys = [key for key, _ in found]
    for key in "abcdefgh":
        assert (key in result.doubtful) == any(pair[0] == key and pair not in found for pair in expected)
        assert (key in result.surplus) == (key in keys and key not in dict(expected))
        assert (key in result.repeated) == (keys.count(key) > 1)


def test_order_and_spacing_do_not_matter() -> None:
    """One document in two renderings has one digest."""
    one = {"a": b"1.0", "b": b'{"x": [1, 2.50], "y": "z"}', "c": b'"t"'}
    other = {"c": b'"t"', "b": b'{"x":[1,2.50],"y":"z"}', "a": b"1.0"}
    assert fields_digest(one, None) == fields_digest(other, None)


@pytest.mark.parametrize(
    "other",
    [
        {"a": b"1", "b": b'{"x": 1}'},
        {"a": b"1.0"},
        {"a": b"1.0", "b": b'{"x": 1}', "c": b"null"},
        {"a": b"1.0", "b": b'{"x": 1.0}'},
        {"a": b"1.0", "b": b'{"x": "1"}'},
        {"a": b"1.0", "b": b'{"x": ["1"]}'},
        {"a": b"1.0", "b": b'{"x": true}'},
        {"a": b"1.0", "b": b'{"x": 1'},
        {"b": b"1.0", "a": b'{"x": 1}'},
    ],
)
def test_every_difference_shows(other: dict[str, bytes]) -> None:
    """A value, a field, a type or a name that differs gives another digest."""
    assert fields_digest({"a": b"1.0", "b": b'{"x": 1}'}, None) != fields_digest(other, None)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_digits(left: float, right: float) -> None:
    """Numbers inside a JSON value are told apart by their digits."""
    texts = [json.dumps([number]).encode() for number in (left, right)]
    assert (fields_digest({"j": texts[0]}, None) == fields_digest({"j": texts[1]}, None)) == (texts[0] == texts[1])


def test_routing_counts() -> None:
    """A document under another routing value is another one."""
    assert fields_digest({"a": b"1"}, None) != fields_digest({"a": b"1"}, "7")
