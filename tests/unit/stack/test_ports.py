"""Free ports on 127.0.0.1."""

from __future__ import annotations

import socket

from actors.stack.ports import LOOPBACK, ephemeral_range, free_ports, is_listening


def test_free_ports_are_distinct_and_can_be_bound() -> None:
    """Each of many ports is different, and a server can bind it right away."""
    ports = free_ports(50)
    assert len(set(ports)) == 50
    for port in ports:
        with socket.socket() as server:
            server.bind((LOOPBACK, port))


def test_free_ports_leave_out_what_is_bound() -> None:
    """A port that a socket holds is never offered."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, free_ports(1)[0]))
        taken = holder.getsockname()[1]
        assert all(taken not in free_ports(40) for _ in range(20))


def test_free_ports_stay_out_of_the_ephemeral_range() -> None:
    """No outgoing connection can take a port between the choice and the bind."""
    low, _high = ephemeral_range()
    if low >= 16000:
        assert max(free_ports(20)) < low


def test_is_listening_tells_a_listener_from_a_free_port() -> None:
    """Only a port with a listener behind it accepts a connection."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert is_listening(port)
    assert not is_listening(port)
