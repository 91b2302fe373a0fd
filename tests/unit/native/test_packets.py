"""Both framers make the same events of a dump's bytes, however they are cut, and stop at the same place."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ingest.codec import EventFramer
from ingest.problems import Problem
from tests.kit.codecs import CODECS, needs_native

pytestmark = needs_native

FULL = 0xFFFFFF
payloads = st.lists(st.one_of(st.binary(max_size=30).map(lambda data: b"\0" + data), st.binary(max_size=3)), max_size=8)


def packets(found: list[bytes], first: int = 1) -> bytes:
    """Payloads as packets, those of 2^24-1 bytes and more in several."""
    pieces = []
    for payload in found:
        for start in range(0, len(payload) + 1, FULL):
            pieces.append(payload[start : start + FULL])
    numbered = enumerate(pieces, first)
    return b"".join(len(piece).to_bytes(3, "little") + bytes([number & 255]) + piece for number, piece in numbered)


def fed(framer: EventFramer, stream: bytes, cuts: list[int]) -> list[object]:
    """What comes out, feed by feed joined: events, an ending, a problem's code, and what is held back."""
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    out: list[object] = []
    for start, end in itertools.pairwise(bounds):
        try:
            found = framer.feed(stream[start:end])
        except Problem as problem:
            return [*out, type(problem), problem.code.name, problem.what]
        out += [found[index] for index in range(len(found))]
        if found.ending is not None:
            return [*out, "ending", found.ending]
    return [*out, framer.buffered_bytes]


@given(payloads, st.lists(st.integers(0, 400), max_size=6), st.integers(0, 300), st.booleans())
def test_both_framers_agree(found: list[bytes], cuts: list[int], place: int, damaged: bool) -> None:
    """Any payloads, any cuts, and a damaged byte."""
    stream = bytearray(packets(found))
    if damaged and stream:
        stream[place % len(stream)] ^= 0x11
    pure, native = (fed(codec.framer(1 << 20), bytes(stream), cuts) for codec in CODECS)
    assert pure == native


def test_payloads_of_several_packets() -> None:
    """2^24-1 bytes and more are joined, whatever lies before and behind."""
    large = [b"\0" + b"x" * (FULL - 1), b"\0" + b"y" * (2 * FULL), b"\0z"]
    pure, native = (fed(codec.framer(1 << 26), packets(large), [100, FULL + 2, 2 * FULL]) for codec in CODECS)
    assert pure == native == [*(payload[1:] for payload in large), 0]


def test_a_payload_over_the_bound() -> None:
    """It is refused before it is collected."""
    pure, native = (fed(codec.framer(1000), packets([b"\0" * 1001])[:10], []) for codec in CODECS)
    assert pure == native
    assert "mysql.payload_too_large" in native
