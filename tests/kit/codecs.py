"""The codecs that tests run on: the pure one, and the native core where it was built."""

from __future__ import annotations

import pytest

from ingest.binlog.codec import PureReaderCodec
from ingest.codec import ReaderCodec
from ingest.native import core


def reader_codecs() -> list[ReaderCodec]:
    """All that are there, the pure one first."""
    if core() is None:
        return [PureReaderCodec()]
    from ingest.native.codec import NativeReaderCodec

    return [PureReaderCodec(), NativeReaderCodec()]


CODECS = reader_codecs()

needs_native = pytest.mark.skipif(core() is None, reason="the native core wasn't built")


def codec_id(codec: object) -> str:
    """A codec's name in a test's id."""
    return "native" if "Native" in type(codec).__name__ else "pure"
