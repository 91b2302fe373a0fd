"""Facts to problems: each on its own, all at once, none where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.mysql.facts import Replica, ServerFacts
from ingest.mysql.grants import Grant, Grants
from ingest.mysql.identity import identity_of
from ingest.mysql.judgement import Requirements, judge
from ingest.mysql.server_version import parse_server_version
from ingest.rules.match import parse_pattern

UUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ALL = Grants((Grant(frozenset({"ALL PRIVILEGES"}), "*", "*"),))
GOOD = ServerFacts(
    host="db:3306",
    version=parse_server_version("9.7.4"),
    server_id=1,
    server_uuid=UUID,
    log_bin=True,
    log_replica_updates=True,
    gtid_mode="ON",
    binlog_format="ROW",
    row_image="FULL",
    row_metadata="FULL",
    row_value_options="",
    transaction_compression=False,
    executed=GtidSet.parse(f"{UUID}:1-100"),
    purged=GtidSet.parse(f"{UUID}:1-10"),
    read_only=False,
    time_zone="SYSTEM",
    lower_case_table_names=0,
    binlog_expire_s=0,
    encrypted=True,
    account=("re'pl", "%"),
    grants=ALL,
    replicas=(),
    replicating=False,
    binlog_do_db=(),
    binlog_ignore_db=(),
)
US = identity_of("cluster", 42)
NEEDS = Requirements(US, [parse_pattern("shop.orders")], {"lane": GtidSet.parse(f"{UUID}:1-50")}, ["rule 1"])


def codes(facts: ServerFacts, needs: Requirements = NEEDS) -> list[str]:
    return [problem.code.name.removeprefix("mysql.") for problem in judge(facts, needs)]


def test_a_good_server() -> None:
    """No problem, no word."""
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": parse_server_version("5.5.5-10.11.6-MariaDB")}, ["unsupported"]),
        ({"version": parse_server_version("5.5.62")}, ["unsupported"]),
        ({"log_bin": False}, ["log_bin_off"]),
        ({"gtid_mode": "ON_PERMISSIVE"}, ["gtid_mode_off"]),
        ({"gtid_mode": ""}, ["gtid_mode_off"]),
        ({"binlog_format": "STATEMENT"}, ["binlog_format"]),
        ({"binlog_format": "MIXED"}, ["binlog_format"]),
        ({"row_image": "MINIMAL"}, ["row_image"]),
        ({"row_image": "NOBLOB"}, ["row_image"]),
        ({"row_value_options": "PARTIAL_JSON"}, ["partial_json"]),
        ({"log_replica_updates": False}, []),
        ({"log_replica_updates": False, "replicating": True}, ["replica_updates_off"]),
        ({"log_replica_updates": False, "replicating": None}, []),
        ({"binlog_ignore_db": ("shop",)}, ["binlog_filtered"]),
        ({"binlog_ignore_db": ("other",)}, []),
        ({"binlog_do_db": ("other",)}, ["binlog_filtered"]),
        ({"binlog_do_db": ("other", "shop")}, []),
        ({"binlog_do_db": None, "binlog_ignore_db": None}, []),
        ({"server_id": 42}, ["server_id_taken"]),
        ({"replicas": (Replica(42, UUID, "h"),)}, ["server_id_taken"]),
        ({"replicas": (Replica(42, "", ""),)}, ["server_id_taken"]),
        ({"replicas": (Replica(42, US.uuid, "h"), Replica(43, UUID, "h"))}, []),
        ({"replicas": None}, []),
        ({"purged": GtidSet.parse(f"{UUID}:1-60")}, ["purged"]),
        ({"executed": GtidSet.parse(f"{UUID}:1-40")}, ["frontier_ahead"]),
        ({"grants": Grants(())}, ["grant_missing"] * 3),
    ],
)
def test_each_problem_alone(change: dict[str, Any], expected: list[str]) -> None:
    """One thing wrong is one problem, and nothing else is said."""
    assert codes(replace(GOOD, **change)) == expected


def test_everything_at_once() -> None:
    """All problems of a server come together, the most fundamental first."""
    bad = replace(
        GOOD,
        log_bin=False,
        binlog_format="STATEMENT",
        row_image="MINIMAL",
        row_value_options="PARTIAL_JSON",
        binlog_ignore_db=("shop",),
        grants=Grants(()),
        server_id=42,
        purged=GtidSet.parse(f"{UUID}:1-60"),
        executed=GtidSet.parse(f"{UUID}:1-40"),
    )
    assert codes(bad) == [
        "log_bin_off",
        "binlog_format",
        "row_image",
        "partial_json",
        "binlog_filtered",
        *["grant_missing"] * 3,
        "server_id_taken",
        "purged",
        "frontier_ahead",
    ]


def test_what_is_not_needed_is_no_problem() -> None:
    """A small row image or JSON differences matter only to those who can't do with them."""
    facts = replace(GOOD, row_image="MINIMAL", row_value_options="PARTIAL_JSON")
    assert codes(facts, replace(NEEDS, whole_rows=(), partial_json=True)) == []


def test_missing_and_surplus_gtids_are_named_by_lane() -> None:
    """Each lane's own frontier is judged; the GTIDs stand in the text, cut when there are very many."""
    facts = replace(GOOD, purged=GtidSet.parse(f"{UUID}:1-60"))
    lanes = {"b": GtidSet.parse(f"{UUID}:1-59"), "a": GtidSet.parse(f"{UUID}:1-101"), "c": facts.purged}
    first, second = judge(facts, replace(NEEDS, frontiers=lanes))
    assert (first.where["lane"], first.code.name) == ("a", "mysql.frontier_ahead")
    assert first.what == f"1 transactions that the lane has applied were never on this server: {UUID}:101"
    assert (second.where["lane"], second.code.name) == ("b", "mysql.purged")
    assert second.what.endswith(f"{UUID}:60")
    gaps = GtidSet.parse(",".join(f"{UUID}:{2 * n}" for n in range(1, 900)))
    (many,) = judge(replace(GOOD, executed=gaps, purged=gaps), replace(NEEDS, frontiers={"a": GtidSet()}))
    assert len(many.what) < 800
    assert "899 transactions" in many.what


@pytest.mark.parametrize(
    ("pattern", "scope"),
    [
        ("shop.orders", "`shop`.`orders`"),
        ("`a``b`.t", "`a``b`.`t`"),
        ("my_shop.*", "`my\\_shop`.*"),
        ("my_shop.order_*", "`my\\_shop`.*"),
        ("*.orders", "*.*"),
    ],
)
def test_the_grant_to_run(pattern: str, scope: str) -> None:
    """The hint is a statement that can be run as it is: scope as narrow as covers the pattern, names quoted."""
    grants = Grants((Grant(frozenset({"REPLICATION SLAVE", "REPLICATION CLIENT"}), "*", "*"),))
    (problem,) = judge(replace(GOOD, grants=grants), replace(NEEDS, patterns=[parse_pattern(pattern)]))
    assert problem.hint == f"GRANT SELECT ON {scope} TO 're''pl'@'%';"


def test_a_scope_is_named_once() -> None:
    """Several patterns with one remedy are one problem."""
    patterns = [parse_pattern(text) for text in ("shop.a*", "shop.b*", "shop.c?")]
    grants = Grants((Grant(frozenset({"REPLICATION SLAVE", "REPLICATION CLIENT"}), "*", "*"),))
    assert codes(replace(GOOD, grants=grants), replace(NEEDS, patterns=patterns)) == ["grant_missing"]
