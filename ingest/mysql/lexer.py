"""MySQL statements to tokens: strings, names, words, numbers and marks, with comments taken out.

Executable comments (``/*!80023 ... */``) count as text when the server is at least that version, as in the server's
own lexer (MySQL reference manual, "Comments", "String Literals", "Schema Object Names"). Nothing is guessed: text that
doesn't end raises ``NotUnderstood``.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from ingest.mysql.server_version import ServerVersion


class NotUnderstood(Exception):
    """A statement that we can't read with certainty; the text says where it stopped."""


class Kind(enum.Enum):
    """What a token is. TEXT is quoted by ``'`` or ``"`` (the latter is a name under ANSI_QUOTES); NAME by backquotes."""

    WORD = "word"
    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` has no quotes and no escapes any more. ``escaped``: it held a backslash, whose meaning depends on
    NO_BACKSLASH_ESCAPES; ``double``: it stood in double quotes."""

    kind: Kind
    text: str
    escaped: bool = False
    double: bool = False

    def is_word(self, *words: str) -> bool:
        """Whether it is one of the (upper-case) words, unquoted."""
        return self.kind is Kind.WORD and self.text.upper() in words

    def is_mark(self, mark: str) -> bool:
        """Whether it is that mark."""
        return self.kind is Kind.MARK and self.text == mark


_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | \#[^\n]* | --(?=[\s\x00-\x1f]|$)[^\n]* )
    | (?P<open>/\*!(?P<version>\d{6}(?=\s)|\d{5})? )
    | (?P<comment>/\*(?!!).*?\*/ )
    | (?P<unended>/\*(?!!) )
    | (?P<close>\*/ )
    | (?P<name>`(?:[^`]|``)*` )
    | (?P<text>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<word>[0-9A-Za-z_$\u0080-\U0010ffff]+ )
    | (?P<mark>[-+*/%&|^~!<>=.,;:@(){}?\[\]\\] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def tokenize(sql: str, version: ServerVersion) -> list[Token]:
    """The statement's tokens. NotUnderstood when a string, name or comment doesn't end."""
    tokens: list[Token] = []
    at, opened = 0, 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None or match["unended"] is not None:
            raise NotUnderstood(f"unreadable from character {at}: {sql[at : at + 30]!r}")
        at = match.end()
        if match["open"] is not None:
            number = match["version"]
            if number is not None and int(number) > _as_number(version):
                at = _end_of_comment(sql, at)
            else:
                opened += 1
        elif match["close"] is not None and opened:
            opened -= 1
        elif match["close"] is not None:
            tokens += [Token(Kind.MARK, "*"), Token(Kind.MARK, "/")]
        elif match["space"] is None and match["comment"] is None:
            tokens.append(_token(match))
    if opened:
        raise NotUnderstood("an executable comment doesn't end")
    return tokens


def _as_number(version: ServerVersion) -> int:
    return version.major * 10000 + version.minor * 100 + version.patch


def _end_of_comment(sql: str, at: int) -> int:
    """Where a comment that is skipped ends; comments within it nest, as in the server."""
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(sql, at):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise NotUnderstood("an executable comment doesn't end")


def _token(match: re.Match[str]) -> Token:
    raw = match.group()
    if match["name"] is not None:
        return Token(Kind.NAME, raw[1:-1].replace("``", "`"))
    if match["text"] is not None:
        quote, body = raw[0], raw[1:-1]
        return Token(Kind.TEXT, _unescaped(body, quote), escaped="\\" in body, double=quote == '"')
    if match["mark"] is not None:
        return Token(Kind.MARK, raw)
    return Token(Kind.NUMBER if raw.isascii() and raw.isdigit() else Kind.WORD, raw)


def _unescaped(body: str, quote: str) -> str:
    def meaning(match: re.Match[str]) -> str:
        if match.group() == quote * 2:
            return quote
        return _ESCAPES.get(match.group()[1], match.group()[1])

    return re.sub(rf"\\.|{quote}{quote}", meaning, body, flags=re.DOTALL)
