"""What the servers check and compute before anything runs."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from actors.stack import Elasticsearch
from actors.stack.hbase import answers_thrift
from actors.stack.ports import LOOPBACK

COMPOSE = Path(__file__).resolve().parents[3] / "configs" / "compose.yaml"


def test_tls_needs_a_password() -> None:
    """HTTPS without security can't be had, and is refused at once."""
    with pytest.raises(ValueError, match="password"):
        Elasticsearch(tls=True)


def test_a_short_password_is_refused_without_being_told() -> None:
    """Elasticsearch's own rule, checked early; the password isn't in the message."""
    with pytest.raises(ValueError, match="6 characters") as raised:
        Elasticsearch(password="tiny")
    assert "tiny" not in str(raised.value)


def serve_once(answer: bytes) -> tuple[int, threading.Thread]:
    """A server that gives one client one answer."""
    server = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return int(server.getsockname()[1]), thread


HEADER = b"\x80\x01\x00\x02" + struct.pack(">I", 13) + b"getTableNames" + struct.pack(">I", 1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HEADER + b"\x0f\x00\x00\x0b\x00\x00\x00\x00\x00", True),
        (HEADER + b"\x0c\x00\x01\x0b\x00\x01\x00\x00\x00\x00\x00\x00", False),
        (HEADER.replace(b"\x00\x02", b"\x00\x03", 1) + b"\x0b\x00\x01\x00\x00\x00\x00", False),
        (b"", False),
    ],
    ids=["a list", "an IOError", "an exception", "nothing"],
)
def test_only_a_list_of_tables_counts_as_an_answer(answer: bytes, expected: bool) -> None:
    """A Thrift server is ready when getTableNames gives a list; an error or a hang-up isn't one."""
    port, thread = serve_once(answer)
    assert answers_thrift(LOOPBACK, port, timeout_s=5) is expected
    thread.join()


def test_compose_offers_the_same_servers_on_loopback_only() -> None:
    """The Docker file has the three servers, binds every port to 127.0.0.1, and names no registry host."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert set(services) == {"mysql", "elasticsearch", "hbase"}
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        first = service["image"].split("/")[0]
        assert "/" not in service["image"] or ("." not in first and ":" not in first)
        assert service["healthcheck"]["test"][0] == "CMD"
