"""Tokens of MySQL statements: quotes, comments, and the comments that aren't."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mysql.lexer import Kind, NotUnderstood, Token, tokenize
from ingest.mysql.server_version import parse_server_version

NEW, OLD = parse_server_version("9.7.4"), parse_server_version("5.6.24-log")


def texts(sql: str, old: bool = False) -> list[str]:
    return [token.text for token in tokenize(sql, OLD if old else NEW)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a b.c", ["a", "b", ".", "c"]),
        ("`a b`.`c``d`", ["a b", ".", "c`d"]),
        ("'it''s' \"say \"\"x\"\"\" 'a\\'b'", ["it's", 'say "x"', "a'b"]),
        ("a /* b ' */ c -- d '\ne # f\n--g", ["a", "c", "e", "-", "-", "g"]),
        ("a --", ["a"]),
        ("a /*! b */ c", ["a", "b", "c"]),
        ("/*!40101 a */", ["a"]),
        ("/*!99999 a */ b", ["b"]),
        ("/*!090704 a */", ["a"]),
        ("/*!999999 a */ b", ["b"]),
        ("/*!99999 a /* b */ c */ d", ["d"]),
        ("/*!50100 a /* b */ c */ d", ["a", "c", "d"]),
        ("'/*!40101 a */'", ["/*!40101 a */"]),
        ("日本 été$1 1a 12", ["日本", "été$1", "1a", "12"]),
        ("/**/x", ["x"]),
        ("'' ``", ["", ""]),
    ],
)
def test_tokens(sql: str, expected: list[str]) -> None:
    """Quotes are undone, comments vanish, executable comments count by version, as in the server."""
    assert texts(sql) == expected


def test_executable_comments_go_by_version() -> None:
    """What is meant for a newer server isn't there for an older one."""
    assert texts("a /*!80023 INVISIBLE */ b") == ["a", "INVISIBLE", "b"]
    assert texts("a /*!80023 INVISIBLE */ b", old=True) == ["a", "b"]


@pytest.mark.parametrize("sql", ["'a", "`a", '"a', "/* a", "/*! a", "/*!99999 a", "\x00"])
def test_what_does_not_end_is_refused(sql: str) -> None:
    """An open quote or comment would swallow what follows: nothing is made of it."""
    with pytest.raises(NotUnderstood):
        tokenize(sql, NEW)


def test_escapes_are_marked() -> None:
    """A backslash is undone and remembered, since its meaning depends on the writer's sql_mode."""
    assert tokenize(r"'a\n\\\%'", NEW) == [Token(Kind.TEXT, "a\n\\%", escaped=True)]
    assert tokenize('"a"', NEW) == [Token(Kind.TEXT, "a", double=True)]


@given(st.text(max_size=60))
def test_any_text_gives_tokens_or_not_understood(sql: str) -> None:
    """Whatever the statement, there is an answer."""
    with contextlib.suppress(NotUnderstood):
        tokenize(sql, NEW)


@given(st.lists(st.text(max_size=8), max_size=5))
def test_quoted_names_and_texts_come_back(parts: list[str]) -> None:
    """Quoting as MySQL quotes and reading again is the identity."""
    names = " ".join("`" + part.replace("`", "``") + "`" for part in parts)
    assert texts(names) == parts
    strings = ",".join("'" + part.replace("\\", "\\\\").replace("'", "''") + "'" for part in parts)
    assert [token.text for token in tokenize(strings, NEW) if token.kind is Kind.TEXT] == parts
