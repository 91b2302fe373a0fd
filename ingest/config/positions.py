"""Where each key of a configuration stands: path -> (line, column), for error messages.

The parsers of the standard library give values without positions, so texts that they have already accepted are
walked once more. Only places are looked for here; a construct that isn't recognised costs positions, never an error.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of the document."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}\n#]*")
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|["\\/bfnrt])')


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


def toml_positions(text: str) -> Mapping[Path, Position]:
    """Positions of the keys and list entries of a valid TOML text."""
    walker = _TomlWalker(text)
    with contextlib.suppress(_LostError):
        walker.document()
    return walker.found


def json_positions(text: str) -> Mapping[Path, Position]:
    """Positions of the keys and list entries of a valid JSON text."""
    walker = _Walker(text, separator=":")
    with contextlib.suppress(_LostError):
        walker.value(())
    return walker.found


class _LostError(Exception):
    """The walker met what it doesn't know; what it has found so far still holds."""


class _Walker:
    """Values that JSON and TOML share: strings, lists, objects (inline tables), scalars."""

    def __init__(self, text: str, separator: str) -> None:
        self._text = text
        self._at = 0
        self._separator = separator
        self.found: dict[Path, Position] = {}

    def value(self, path: Path) -> None:
        """Step over one value, noting the places of what is inside it."""
        self._skip(_BLANK)
        start = self._text[self._at : self._at + 1]
        if start == "[":
            self._list(path)
        elif start == "{":
            self._object(path)
        elif start in ('"', "'") and start:
            self._string()
        else:
            self._skip(_SCALAR)

    def _list(self, path: Path) -> None:
        self._at += 1
        index = 0
        while not self._closed("]"):
            self._note((*path, index))
            self.value((*path, index))
            index += 1

    def _object(self, path: Path) -> None:
        self._at += 1
        while not self._closed("}"):
            self._pair(path)

    def _pair(self, path: Path) -> None:
        """Key <separator> value; TOML's dotted keys give several steps."""
        start = self._at
        inner = (*path, *self._key())
        for depth in range(len(path) + 1, len(inner) + 1):
            self._note(inner[:depth], start)
        self._skip(_BLANK)
        self._expect(self._separator)
        self.value(inner)

    def _key(self) -> tuple[str, ...]:
        """A key: quoted or bare, with dots between the parts."""
        parts = [self._key_part()]
        while True:
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] != ".":
                return tuple(parts)
            self._at += 1
            self._skip(_SPACE)
            parts.append(self._key_part())

    def _key_part(self) -> str:
        if self._text[self._at : self._at + 1] in ('"', "'"):
            return self._string()
        match = _BARE_KEY.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._at = match.end()
        return match.group()

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._at = match.end()
        raw = match.group()
        if raw[0] == "'":
            return raw[1:-1]
        # JSON writes characters beyond 16 bits as two escapes.
        return _ESCAPE.sub(_unescape, raw[1:-1]).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _closed(self, mark: str) -> bool:
        """Step over blanks and commas; is the closing mark reached?"""
        self._skip(_BLANK)
        while self._text[self._at : self._at + 1] == ",":
            self._at += 1
            self._skip(_BLANK)
        if self._at >= len(self._text):
            raise _LostError
        if self._text[self._at] != mark:
            return False
        self._at += 1
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _expect(self, mark: str) -> None:
        if not self._text.startswith(mark, self._at):
            raise _LostError
        self._at += len(mark)

    def _note(self, path: Path, at: int | None = None) -> None:
        place = self._at if at is None else at
        line_start = self._text.rfind("\n", 0, place) + 1
        self.found.setdefault(path, Position(self._text.count("\n", 0, place) + 1, place - line_start + 1))


class _TomlWalker(_Walker):
    """TOML's own: headers of tables and of lists of tables, and top-level pairs."""

    def __init__(self, text: str) -> None:
        super().__init__(text, separator="=")
        self._counts: dict[Path, int] = {}

    def document(self) -> None:
        """Walk the whole text."""
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        start = self._at
        is_list = self._text.startswith("[[", self._at)
        self._at += 2 if is_list else 1
        self._skip(_SPACE)
        keys = self._key()
        self._skip(_SPACE)
        self._expect("]]" if is_list else "]")
        path: Path = ()
        for depth, key in enumerate(keys):
            path = (*path, key)
            self._note(path, start)
            last = depth == len(keys) - 1
            if last and is_list:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
                self._note(path, start)
        return path


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] in "uU":
        return chr(int(code[1:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(code, code)
