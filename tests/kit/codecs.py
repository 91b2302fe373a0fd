"""The codecs that tests run on: the pure one, and the native core where it was built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ingest.binlog.arrow_types import ZeroDates
from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.codec import DecodedSlice, ReaderCodec, SliceDecoder
from ingest.native import core
from ingest.native.slice_decoder import CountingDecoder, NativeSliceDecoder
from ingest.problems import DataProblem
from ingest.schema import TableSchema
from ingest.slices import Slice


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


class EverySliceDecoder:
    """A slice decoder that decodes with every codec there is: they give the same, or the same problem."""

    def __init__(self, zero_dates: ZeroDates = "null") -> None:
        native = core()
        self._decoders: list[CountingDecoder] = [PureSliceDecoder(zero_dates)]
        if native is not None:
            self._decoders.append(NativeSliceDecoder(native, zero_dates))

    @property
    def nulled(self) -> Mapping[tuple[str, str], int]:
        """See ``PureSliceDecoder.nulled``."""
        first, *others = (decoder.nulled for decoder in self._decoders)
        assert all(other == first for other in others)
        return first

    def schema_of(self, part: Slice) -> TableSchema:
        """See ``SliceDecoder.schema_of``."""
        return self._decoders[0].schema_of(part)

    def decode(self, part: Slice, columns: Sequence[int], before: Sequence[int] | None = None) -> DecodedSlice:
        """See ``SliceDecoder.decode``."""
        first, *others = (_decoded(decoder, part, columns, before) for decoder in self._decoders)
        assert all(_comparable(other) == _comparable(first) for other in others)
        if isinstance(first, DataProblem):
            raise first
        return first


def outcome(decoder: SliceDecoder, part: Slice, columns: Sequence[int], before: Sequence[int] | None = None) -> object:
    """What a decoder makes of a slice, or the problem that it names, in a form that can be compared."""
    return _comparable(_decoded(decoder, part, columns, before))


def _decoded(
    decoder: SliceDecoder, part: Slice, columns: Sequence[int], before: Sequence[int] | None
) -> DecodedSlice | DataProblem:
    try:
        return decoder.decode(part, columns, before)
    except DataProblem as problem:
        return problem


def _comparable(found: DecodedSlice | DataProblem) -> object:
    if isinstance(found, DataProblem):
        return found.code.name, found.what, found.where
    for batch in (found.before, found.after):
        batch.validate(full=True)
    return found.schema, found.before, found.after, list(found.kinds), list(found.ordinals)
