"""Measured process: mysql-replication's BinLogStreamReader, rows as dicts."""

from __future__ import annotations

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from benchmarks.measured import Reading, Stopwatch, print_reading
from benchmarks.ours_decode import parser


def main() -> Reading:
    """Read so many row changes."""
    chosen = parser().parse_args()
    settings = {"host": chosen.host, "port": chosen.port, "user": chosen.user, "passwd": chosen.password}
    stream = BinLogStreamReader(
        connection_settings=settings,
        server_id=7002,
        blocking=True,
        resume_stream=True,
        log_file="binlog.000001",
        log_pos=4,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
    )
    stopwatch, rows = Stopwatch(chosen.rows), 0
    for event in stream:
        stopwatch.start()
        rows += len(event.rows)
        if stopwatch.seen(rows):
            break
    return stopwatch.reading(rows)


if __name__ == "__main__":
    print_reading(main())
