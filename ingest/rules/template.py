"""Templates of index names, table names and row keys.

    {database} {table}   the table the row came from
    {key}                the document key
    {column}             a column's value as text (the same text that keys use)
    {column:010d}        padded with zeros to 10 characters, a minus sign first
    {reverse:column}     the value's characters in reverse order; {reverse:key} of the document key
    {salt:16}            a number below 16 from a hash of the document key, padded to the width of 15
    {{ }}                braces

Place names (index, table) take the first three forms of a column only; row keys take all of them. Parsing needs no
table; which columns exist is checked when a rule is compiled.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.config.codes import BAD_VALUE
from ingest.problems import DataProblem

PartKind = Literal["text", "database", "table", "key", "column", "padded", "reverse", "salt"]

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_PADDED = re.compile(r"^(.+):0([1-9][0-9]?)d?$")
_SALT = re.compile(r"^salt:([0-9]+)$")
SALT_MAX = 65_536
_FIXED = ("text", "database", "table", "salt")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a template: ``name`` is the text or the column, ``number`` the width or the count of salts."""

    kind: PartKind
    name: str = ""
    number: int = 0

    @property
    def is_key(self) -> bool:
        """Is it the whole document key, forwards or backwards?"""
        return self.kind == "key" or (self.kind == "reverse" and not self.name)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    source: str
    parts: tuple[Part, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it uses, each once, in order (not those behind ``{key}``)."""
        named = (part.name for part in self.parts if part.kind in ("column", "padded", "reverse") and part.name)
        return tuple(dict.fromkeys(named))

    @property
    def uses_key(self) -> bool:
        """Is the whole document key in it, so that different keys give different texts?"""
        return any(part.is_key for part in self.parts)

    @property
    def is_invertible(self) -> bool:
        """Can the document key be told from the text? It stands in it once, beside what has a fixed length."""
        keys = [part for part in self.parts if part.is_key]
        return len(keys) == 1 and all(part.is_key or part.kind in _FIXED for part in self.parts)

    def of_table(self, database: str, table: str) -> str:
        """What the table alone decides of the text: each part that needs a row's values is left out."""
        fixed = (part for part in self.parts if part.kind in ("text", "database", "table"))
        return "".join(_render(part, database, table, "", {}) for part in fixed)

    def render(self, database: str, table: str, key: str, texts: Mapping[str, str]) -> str:
        """The text for one row; ``texts`` by column name as written in the template."""
        return "".join(_render(part, database, table, key, texts) for part in self.parts)

    def render_rows(self, database: str, table: str, keys: pa.Array, texts: Mapping[str, pa.Array]) -> pa.Array:
        """``render`` of many rows: strings without nulls, from strings without nulls."""
        parts = [_render_rows(part, database, table, keys, texts) for part in self.parts]
        if all(isinstance(part, str) for part in parts):
            return pa.repeat(pa.scalar("".join(map(str, parts)), pa.string()), len(keys))
        columns = [pa.scalar(part, pa.string()) if isinstance(part, str) else part for part in parts]
        return pc.binary_join_element_wise(*columns, pa.scalar("", pa.string()))


def parse_template(source: str, *, row_key: bool = False) -> Template:
    """A template. DataProblem (config.bad_value) says which placeholder isn't understood."""
    parts: list[Part] = []
    for match in _PIECE.finditer(source):
        piece = match.group()
        if piece in ("{{", "}}"):
            parts.append(Part("text", piece[0]))
        elif piece in ("{", "}"):
            raise DataProblem(BAD_VALUE, f"a brace without its partner in {source!r}", hint="Write {{ for a brace.")
        elif match.group(1) is not None:
            parts.append(_placeholder(match.group(1), source, row_key))
        else:
            parts.append(Part("text", piece))
    return Template(source, tuple(parts))


def _placeholder(inner: str, source: str, row_key: bool) -> Part:
    if inner in ("database", "table"):
        return Part("database" if inner == "database" else "table")
    if row_key and inner == "key":
        return Part("key")
    salt = _SALT.match(inner)
    if row_key and salt:
        count = int(salt.group(1))
        if not 2 <= count <= SALT_MAX:
            raise DataProblem(BAD_VALUE, f"{{{inner}}}: the number of salts is 2 to {SALT_MAX}")
        return Part("salt", number=count)
    if row_key and inner.startswith("reverse:") and inner != "reverse:":
        name = inner.removeprefix("reverse:")
        return Part("reverse", "" if name == "key" else name)
    padded = _PADDED.match(inner)
    if padded:
        return Part("padded", padded.group(1), int(padded.group(2)))
    if not inner or ":" in inner or inner != inner.strip() or inner in ("key", "salt", "reverse"):
        forms = "{database}, {table}, {column}, {column:010d}"
        more = ", {key}, {reverse:column}, {salt:16}" if row_key else ""
        raise DataProblem(BAD_VALUE, f"unknown placeholder {{{inner}}} in {source!r}", hint=f"Known: {forms}{more}.")
    return Part("column", inner)


def _render(part: Part, database: str, table: str, key: str, texts: Mapping[str, str]) -> str:
    if part.kind == "text":
        return part.name
    if part.kind == "database":
        return database
    if part.kind == "table":
        return table
    if part.kind == "key":
        return key
    if part.kind == "salt":
        return _salt(key.encode("utf-8", "surrogatepass"), part.number)
    if part.kind == "reverse":
        return (texts[part.name] if part.name else key)[::-1]
    return texts[part.name].zfill(part.number) if part.kind == "padded" else texts[part.name]


def _salt(key: bytes, count: int) -> str:
    return str(zlib.crc32(key) % count).zfill(len(str(count - 1)))


def _render_rows(
    part: Part, database: str, table: str, keys: pa.Array, texts: Mapping[str, pa.Array]
) -> pa.Array | str:
    """``_render`` of many rows; a text where it is the same for all."""
    if part.kind == "key":
        return keys
    if part.kind == "column":
        return texts[part.name]
    if part.kind == "reverse":
        return pc.utf8_reverse(texts[part.name] if part.name else keys)
    if part.kind == "padded":
        values = texts[part.name]
        if pc.any(pc.match_substring_regex(values, "^[+-]")).as_py():
            return pa.array([text.zfill(part.number) for text in values.to_pylist()], pa.string())
        return pc.utf8_lpad(values, part.number, "0")
    if part.kind == "salt":
        return pa.array([_salt(key, part.number) for key in keys.cast(pa.binary()).to_pylist()], pa.string())
    return _render(part, database, table, "", {})
