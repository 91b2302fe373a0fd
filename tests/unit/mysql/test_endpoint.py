"""Addresses and accounts as values."""

from __future__ import annotations

import pickle

import pytest

from ingest.mysql.endpoint import Credentials, Endpoint


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [(Endpoint("db1", 3306), "db1:3306"), (Endpoint("127.0.0.1", 1), "127.0.0.1:1"), (Endpoint("::1", 9), "[::1]:9")],
)
def test_addresses_read_as_people_write_them(endpoint: Endpoint, text: str) -> None:
    """Errors name a server as the configuration does, IPv6 addresses in brackets."""
    assert str(endpoint) == text


@pytest.mark.parametrize(("host", "port"), [("", 1), ("a b", 1), ("user@db", 1), ("db", 0), ("db", 65536)])
def test_bad_addresses(host: str, port: int) -> None:
    """What can't be an address can't be built."""
    with pytest.raises(ValueError):
        Endpoint(host, port)


def test_the_password_is_not_shown() -> None:
    """Invariant 8: an account can be logged; pickling keeps the password, since it crosses actors."""
    account = Credentials("repl", "s3cret")
    assert "s3cret" not in f"{account!r} {account}"
    assert pickle.loads(pickle.dumps(account)).password == "s3cret"
