"""JSON read without changing it: an object's members, an array's elements and the documents of an answer as the texts
that stand there.

For comparing what an index holds with what was sent, and for putting parts into a document: numbers keep their digits (1.0 stays 1.0, a DECIMAL of 65 digits
stays whole), which ``json.loads`` doesn't promise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

Members = dict[str, str]
"""Names and the texts of their values."""

_DECODER = json.JSONDecoder()
_WHITE = re.compile(r"[ \t\r\n]*")
_STRING = r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"'
_NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_MEMBER = re.compile(
    rf"[ \t\r\n]*({_STRING})[ \t\r\n]*:[ \t\r\n]*(?:({_STRING}|{_NUMBER}|true|false|null)[ \t\r\n]*([,}}])[ \t\r\n]*)?",
    re.ASCII,
)
"""A name, and its value with the mark behind it if it has no members or elements of its own: most are such, and a
match is three times faster than decoding."""


def object_members(text: str) -> Members:
    """The members of a JSON object. ValueError when it isn't one."""
    return _members(text, _white(text, 0), None)[0]


def array_elements(text: str) -> list[str]:
    """The elements of a JSON array. ValueError when it isn't one."""
    elements = []
    at = _expect(text, _white(text, 0), "[")
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        elements.append(text[at:end])
        at = _next(text, end, "]")
    return elements


def documents(text: str, path: Sequence[str], opened: str) -> Iterator[tuple[Members, Members | None]]:
    """The objects of the array at ``path``: their members, and apart from them those of the member ``opened`` (None:
    there is none). Read in one go. ValueError when the text isn't such an object."""
    at = _white(text, 0)
    for name in path:
        at = _find(text, at, name)
    at = _expect(text, at, "[")
    while text[at] != "]":
        members, inner, at = _members(text, at, opened)
        yield members, inner
        at = _next(text, at, "]")


def _members(text: str, at: int, opened: str | None) -> tuple[Members, Members | None, int]:
    """The object at a position, its member ``opened``, and where it ends."""
    members: Members = {}
    inner: Members | None = None
    at = _expect(text, at, "{")
    if text[at] == "}":
        return members, inner, at + 1
    while True:
        match = _MEMBER.match(text, at)
        if match is None:
            raise ValueError(f"expected a name at character {at} of {text[:60]!r}")
        quoted, value, mark = match.groups()
        name = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
        if value is not None:
            members[name] = value
            at = match.end()
        else:
            start = match.end()
            if name == opened:
                inner, _, end = _members(text, start, None)
            else:
                end = _DECODER.raw_decode(text, start)[1]
                members[name] = text[start:end]
            at = _white(text, end)
            mark = text[at]
            at += 1
        if mark == "}":
            return members, inner, at
        if mark != ",":
            raise ValueError(f"expected , at character {at - 1} of {text[:60]!r}")


def _find(text: str, at: int, wanted: str) -> int:
    """Where a member's value begins, in the object at a position."""
    at = _expect(text, at, "{")
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        at = _expect(text, _white(text, end), ":")
        if name == wanted:
            return at
        at = _next(text, _DECODER.raw_decode(text, at)[1], "}")
    raise ValueError(f"no member {wanted!r} in {text[:60]!r}")


def _next(text: str, at: int, end: str) -> int:
    """Behind a value: where the next one begins, or where the closing mark stands."""
    at = _white(text, at)
    return at if text[at] == end else _expect(text, at, ",")


def _expect(text: str, at: int, mark: str) -> int:
    if text[at] != mark:
        raise ValueError(f"expected {mark} at character {at} of {text[:60]!r}")
    return _white(text, at + 1)


def _white(text: str, at: int) -> int:
    match = _WHITE.match(text, at)
    assert match is not None  # it may be empty
    if match.end() == len(text):
        raise ValueError(f"unexpected end of {text[:60]!r}")
    return match.end()
