"""The commands and the error packet, byte by byte, against examples written from the protocol's pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.gtid import GtidSet
from ingest.mysql.packets import ErrorPacket, encode_dump_gtid, encode_register, is_eof, parse_error


def test_register_layout() -> None:
    """COM_REGISTER_SLAVE: id, three counted strings, port, rank, source id."""
    assert encode_register(4242, "abc") == bytes.fromhex("92100000 03616263 00 00 0000 00000000 00000000")


def test_register_refuses_a_host_that_the_server_would_refuse() -> None:
    """MySQL's own limit of 60 bytes for the reported host is checked here, not by a closed connection."""
    assert encode_register(1, "h" * 60)
    with pytest.raises(ValueError):
        encode_register(1, "h" * 61)


def test_dump_layout() -> None:
    """COM_BINLOG_DUMP_GTID: flags, id, empty file name, position 4, counted GTID set."""
    gtids = GtidSet.parse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:1-5").encode()
    expected = "0400 92100000 00000000 0400000000000000 30000000"
    expected += "0100000000000000 aaaaaaaabbbbccccddddeeeeeeeeeeee 0100000000000000 0100000000000000 0600000000000000"
    assert encode_dump_gtid(4242, gtids) == bytes.fromhex(expected)


def test_error_packet() -> None:
    """Number, SQL state and text; the text is UTF-8."""
    payload = b"\xff\xd4\x04#HY000" + "größer".encode()
    assert parse_error(payload) == ErrorPacket(1236, "HY000", "größer")
    assert parse_error(b"\xff\xd4\x04plain") == ErrorPacket(1236, "", "plain")


@given(payload=st.binary(max_size=40))
def test_error_packet_never_raises(payload: bytes) -> None:
    """A damaged error packet still shows its words."""
    assert isinstance(parse_error(b"\xff" + payload).message, str)


def test_eof_is_short() -> None:
    """0xfe starts an EOF packet only when it is short; a long one is data."""
    assert is_eof(b"\xfe\x00\x00\x02\x00")
    assert not is_eof(b"\xfe" + bytes(8))
    assert not is_eof(b"\x00" * 5)
    assert not is_eof(b"")
