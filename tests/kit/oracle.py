"""mysql-replication as an oracle: the events of a binlog file's bytes, without a server.

It reads files with CRC-32 checksums and full row metadata, without compressed transactions and tagged GTIDs (those it
gives as NotImplementedEvent).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymysql.protocol import MysqlPacket
from pymysqlreplication import event as events
from pymysqlreplication import row_event
from pymysqlreplication.constants import BINLOG
from pymysqlreplication.packet import BinLogPacketWrapper

from ingest.binlog.file import split_file

_CLASSES = frozenset(
    value
    for module in (events, row_event)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, events.BinLogEvent)
)


class _NoConnection:
    """What mysql-replication asks of its control connection when the binlog says everything."""

    charset = "utf8mb4"

    def _get_dbms(self) -> str:
        return "mysql"


def oracle_events(file_bytes: bytes) -> Iterator[Any]:
    """mysql-replication's event objects, rows decoded."""
    tables: dict[int, Any] = {}
    version: tuple[int, ...] = (0, 0, 0)
    lengths = None
    for payload in split_file(file_bytes):
        if payload[4] == BINLOG.PREVIOUS_GTIDS_LOG_EVENT:
            continue  # it can't read one with tagged GTIDs
        packet = BinLogPacketWrapper(
            MysqlPacket(b"\0" + payload, "utf8mb4"), tables, _NoConnection(), version, True, _CLASSES, None, None,
            None, None, False, False, False, True, False, False, lengths,
        )  # fmt: skip
        found = packet.event
        if packet.event_type == BINLOG.FORMAT_DESCRIPTION_EVENT:
            version, lengths = found.mysql_version, found.post_header_len
        if packet.event_type == BINLOG.TABLE_MAP_EVENT:
            tables[found.table_id] = found.get_table()
        if found is not None:
            yield found
