"""ingest.sinks.elasticsearch.raw_json: JSON read as the text that stands there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sinks.elasticsearch.raw_json import array_elements, object_members

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
styles = st.sampled_from([(", ", ": "), (",", ":"), (" ,\n", " : ")])


@given(st.dictionaries(st.text(max_size=5), values, max_size=5), styles)
def test_members_are_the_texts(members: dict[str, object], style: tuple[str, str]) -> None:
    """Every member's text is there, untouched, whatever the spacing."""
    texts = {name: json.dumps(value, separators=style) for name, value in members.items()}
    text = "{ " + style[0].join(f"{json.dumps(name)}{style[1]}{value}" for name, value in texts.items()) + " }"
    assert object_members(text) == texts


@given(st.lists(values, max_size=5), styles)
def test_elements_are_the_texts(elements: list[object], style: tuple[str, str]) -> None:
    """Every element's text is there, untouched, whatever the spacing."""
    texts = [json.dumps(value, separators=style) for value in elements]
    assert array_elements("[" + style[0].join(texts) + "]") == texts


def test_numbers_keep_their_digits() -> None:
    """Digits that a float would lose stay."""
    assert object_members('{"a":1.0,"b":123456789012345678901234567890.10}') == {
        "a": "1.0",
        "b": "123456789012345678901234567890.10",
    }


@pytest.mark.parametrize("text", ["", "[1]", '{"a":1', '{"a" 1}', '{"a":1 "b":2}', "{", '{"a":'])
def test_not_an_object(text: str) -> None:
    """What isn't an object is a ValueError, never a part of one."""
    with pytest.raises(ValueError):
        object_members(text)
