"""PacketFramer: payloads come out whole, in order, once, however the bytes were cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mysql.framing import FULL_PACKET_BYTES, PAYLOAD_TOO_LARGE, STREAM_CORRUPT, PacketFramer
from ingest.problems import DataProblem, WorldProblem


def packets(payloads: list[bytes], sequence: int = 1) -> bytes:
    """The server's side of the framing, written from the protocol's page, not from the framer."""
    out = bytearray()
    for payload in payloads:
        rest = payload
        while True:
            part, rest = rest[:FULL_PACKET_BYTES], rest[FULL_PACKET_BYTES:]
            out += len(part).to_bytes(3, "little") + bytes([sequence % 256]) + part
            sequence += 1
            if len(part) < FULL_PACKET_BYTES:
                break
    return bytes(out)


def fed(framer: PacketFramer, stream: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [payload for a, b in itertools.pairwise(bounds) for payload in framer.feed(stream[a:b])]


@given(
    payloads=st.lists(st.binary(max_size=300), max_size=300),
    cuts=st.lists(st.integers(min_value=0), max_size=40),
    first=st.integers(min_value=0, max_value=255),
)
def test_any_cut_gives_the_same_payloads(payloads: list[bytes], cuts: list[int], first: int) -> None:
    """However the stream is cut, also within headers, the payloads are those that were sent; numbers wrap at 256."""
    framer = PacketFramer(next_sequence=first)
    assert fed(framer, packets(payloads, first), cuts) == payloads
    assert framer.buffered_bytes == 0


@pytest.mark.parametrize(
    "size", [FULL_PACKET_BYTES - 1, FULL_PACKET_BYTES, FULL_PACKET_BYTES + 1, 2 * FULL_PACKET_BYTES]
)
def test_payloads_of_16_mib_and_more_are_joined(size: int) -> None:
    """A payload that fills packets wholly goes on in the next one, an empty one if need be; what follows is intact."""
    large = bytes(range(251)) * (size // 251 + 1)
    framer = PacketFramer()
    stream = packets([b"before", large[:size], b"after"])
    cuts = list(range(0, len(stream), 1 << 18))
    assert fed(framer, stream, cuts) == [b"before", large[:size], b"after"]
    assert framer.buffered_bytes == 0


@given(payloads=st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=10), data=st.data())
def test_a_lost_packet_is_noticed(payloads: list[bytes], data: st.DataObject) -> None:
    """A stream from which one packet is missing gives the packets before it and then a WorldProblem, never a later one."""
    lost = data.draw(st.integers(min_value=0, max_value=len(payloads) - 2))
    whole = packets(payloads)
    start = sum(len(payload) + 4 for payload in payloads[:lost])
    framer = PacketFramer()
    assert framer.feed(whole[:start]) == payloads[:lost]
    with pytest.raises(WorldProblem) as caught:
        framer.feed(whole[start + len(payloads[lost]) + 4 :])
    assert caught.value.code is STREAM_CORRUPT


def test_the_bound_refuses_before_the_payload_is_collected() -> None:
    """The header alone is enough to refuse a payload above the bound (invariant 6)."""
    framer = PacketFramer(payload_limit_bytes=1000)
    assert framer.feed(packets([b"x" * 1000])) == [b"x" * 1000]
    with pytest.raises(DataProblem) as caught:
        framer.feed((1001).to_bytes(3, "little") + b"\x02")
    assert caught.value.code is PAYLOAD_TOO_LARGE
    assert framer.buffered_bytes == 0


def test_the_bound_counts_joined_packets() -> None:
    """A payload of several packets is refused as soon as their sum passes the bound."""
    framer = PacketFramer(payload_limit_bytes=FULL_PACKET_BYTES + 10)
    stream = packets([b"y" * (FULL_PACKET_BYTES + 11)])
    assert framer.feed(stream[: FULL_PACKET_BYTES + 4]) == []
    with pytest.raises(DataProblem) as caught:
        framer.feed(stream[FULL_PACKET_BYTES + 4 :])
    assert caught.value.code is PAYLOAD_TOO_LARGE


@settings(max_examples=settings.default.max_examples * 200 // 100)
@given(noise=st.lists(st.binary(max_size=600), max_size=8))
def test_noise_gives_payloads_or_a_problem(noise: list[bytes]) -> None:
    """Whatever the bytes, the framer answers with payloads or a Problem, nothing else."""
    framer = PacketFramer(payload_limit_bytes=5000)
    try:
        for chunk in noise:
            framer.feed(chunk)
    except (DataProblem, WorldProblem):
        pass
