"""Requests prepared beforehand and sent by the fastest client there is: the ceiling of a sink.

The bodies are the product's own (its reader, rules and encoder, run without Ray); sending them again costs a socket
write and a read, nothing is parsed but the status.
"""

from __future__ import annotations

import argparse
import http.client
import resource
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from actors.codec import reader_codec
from actors.drivers.elasticsearch import BULK
from actors.drivers.elasticsearch_http import NDJSON
from actors.parts.sink import ConfiguredShard
from benchmarks.measured import RUN_FAILED, Stopwatch
from benchmarks.ours_decode import LANE, Pump, open_dump
from benchmarks.streams import PASSWORD, USER, Stream
from ingest.config.model import Config
from ingest.lane.flow import FlowBatch
from ingest.problems import WorldProblem
from ingest.sinks.contract import Request, body_of
from ingest.sinks.hbase.encode import timestamp_of
from ingest.sinks.hbase.thrift_bytes import CALL, message
from ingest.slices import Parcel

Sender = Callable[[Sequence[bytes]], None]
"""Sends bodies one after the other over a connection of its own."""

CONNECTIONS = 2
PREPARE_ATTEMPTS = 4


def requests_of(stream: Stream, config: Config) -> list[Request[Any]]:
    """What the product would send for a stream: the lane must be called ``ours_decode.LANE``."""
    applier = ConfiguredShard(config, LANE, 0, None).applier()
    found: list[Request[Any]] = []

    def take(batch: FlowBatch) -> None:
        found.extend(applier.prepare(Parcel(LANE, 0, 1, 1, tuple(batch.slices), batch.last_ordinal)).requests)

    place = argparse.Namespace(host=stream.mysql.host, port=stream.mysql.port, user=USER, password=PASSWORD)
    dump = open_dump(place)
    try:
        Pump(reader_codec(), config, take).run(dump, Stopwatch(stream.rows))
    finally:
        dump.close()
    return found


def prepare(config: Config, requests: Sequence[Request[Any]]) -> None:
    """Make the indices or tables that the requests name, as the product does: a server that isn't ready is waited for."""
    driver = ConfiguredShard(config, LANE, 0, None).driver()
    targets = sorted({item.target for request in requests for item in request.items})
    for left in reversed(range(PREPARE_ATTEMPTS)):
        try:
            driver.open()
            driver.prepare(targets)
            break
        except WorldProblem:
            if not left:
                raise
        finally:
            driver.close()


def bulk_bodies(requests: Sequence[Request[bytes]]) -> list[bytes]:
    """NDJSON."""
    return [body_of(request) for request in requests]


def thrift_calls(requests: Sequence[Request[bytes]]) -> list[bytes]:
    """``mutateRowsTs`` calls."""
    return [
        message(request.items[0].target.encode(), [item.payload for item in request.items], timestamp_of(request))
        for request in requests
    ]


def sent(bodies: Sequence[bytes], sender: Sender, rows: int) -> Mapping[str, float]:
    """The figures of sending them over some connections at once."""
    begun, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for done in [threads.submit(sender, bodies[first::CONNECTIONS]) for first in range(CONNECTIONS)]:
            done.result()
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
    return {"rows_per_s": rows / seconds, "cpu_us_per_row": used / rows * 1e6}


def bulk_sender(host: str, port: int) -> Sender:
    """To Elasticsearch, over HTTP."""

    def send(bodies: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection(host, port, timeout=60)
        for body in bodies:
            connection.request("POST", BULK, body, {"content-type": NDJSON})
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise WorldProblem(RUN_FAILED, f"Elasticsearch answered {answer.status}")
        connection.close()

    return send


def thrift_sender(host: str, port: int) -> Sender:
    """To HBase's Thrift 1 server (buffered transport, binary protocol)."""
    # A reply without a result: version, name, sequence number, and the stop byte of an empty struct.
    success = struct.pack(">Ii", 0x80010002, len(CALL)) + CALL.encode() + struct.pack(">ib", 0, 0)

    def send(bodies: Sequence[bytes]) -> None:
        with socket.create_connection((host, port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for body in bodies:
                connection.sendall(body)
                answer = b""
                while len(answer) < len(success):
                    chunk = connection.recv(len(success) - len(answer))
                    if not chunk:
                        raise WorldProblem(RUN_FAILED, "HBase's Thrift server closed the connection")
                    answer += chunk
                if answer != success:
                    raise WorldProblem(RUN_FAILED, f"HBase answered {answer!r}")

    return send
