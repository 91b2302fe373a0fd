"""SHOW GRANTS of 5.6 and 9 to what an account may do."""

from __future__ import annotations

import pytest

from ingest.mysql.grants import parse_grants
from ingest.mysql.server_version import parse_server_version

V9 = parse_server_version("9.7.4")


def covers(lines: list[str], privilege: str, pattern: str, fold: bool = False) -> bool:
    database, _, table = pattern.partition(".")
    return parse_grants(lines, V9, fold=fold).covers(privilege, database, table)


@pytest.mark.parametrize(
    ("line", "pattern", "expected"),
    [
        ("GRANT SELECT ON *.* TO `u`@`h`", "*.*", True),
        ("GRANT ALL PRIVILEGES ON *.* TO 'u'@'h' IDENTIFIED BY PASSWORD '*ABC' WITH GRANT OPTION", "a.b", True),
        ("GRANT INSERT, SELECT, UPDATE ON `shop`.* TO `u`@`h`", "shop.orders", True),
        ("GRANT SELECT ON `shop`.* TO `u`@`h`", "shop.*", True),
        ("GRANT SELECT ON `shop`.* TO `u`@`h`", "shop2.orders", False),
        ("GRANT SELECT ON `shop`.* TO `u`@`h`", "sho?.orders", False),
        ("GRANT SELECT ON `shop`.* TO `u`@`h`", "*.orders", False),
        ("GRANT SELECT ON `s%`.* TO `u`@`h`", "shop.orders", True),
        ("GRANT SELECT ON `s%`.* TO `u`@`h`", "s*.orders", True),
        ("GRANT SELECT ON `s_op`.* TO `u`@`h`", "s?op.orders", True),
        ("GRANT SELECT ON `s_op`.* TO `u`@`h`", "s*op.orders", False),
        ("GRANT SELECT ON `s\\_x`.* TO `u`@`h`", "s_x.t", True),
        ("GRANT SELECT ON `s\\_x`.* TO `u`@`h`", "sax.t", False),
        ("GRANT SELECT ON `shop`.`orders` TO `u`@`h`", "shop.orders", True),
        ("GRANT SELECT ON `shop`.`orders` TO `u`@`h`", "shop.order*", False),
        ("GRANT SELECT (`id`, `no`) ON `shop`.`orders` TO `u`@`h`", "shop.orders", False),
        ("GRANT SELECT (`id`), INSERT ON `shop`.`orders` TO `u`@`h`", "shop.orders", False),
        ("GRANT INSERT (`id`), SELECT ON `shop`.`orders` TO `u`@`h`", "shop.orders", True),
        ("GRANT EXECUTE ON PROCEDURE `shop`.`orders` TO `u`@`h`", "shop.orders", False),
        ("GRANT PROXY ON ''@'' TO 'u'@'h' WITH GRANT OPTION", "shop.orders", False),
        ("GRANT SELECT ON `a``b`.* TO `u`@`h`", "a`b.t", True),
        ("GRANT SELECT ON `Shop`.* TO `u`@`h`", "shop.t", False),
        ("something new", "shop.t", False),
    ],
)
def test_select_on_tables(line: str, pattern: str, expected: bool) -> None:
    """A grant covers a pattern only if it covers every table that the pattern may match."""
    assert covers([line], "SELECT", pattern) is expected


def test_names_fold_where_the_server_folds() -> None:
    """With lower_case_table_names the case of names doesn't matter."""
    assert covers(["GRANT SELECT ON `Shop`.`Orders` TO `u`@`h`"], "SELECT", "shop.ORDERS", fold=True)


def test_global_privileges() -> None:
    """Static and dynamic privileges; those of a database aren't global."""
    lines = ["GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`h`", "GRANT BACKUP_ADMIN ON *.* TO `u`@`h`"]
    grants = parse_grants([*lines, "GRANT PROCESS ON `d`.* TO `u`@`h`"], V9)
    assert [grants.has(p) for p in ("REPLICATION SLAVE", "REPLICATION CLIENT", "BACKUP_ADMIN", "PROCESS")] == [
        True,
        True,
        True,
        False,
    ]


def test_partial_revokes() -> None:
    """A revoke takes its database out of a global grant, and out of patterns that reach it."""
    lines = ["GRANT SELECT ON *.* TO `u`@`h`", "REVOKE SELECT ON `secret`.* FROM `u`@`h`"]
    assert covers(lines, "SELECT", "shop.t")
    assert not covers(lines, "SELECT", "secret.t")
    assert not covers(lines, "SELECT", "*.t")
    assert covers([*lines, "GRANT SELECT ON `secret`.`t` TO `u`@`h`"], "SELECT", "secret.t")


def test_roles_that_are_not_active() -> None:
    """Roles that the account has but that aren't active are named, for the hint."""
    lines = ["GRANT USAGE ON *.* TO `u`@`h`", "GRANT `reader`@`%`,`writer`@`%` TO `u`@`h`"]
    assert parse_grants(lines, V9, "`writer`@`%`").idle_roles == ("reader@%",)
    assert parse_grants(lines, V9, "NONE").idle_roles == ("reader@%", "writer@%")


def test_nothing_of_a_password_is_kept() -> None:
    """5.6 prints the password's hash: it isn't in what we keep (invariant 8)."""
    line = "GRANT SELECT ON *.* TO 'u'@'h' IDENTIFIED BY PASSWORD '*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9'"
    assert "6BB4837" not in repr(parse_grants([line], V9))
