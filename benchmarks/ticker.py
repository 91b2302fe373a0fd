"""A process that commits single-row transactions at an even rate: ``--rate`` a second for ``--seconds``.

A tick is 10 ms, or one transaction where there are fewer; a tick's transactions are committed one after the other by
a procedure of the server, since a round trip each would keep a core busy. A row holds the moment of its insert.
"""

from __future__ import annotations

import argparse
import json
import time

import pymysql

TICKS_PER_S = 100
TABLE = "ticks"
CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, at_us BIGINT, note VARCHAR(300))",
    f"CREATE PROCEDURE burst(n INT) BEGIN WHILE n > 0 DO INSERT INTO {TABLE} (at_us, note) VALUES"
    " (UNIX_TIMESTAMP(SYSDATE(6)) * 1000000, REPEAT('x', 250)); SET n = n - 1; END WHILE; END",
)


def ticks(rate: int, seconds: float) -> tuple[int, int, float]:
    """How many ticks, transactions in each, and seconds between them."""
    per_s = min(rate, TICKS_PER_S)
    return int(per_s * seconds), rate // per_s, 1 / per_s


def main() -> None:
    """Write; print how many transactions, and in how many seconds."""
    parser = argparse.ArgumentParser()
    for name in ("host", "user", "password", "database"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    chosen = parser.parse_args()
    place = {name: getattr(chosen, name) for name in ("host", "port", "user", "password", "database")}
    count, burst, pause_s = ticks(chosen.rate, chosen.seconds)
    with pymysql.connect(autocommit=True, **place) as connection, connection.cursor() as cursor:
        begun = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begun + number * pause_s - time.monotonic()))
            cursor.execute("CALL burst(%s)", (burst,))
        took = time.monotonic() - begun
    print(json.dumps({"transactions": count * burst, "seconds": took}), flush=True)


if __name__ == "__main__":
    main()
