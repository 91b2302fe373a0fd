"""Which codec a process decodes with: the native core where it was built, else the pure one.

``INGEST_CODEC`` (``native``, ``pure``, ``auto``) decides; ``auto``, the default, takes the native core if it is there.
"""

from __future__ import annotations

import os

from ingest.binlog.codec import PureReaderCodec
from ingest.codec import ReaderCodec
from ingest.native import core, do_without
from ingest.problems import DataProblem, declare

CODEC_MISSING = declare(
    "codec.missing",
    "INGEST_CODEC asks for a codec that isn't there.",
    "Install Rust and run `make setup` (or `pip install .`) again to build the native core, or unset INGEST_CODEC.",
)


def codec_name() -> str:
    """``native`` or ``pure``. DataProblem ``codec.missing``."""
    wanted = os.environ.get("INGEST_CODEC", "auto")
    if wanted not in ("auto", "native", "pure"):
        raise DataProblem(CODEC_MISSING, f"INGEST_CODEC is {wanted!r}; there are native, pure and auto")
    if wanted == "pure":
        return "pure"
    if core() is not None:
        return "native"
    if wanted == "native":
        raise DataProblem(CODEC_MISSING, "INGEST_CODEC is 'native', but the native core wasn't built")
    return "pure"


def codec_line() -> str:
    """What a person should know about it, in a line."""
    if codec_name() == "native":
        return "codec: native core"
    return "codec: pure Python, several times slower than the native core (which needs Rust when installing)"


def settle_codec() -> str:
    """Let the whole process follow INGEST_CODEC; the codec's name. DataProblem ``codec.missing``."""
    name = codec_name()
    if name == "pure":
        do_without()
    return name


def reader_codec() -> ReaderCodec:
    """The reader's half. DataProblem ``codec.missing``."""
    if settle_codec() == "pure":
        return PureReaderCodec()
    from ingest.native.codec import NativeReaderCodec

    return NativeReaderCodec()
