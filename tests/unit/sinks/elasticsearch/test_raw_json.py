"""ingest.sinks.elasticsearch.raw_json: JSON read as the text that stands there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sinks.elasticsearch.raw_json import documents, object_members

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


@given(st.lists(st.dictionaries(st.text(max_size=5), values, max_size=4), max_size=4), values, styles)
def test_documents_are_their_texts(sources: list[dict[str, object]], other: object, style: tuple[str, str]) -> None:
    """Every document of an answer is there, its source apart and untouched, whatever stands beside it."""
    hits = [{"_id": str(number), "_source": source, "x": other} for number, source in enumerate(sources)]
    text = json.dumps({"took": other, "hits": {"total": other, "hits": hits, "more": other}}, separators=style)
    found = list(documents(text, ("hits", "hits"), "_source"))
    raw = json.dumps(other, separators=style)
    assert [members for members, _ in found] == [{"_id": f'"{n}"', "x": raw} for n in range(len(sources))]
    assert [inner for _, inner in found] == [
        {name: json.dumps(value, separators=style) for name, value in source.items()} for source in sources
    ]


def test_documents_without_source() -> None:
    """A document without the member is told from one with an empty one."""
    assert list(documents('{"docs":[{"a":1},{"s":{}}]}', ("docs",), "s")) == [({"a": "1"}, None), ({}, {})]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"docs":{}}', '{"docs":[', '{"docs":[{}', '{"docs":[{} {}]}', '{"docs":[1]}']
)
def test_not_documents(text: str) -> None:
    """An answer without them, or cut short, is a ValueError."""
    with pytest.raises(ValueError):
        list(documents(text, ("docs",), "s"))


def test_numbers_keep_their_digits() -> None:
    """Digits that a float would lose stay."""
    assert object_members('{"a":1.0,"b":123456789012345678901234567890.10}') == {
        "a": "1.0",
        "b": "123456789012345678901234567890.10",
    }


@pytest.mark.parametrize(
    "text",
    ["", "[1]", '{"a":1', '{"a":01}', '{"a":-}', '{"a":"\t"}', '{"a":1,', '{"a" 1}', '{"a":1 "b":2}', "{", '{"a":'],
)
def test_not_an_object(text: str) -> None:
    """What isn't an object is a ValueError, never a part of one."""
    with pytest.raises(ValueError):
        object_members(text)
