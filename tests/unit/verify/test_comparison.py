"""One document against what the sink holds."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sinks.stored import StoredDocument
from ingest.verify.comparison import Difference, Reading, compare, same_json

PLAIN = Reading()
JSON = Reading(json_fields={"j"})


def _found(**fields: bytes) -> StoredDocument:
    return StoredDocument("k", 1, fields)


def test_equal_fields_are_equal() -> None:
    """Nothing to say about a document that is as it should be, in whatever order its fields come."""
    assert compare("t", "k", {"a": b"1", "b": b"2"}, _found(b=b"2", a=b"1"), PLAIN) == []


def test_missing_document() -> None:
    """A row without document is missing, once."""
    assert compare("t", "k", {"a": b"1"}, None, PLAIN) == [Difference("missing", "t", "k")]


def test_document_without_fields_may_be_absent() -> None:
    """HBase has no row where every cell is NULL; Elasticsearch has an empty document."""
    assert compare("t", "k", {}, None, Reading(empty_is_absent=True)) == []
    assert compare("t", "k", {}, None, PLAIN) == [Difference("missing", "t", "k")]
    assert compare("t", "k", {"a": b"1"}, None, Reading(empty_is_absent=True)) != []


def test_every_differing_field_is_named() -> None:
    """A changed, a lacking and a foreign field each give a difference with both values."""
    found = compare("t", "k", {"a": b"1", "b": b"2"}, _found(a=b"9", c=b"3"), PLAIN)
    assert found == [
        Difference("differs", "t", "k", "a", "1", "9"),
        Difference("differs", "t", "k", "b", "2", None),
        Difference("differs", "t", "k", "c", None, "3"),
    ]


def test_fields_of_others_do_not_count_where_documents_are_shared() -> None:
    """Where several rules write into a document, only one's own fields are compared, emptied ones included."""
    shared = Reading(own=("a", "b"))
    assert compare("t", "k", {"a": b"1"}, _found(a=b"1", c=b"3"), shared) == []
    assert compare("t", "k", {"a": b"1"}, _found(a=b"1", b=b"old"), shared) == [
        Difference("differs", "t", "k", "b", None, "old")
    ]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ('{"a":1,"b":[true,null]}', '{"b": [true, null], "a": 1}'),
        ("1e2", "100.0"),
        ('"\\u00e9"', '"é"'),
    ],
)
def test_json_columns_mean_the_same(left: str, right: str) -> None:
    """Spacing, order of keys and the layout of numbers and escapes say nothing."""
    assert compare("t", "k", {"j": left.encode()}, _found(j=right.encode()), JSON) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1", "true"),
        ("0", "false"),
        ("0.0", "-0.0"),
        ('"1"', "1"),
        ("null", '"null"'),
        ("[1]", "[1,1]"),
        ('{"a":1}', '{"a":1,"b":2}'),
        ("9007199254740993", "9007199254740992"),
        ("0.1", "0.10000000000000001"),
        ("{", "{}"),
    ],
)
def test_json_columns_that_differ(left: str, right: str) -> None:
    """A value of another kind, a digit more or a member less is a difference."""
    assert compare("t", "k", {"j": left.encode()}, _found(j=right.encode()), JSON) != []


def test_only_json_columns_are_read_as_json() -> None:
    """A number that was sent as 1.10 and is stored as 1.1 is a difference."""
    assert compare("t", "k", {"n": b"1.10"}, _found(n=b"1.1"), JSON) != []


def test_long_values_are_cut_in_the_report() -> None:
    """A difference shows the beginning of a large value and its size."""
    [difference] = compare("t", "k", {"a": b"x" * 1000}, _found(a=b"\xff"), PLAIN)
    assert difference.expected == "x" * 300 + "... (1000 bytes)"
    assert difference.found == "\\xff"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def _read(text: str) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@settings(deadline=None)
@given(_JSON)
def test_a_value_is_the_same_as_itself_in_any_layout(value: Any) -> None:
    """Whatever the layout, a value equals itself."""
    assert same_json(_read(json.dumps(value)), _read(json.dumps(value, indent=2, ensure_ascii=False)))


@settings(deadline=None)
@given(_JSON, _JSON)
def test_same_json_agrees_with_canonical_text(left: Any, right: Any) -> None:
    """Two values are the same exactly when their sorted texts are (numbers of one kind have one text)."""
    texts = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    same = same_json(_read(json.dumps(left)), _read(json.dumps(right)))
    assert same or not texts
    assert texts or not same or "." in json.dumps([left, right]) or "e" in json.dumps([left, right])
