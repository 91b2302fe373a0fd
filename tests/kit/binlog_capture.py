"""Real binlog bytes from a real server: a binlog file of what a test did, or a dump as a replica gets it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet

_COM_BINLOG_DUMP_GTID = 0x1E
_NON_BLOCKING, _THROUGH_GTID = 0x01, 0x04


class Capture:
    """The binlog file that holds what was run within ``capturing``."""

    def __init__(self) -> None:
        self.file_bytes = b""


@contextmanager
def capturing(server: Mysql, cursor: Any) -> Iterator[Capture]:
    """Start a new binlog file, run the block, close the file: its bytes are in the capture then."""
    capture = Capture()
    cursor.execute("FLUSH LOGS")
    name = current_file(server, cursor)
    yield capture
    cursor.execute("FLUSH LOGS")
    capture.file_bytes = (server.data / name).read_bytes()


def current_file(server: Mysql, cursor: Any) -> str:
    """The name of the binlog file that the server writes now."""
    cursor.execute("SHOW MASTER STATUS" if server.version == "5.6" else "SHOW BINARY LOG STATUS")
    return str(cursor.fetchone()[0])


def dump(server: Mysql, executed: GtidSet, checksum: str = "CRC32", server_id: int = 4_000_000) -> list[bytes]:
    """Every event that a server sends a replica which has ``executed``, up to its end: the packets' payloads without
    their status byte. ``checksum``: what the replica says that it understands.
    """
    connection = server.connect()
    with connection, connection.cursor() as cursor:
        name = "master" if server.version == "5.6" else "source"
        cursor.execute(f"SET @{name}_binlog_checksum = %s", (checksum,))
        encoded = executed.encode()
        head = struct.pack("<HIIQI", _NON_BLOCKING | _THROUGH_GTID, server_id, 0, 4, len(encoded))
        connection._execute_command(_COM_BINLOG_DUMP_GTID, head + encoded)
        payloads = []
        while True:
            packet = connection._read_packet()
            if packet.is_eof_packet():
                return payloads
            payloads.append(packet.get_all_data()[1:])
