"""Addresses and accounts as values."""

from __future__ import annotations

import pickle

import pytest

from ingest.mysql.endpoint import Credentials, Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db1", Endpoint("db1", 3306)),
        (" db1.example:3307 ", Endpoint("db1.example", 3307)),
        ("127.0.0.1:1", Endpoint("127.0.0.1", 1)),
        ("::1", Endpoint("::1", 3306)),
        ("[::1]", Endpoint("::1", 3306)),
        ("[fe80::1]:3307", Endpoint("fe80::1", 3307)),
    ],
)
def test_addresses(text: str, expected: Endpoint) -> None:
    """Names, IPv4 and IPv6 addresses with and without port; the text form reads back as the same."""
    assert parse_endpoint(text) == expected
    assert parse_endpoint(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", ":3306", "db:x", "db:0", "db:65536", "db:-1", "[::1", "[::1]3306", "user@db", "mysql://db", "db:٣"]
)
def test_bad_addresses(text: str) -> None:
    """What isn't host:port is refused with a text that can stand in a configuration error."""
    with pytest.raises(ValueError):
        parse_endpoint(text)


def test_the_password_is_not_shown() -> None:
    """Invariant 8: an account can be logged; pickling keeps the password, since it crosses actors."""
    account = Credentials("repl", "s3cret")
    assert "s3cret" not in f"{account!r} {account}"
    assert pickle.loads(pickle.dumps(account)).password == "s3cret"
