"""The document key as text: one rule for the reader (which shards by it) and the sink (which writes it as the id).

Two parts of the program must agree on it, and two tables that feed one document must render it alike, whatever their
column types: so a key is the plain text of its columns' values. A key of several columns joins the texts with ``|``;
``\\`` and ``|`` inside a text are escaped by ``\\`` then, so that different keys never give the same text. A key of
one column is that column's text as it is.

The shard of a key is CRC-32 of its UTF-8 bytes, modulo the number of shards: stable across processes, machines and
versions (never ``hash()``).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def join_key(texts: Sequence[str]) -> str:
    """Column texts to the document key. ValueError when there is none."""
    if len(texts) == 1:
        return texts[0]
    if not texts:
        raise ValueError("a document key needs at least one column")
    return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def split_key(key: str) -> list[str]:
    """The texts that ``join_key`` joined, of a key of two columns or more."""
    texts = [""]
    escaped = False
    for char in key:
        if char == "\\" and not escaped:
            escaped = True
        elif char == "|" and not escaped:
            texts.append("")
        else:
            texts[-1] += char
            escaped = False
    return texts


def shard_of(key: str, shards: int) -> int:
    """The shard (0..shards-1) that owns a document key."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % shards
