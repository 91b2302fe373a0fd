"""JSON read without changing it: an object's members and an array's elements as the texts that stand there.

For comparing what an index holds with what was sent: numbers keep their digits (1.0 stays 1.0, a DECIMAL of 65 digits
stays whole), which ``json.loads`` doesn't promise.
"""

from __future__ import annotations

import json
import re

_DECODER = json.JSONDecoder()
_WHITE = " \t\r\n"
_STRING = r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"'
_NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_SCALAR_MEMBER = re.compile(
    rf"[ \t\r\n]*({_STRING})[ \t\r\n]*:[ \t\r\n]*({_STRING}|{_NUMBER}|true|false|null)[ \t\r\n]*(?=[,}}])", re.ASCII
)
"""A name and a value without members of its own: most of them, and three times faster than decoding each."""


def object_members(text: str) -> dict[str, str]:
    """The members of a JSON object, each value as its text. ValueError when it isn't one."""
    members: dict[str, str] = {}
    at = _expect(text, 0, "{")
    while text[at] != "}":
        scalar = _SCALAR_MEMBER.match(text, at)
        if scalar is None:
            name, at = _DECODER.raw_decode(text, at)
            at = _expect(text, at, ":")
            end = _DECODER.raw_decode(text, at)[1]
            members[name] = text[at:end]
        else:
            quoted, value = scalar.groups()
            end = scalar.end()
            members[json.loads(quoted) if "\\" in quoted else quoted[1:-1]] = value
        at = _after_value(text, end, "}")
    return members


def array_elements(text: str) -> list[str]:
    """The elements of a JSON array, each as its text. ValueError when it isn't one."""
    elements: list[str] = []
    at = _expect(text, 0, "[")
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        elements.append(text[at:end])
        at = _after_value(text, end, "]")
    return elements


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at] != mark:
        raise ValueError(f"expected {mark} at character {at} of {text[:60]!r}")
    return _skip(text, at + 1)


def _after_value(text: str, at: int, end: str) -> int:
    at = _skip(text, at)
    if text[at] == end:
        return at
    return _expect(text, at, ",")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    if at == len(text):
        raise ValueError(f"unexpected end of {text[:60]!r}")
    return at
