"""The commands that a replica sends and the error packet, as bytes.

Sources: MySQL source documentation, pages "COM_REGISTER_SLAVE", "COM_BINLOG_DUMP_GTID", "ERR_Packet", "EOF_Packet".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

COM_REGISTER_SLAVE = 0x15
COM_BINLOG_DUMP_GTID = 0x1E

STATUS_OK = b"\x00"
STATUS_EOF = b"\xfe"
STATUS_ERROR = b"\xff"

_BINLOG_THROUGH_GTID = 0x0004
_FIRST_EVENT_POSITION = 4
_EOF_PACKET_MAX_BYTES = 8


@dataclass(frozen=True, slots=True)
class ErrorPacket:
    """What the server said when it refused or ended something."""

    number: int
    sqlstate: str
    message: str


def encode_register(server_id: int, report_host: str) -> bytes:
    """The arguments of COM_REGISTER_SLAVE (without the command byte). Port, user and password stay empty: they are
    only shown to administrators. ValueError when the host is longer than 60 bytes, which the server would refuse.
    """
    host = report_host.encode("utf-8")
    if len(host) > 60:
        raise ValueError(f"report host {report_host!r} is longer than 60 bytes")
    return struct.pack("<IB", server_id, len(host)) + host + struct.pack("<BBHII", 0, 0, 0, 0, 0)


def encode_dump_gtid(server_id: int, gtid_set: bytes) -> bytes:
    """The arguments of COM_BINLOG_DUMP_GTID (without the command byte): a blocking dump of every transaction that is
    not in ``gtid_set`` (the encoded set, see ``GtidSet.encode_dump``). The file name stays empty: the GTIDs decide.
    """
    head = struct.pack("<HIIQI", _BINLOG_THROUGH_GTID, server_id, 0, _FIRST_EVENT_POSITION, len(gtid_set))
    return head + gtid_set


def is_eof(payload: bytes) -> bool:
    """Whether the payload is an EOF packet (the server ended the dump)."""
    return payload[:1] == STATUS_EOF and len(payload) <= _EOF_PACKET_MAX_BYTES


def parse_error(payload: bytes) -> ErrorPacket:
    """An ERR packet. Lenient on purpose: whatever the bytes, the reader gets to see the server's words."""
    number = int.from_bytes(payload[1:3], "little")
    text = payload[3:]
    sqlstate = ""
    if text[:1] == b"#" and len(text) >= 6:
        sqlstate, text = text[1:6].decode("ascii", "replace"), text[6:]
    return ErrorPacket(number, sqlstate, text.decode("utf-8", "replace"))
