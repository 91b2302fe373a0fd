"""Loading: every mistake at once, each with its place, and no secret ever shown."""

from __future__ import annotations

import json
import pickle

import pytest
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.config.check import config_version, fingerprint
from ingest.config.load import load
from ingest.config.model import Config, ElasticsearchLane, GtidStart, HbaseLane
from ingest.problems import DataProblem, ProblemGroup

GOOD = """
name = "parcels"

[clusters.parcels]
hosts = ["db1:3306", "[::1]"]
user = "repl"
password = { env = "MYSQL_PASSWORD" }

[sinks.search]
type = "elasticsearch"
urls = ["http://127.0.0.1:9200"]

[sinks.archive]
type = "hbase"

[checkpoint]
store = { file = "/run/store" }

[lanes.orders]
cluster = "parcels"
sink = "search"
start = { gtid = "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-100:200, 4E11FA47-71CA-11E1-9E33-C80AA9429562:tag:1-5" }

[[lanes.orders.rules]]
sql = "SELECT id, order_no AS orderNo FROM shop.orders WHERE type IN (1, 2)"
to = { index = "orders", routing = "customer_id" }

[[lanes.orders.rules]]
tables = ["shop.item*"]
to = { index = "{table}" }

[lanes.archive]
cluster = "parcels"
sink = "archive"

[[lanes.archive.rules]]
tables = ["shop.*"]
to = { table = "{table}", row_key = "{salt:16}{key}" }
"""


def good() -> Config:
    """The configuration above."""
    return load(GOOD, syntax="toml", origin="good.toml")


def problems_of(text: str, syntax: str = "toml") -> dict[str, DataProblem]:
    """Mistakes by path."""
    with pytest.raises(ProblemGroup) as caught:
        load(text, syntax=syntax, origin="bad")
    found = {problem.where.get("path", ""): problem for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems), "two mistakes at one path"
    assert all(problem.where["origin"] == "bad" and problem.hint for problem in caught.value.problems)
    return found


def changed(old: str, new: str) -> dict[str, DataProblem]:
    """Mistakes of the good configuration with one text replaced."""
    assert old in GOOD
    return problems_of(GOOD.replace(old, new, 1))


def test_good_configuration():
    """Names, classes by sink, defaults, addresses, starts."""
    config = good()
    assert isinstance(config.lanes["orders"], ElasticsearchLane)
    assert isinstance(config.lanes["archive"], HbaseLane)
    assert isinstance(config.lanes["orders"].start, GtidStart)
    assert config.clusters["parcels"].addresses() == (("db1", 3306), ("::1", 3306))
    assert config.lanes["orders"].rules[0].to.index == "orders"
    assert config.lanes["archive"].flush_ms == 200


def test_configurations_pickle():
    """A configuration crosses processes."""
    config = good()
    assert pickle.loads(pickle.dumps(config)) == config


def test_toml_and_json_are_alike():
    """The same shape in JSON is the same configuration."""
    assert load(json.dumps(tomllib.loads(GOOD)), syntax="json", origin="x") == good()


TEN_MISTAKES = """
name = "Bad Name"
colour = "red"

[clusters.parcels]
hosts = []
usr = "repl"
password = "hunter2"
server_id = "7"
read_timeout_ms = 1000

[sinks.search]
type = "elastik"
urls = ["http://127.0.0.1:9200"]

[sinks.archive]
type = "hbase"
port = 123456

[checkpoint]
store = "mysql+pymysql://user:hunter2@host/db"

[lanes.orders]
cluster = "parcel"
sink = "archive"
start = "newest"

[[lanes.orders.rules]]
tables = ["orders"]
where = "type >"
to = { table = "{table}", famly = "d", row_key = "{slat:16}{key}" }

[[lanes.orders.rules]]
sql = "SELECT id FROM shop.orders LIMIT 5"
tables = ["a.b"]
"""


def test_all_mistakes_at_once():
    """Every mistake is found in one run, with its path, line, code and, where there is one, the nearest valid name."""
    found = problems_of(TEN_MISTAKES)
    assert {path: problem.code.name for path, problem in found.items()} == {
        "name": "config.bad_value",
        "colour": "config.unknown_key",
        "clusters.parcels.hosts": "config.bad_value",
        "clusters.parcels.user": "config.missing",
        "clusters.parcels.usr": "config.unknown_key",
        "clusters.parcels.password": "config.wrong_type",
        "clusters.parcels.server_id": "config.wrong_type",
        "sinks.search.type": "config.bad_value",
        "sinks.archive.port": "config.bad_value",
        "checkpoint.store": "config.bad_value",
        "lanes.orders.cluster": "config.unknown_reference",
        "lanes.orders.start": "config.bad_value",
        "lanes.orders.rules[0].tables[0]": "config.bad_value",
        "lanes.orders.rules[0].where": "config.bad_sql",
        "lanes.orders.rules[0].to.famly": "config.unknown_key",
        "lanes.orders.rules[0].to.row_key": "config.bad_value",
        "lanes.orders.rules[1].sql": "config.bad_sql",
        "lanes.orders.rules[1].tables": "config.unknown_key",
        "lanes.orders.rules[1].to": "config.missing",
    }
    lines = TEN_MISTAKES.splitlines()
    for path, problem in found.items():
        key = path.rpartition(".")[2].partition("[")[0]
        if problem.code.name != "config.missing":
            assert key in lines[int(problem.where["line"]) - 1], path
    for path, name in (
        ("clusters.parcels.usr", "user"),
        ("sinks.search.type", "elasticsearch"),
        ("lanes.orders.cluster", "parcels"),
        ("lanes.orders.rules[0].to.famly", "family"),
    ):
        assert f"'{name}'" in found[path].hint
    with pytest.raises(ProblemGroup) as caught:
        load(TEN_MISTAKES, syntax="toml", origin="bad")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("[sinks.archive]", "[sinks.archive", "", "config.bad_syntax"),
        ('user = "repl"', 'user = "repl"\nuser = "x"', "", "config.bad_syntax"),
        ('user = "repl"', "user = 5", "clusters.parcels.user", "config.wrong_type"),
        ('{ env = "MYSQL_PASSWORD" }', '{ env = "A", file = "B" }', "clusters.parcels.password", "config.bad_value"),
        ('{ env = "MYSQL_PASSWORD" }', '{ enw = "A" }', "clusters.parcels.password.enw", "config.unknown_key"),
        ('"db1:3306"', '"db1:99999"', "clusters.parcels.hosts[0]", "config.bad_value"),
        ('user = "repl"', 'user = "repl"\nheartbeat_ms = 15000', "clusters.parcels", "config.bad_value"),
        ('user = "repl"', 'user = "repl"\nserver_id = 5.5', "clusters.parcels.server_id", "config.wrong_type"),
        ('user = "repl"', 'user = "repl"\nserver_id = true', "clusters.parcels.server_id", "config.wrong_type"),
        ("[lanes.orders]", "[lanes.orders]\nshards = 0", "lanes.orders.shards", "config.bad_value"),
        ("[lanes.orders]", "[lanes.orders]\nstart2 = 1", "lanes.orders.start2", "config.unknown_key"),
        ('start = { gtid = "3E', 'start = { gtid = "XX', "lanes.orders.start.gtid", "config.bad_value"),
        ('sink = "search"', 'sink = "serch"', "lanes.orders.sink", "config.unknown_reference"),
        ('to = { index = "orders", routing', 'to = { table = "orders", routing', "lanes.orders.rules[0].to.table", "config.unknown_key"),
        ('{ index = "{table}" }', '{ index = "{table" }', "lanes.orders.rules[1].to.index", "config.bad_value"),
        ("id, order_no AS orderNo", "id, order_no AS id", "lanes.orders.rules[0]", "config.conflict"),
        ("order_no AS orderNo", "MD5(order_no) AS x", "lanes.orders.rules[0].sql", "config.bad_sql"),
        ('tables = ["shop.item*"]', 'tables = ["shop.item*"]\nexclude = ["a"]\nfields = ["b"]', "lanes.orders.rules[1]", "config.conflict"),
        ('store = { file = "/run/store" }', 'store = "ingest.db"', "checkpoint.store", "config.bad_value"),
        ('type = "hbase"', 'type = "hbase"\nhost = ""', "sinks.archive.host", "config.bad_value"),
        ('name = "parcels"', "clusters = 5", "clusters", "config.wrong_type"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake(old, new, path, code):
    """One mistake gives its code at its path, and what else it entails at other paths only."""
    text = GOOD.replace(old, new, 1) if path != "clusters" else "clusters = 5\n[sinks]\n[lanes]\n"
    found = problems_of(text)
    assert path in found, found.keys()
    assert found[path].code.name == code


def test_empty_configuration():
    """Nothing at all: the parts that must be there are named."""
    assert {path: problem.code.name for path, problem in problems_of("").items()} == {
        "clusters": "config.missing",
        "sinks": "config.missing",
        "lanes": "config.missing",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "config.bad_syntax"),
        ("[]", "config.wrong_type"),
        ('{"name": "a", "name": "b"}', "config.conflict"),
        ("[" * 100_000, "config.bad_syntax"),
    ],
)
def test_json_that_is_no_configuration(text, code):
    """Bad JSON is one problem, whatever it is."""
    with pytest.raises(ProblemGroup) as caught:
        load(text, syntax="json", origin="x")
    assert [problem.code.name for problem in caught.value.problems] == [code]


def test_json_has_lines_too():
    """Mistakes in JSON are placed by line and column."""
    text = json.dumps({**tomllib.loads(GOOD), "colour": 1}, indent=1)
    found = problems_of(text, "json")
    assert '"colour"' in text.splitlines()[int(found["colour"].where["line"]) - 1]


def test_server_ids_on_one_server():
    """Two clusters may not pose under one id on the same server; on other servers they may."""
    other = GOOD.replace(
        "[sinks.search]", '[clusters.two]\nhosts = ["db1"]\nuser = "x"\nserver_id = 7\n\n[sinks.search]'
    )
    load(other, syntax="toml", origin="x")
    both = other.replace('user = "repl"', 'user = "repl"\nserver_id = 7')
    assert problems_of(both)["clusters.two.server_id"].code.name == "config.conflict"
    load(both.replace('hosts = ["db1"]', 'hosts = ["db2"]'), syntax="toml", origin="x")


def test_rules_that_write_the_same_documents():
    """Two rules with the same tables, target and id would overwrite each other."""
    twice = GOOD.replace('tables = ["shop.item*"]', 'tables = ["shop.orders"]').replace(
        '{ index = "{table}" }', '{ index = "orders" }'
    )
    assert problems_of(twice)["lanes.orders.rules[1]"].code.name == "config.conflict"
    other_id = twice.replace('tables = ["shop.orders"]', 'tables = ["shop.orders"]\nid = ["x"]')
    load(other_id, syntax="toml", origin="x")


SECRET = st.text("abcdefghXYZ0123456789:/@!-_", min_size=6, max_size=12).map(lambda text: "S3" + text)


@settings(deadline=None, max_examples=settings.default.max_examples * 60 // 100)
@given(SECRET, st.sampled_from(["clusters.parcels.password", "clusters.parcels.passwort", "sinks.search.api_key", "sinks.search.password",
                                "checkpoint.store", "clusters.parcels.tls"]))  # fmt: skip
def test_secrets_are_never_shown(secret, where):
    """Invariant 8: a secret written where a reference belongs, or under a misspelt key, is in no message."""
    raw = tomllib.loads(GOOD)
    *parents, key = where.split(".")
    place = raw
    for parent in parents:
        place = place[parent]
    place[key] = f"mysql://u:{secret}@h/d" if key == "store" else secret
    with pytest.raises(ProblemGroup) as caught:
        load(json.dumps(raw), syntax="json", origin="x")
    shown = str(caught.value) + repr(caught.value) + "".join(map(repr, caught.value.problems))
    assert secret not in shown


@settings(deadline=None, max_examples=settings.default.max_examples * 150 // 100)
@given(st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab{}", max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["name", "clusters", "sinks", "lanes", "type", "hosts", "rules", "to", "sql", "tables", "x", "password", "start", "checkpoint"]),
                        inner, max_size=4), max_leaves=12))  # fmt: skip
def test_any_json_is_judged(value):
    """Whatever the text holds, loading ends in a configuration or a group of problems."""
    with pytest.raises(ProblemGroup):
        load(json.dumps(value), syntax="json", origin="x")


def test_fingerprint_says_what_is_read():
    """It changes with tables, conditions, ids and places, not with how the sink writes; and never by itself."""
    lane = good().lanes["orders"]
    assert fingerprint(lane) == fingerprint(good().lanes["orders"]) == "32d703d84e0d8e80"
    for old, new, same in (
        ("type IN (1, 2)", "type IN (1, 3)", False),
        ("shop.item*", "shop.items", False),
        ('index = "{table}"', 'index = "x-{table}"', False),
        ("FROM shop.orders", "FROM   shop.orders", True),
        ('index = "orders"', 'index = "orders", write = "upsert"', True),
        ('sink = "search"', 'sink = "search"\nshards = 9', True),
    ):
        other = load(GOOD.replace(old, new), syntax="toml", origin="x").lanes["orders"]
        assert (fingerprint(other) == fingerprint(lane)) is same, new


def test_config_version_says_what_runs():
    """It changes with anything in the configuration."""
    assert config_version(good()) == config_version(good())
    assert config_version(load(GOOD.replace("9200", "9201"), syntax="toml", origin="x")) != config_version(good())
