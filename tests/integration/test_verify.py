"""``ingest verify`` on real servers: what is equal is found equal, and every kind of damage is found, with its key."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import happybase
import pytest
from typer.testing import CliRunner

from actors.cli.main import app
from actors.clock import SystemClock
from actors.drivers.sinks import open_driver
from actors.parts.store import store_of
from actors.secrets import resolve
from actors.stack import Elasticsearch, Hbase, Mysql
from actors.verify.lanes import VerifyOptions, lane_tables, selected_rows, verify_lane
from ingest.checkpoint.contract import Member
from ingest.checkpoint.record import CheckpointRecord
from ingest.config.load import load
from ingest.config.model import Config
from ingest.lane.frontier import Frontier
from ingest.sinks.contract import Outcome
from ingest.sinks.registry import sink_kind
from ingest.verify.comparison import Difference
from ingest.verify.verdict import LaneVerdict

pytestmark = pytest.mark.integration

DATABASE = "verify_it"
SCHEMA = (
    f"DROP DATABASE IF EXISTS {DATABASE}",
    f"CREATE DATABASE {DATABASE} DEFAULT CHARACTER SET utf8mb4",
    f"""CREATE TABLE {DATABASE}.parcels (
        code VARCHAR(8) COLLATE utf8mb4_bin NOT NULL, kind ENUM('z', 'a') NOT NULL, weight FLOAT NULL, price DECIMAL(12, 4) NULL,
        made DATETIME(6) NULL, day DATE NULL, delay TIME(3) NULL, bits BIT(9) NULL, tags SET('x', 'y', '加') NULL,
        doc JSON NULL, raw VARBINARY(20) NULL, spot POINT NULL, big BIGINT UNSIGNED NULL, note VARCHAR(90) NULL,
        latin VARCHAR(20) CHARACTER SET latin1 NULL, hidden INT INVISIBLE DEFAULT 7, vec VECTOR(2) NULL,
        PRIMARY KEY (code, kind))""",
    f"CREATE TABLE {DATABASE}.scans (id INT NOT NULL, place VARCHAR(20) NOT NULL)",
)
NULL_ROWS = f"INSERT INTO {DATABASE}.parcels (code, kind) VALUES ('null', 'z')"
ROWS = (
    f"INSERT INTO {DATABASE}.parcels (code, kind, weight, price, made, day, delay, bits, tags, doc, raw, spot, big, note,"
    " latin, vec) VALUES ('c{0}', '{1}', 0.1 * {0}, {0} * 1.0001, '2024-02-29 01:02:03.000004', '1999-01-01',"
    " '-100:00:00.5', b'101010101', 'x,加', '{{\"b\": 1.50, \"a\": [null, true, \"é\"]}}', X'00FF{0:02d}',"
    " POINT({0}, -0.5), 18446744073709551615 - {0}, '📦 \\n {0}', 'café', TO_VECTOR('[1, 0.1]'))"
)
RULES = [
    {"tables": [f"{DATABASE}.parcels"], "fields": ["*", "hidden AS hidden"], "where": "code <> 'draft'"},
    {"tables": [f"{DATABASE}.scans"], "id": ["id"]},
]


@pytest.fixture
def source(mysql9: Mysql) -> Mysql:
    """The tables with some rows; one row that the rule leaves out."""
    with mysql9.connect() as connection, connection.cursor() as cursor:
        for statement in (*SCHEMA, NULL_ROWS):
            cursor.execute(statement)
        for number in range(30):
            cursor.execute(ROWS.format(number, "za"[number % 2]))
        cursor.execute(f"UPDATE {DATABASE}.parcels SET code = 'draft' WHERE code = 'c29'")
        cursor.execute(f"INSERT INTO {DATABASE}.scans VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    return mysql9


def _config(mysql: Mysql, sink: dict[str, object], targets: Sequence[dict[str, object]], store: Path) -> Config:
    rules = [{**rule, "to": target} for rule, target in zip(RULES, targets, strict=True)]
    text = {
        "clusters": {"it": {"hosts": [mysql.address], "user": "root"}},
        "sinks": {"sink": sink},
        "lanes": {"lane": {"cluster": "it", "sink": "sink", "rules": rules}},
        "checkpoint": {"store": f"sqlite:///{store}"},
    }
    return load(json.dumps(text), syntax="json", origin="test")


@pytest.fixture
def to_elasticsearch(source: Mysql, elasticsearch: Elasticsearch, tmp_path: Path) -> Iterator[Config]:
    """A lane into two indices."""
    sink: dict[str, object] = {"type": "elasticsearch", "urls": [elasticsearch.url]}
    mapping = {"properties": {"doc": {"type": "object", "enabled": False}, "big": {"type": "keyword"}}}
    yield _config(
        source, sink, [{"index": "verify-parcels", "mapping": mapping}, {"index": "verify-scans"}], tmp_path / "s.db"
    )
    for index in ("verify-parcels", "verify-scans"):
        _ask(elasticsearch, "DELETE", f"/{index}?ignore_unavailable=true")


@pytest.fixture
def to_hbase(source: Mysql, hbase: Hbase, tmp_path: Path) -> Iterator[Config]:
    """A lane into two tables."""
    sink: dict[str, object] = {"type": "hbase", "host": hbase.host, "port": hbase.thrift_port}
    targets = [
        {"table": f"verify_{name}", "row_key": "{salt:4}-{key}", "create": True} for name in ("parcels", "scans")
    ]
    yield _config(source, sink, targets, tmp_path / "s.db")
    connection = happybase.Connection(hbase.host, hbase.thrift_port)
    for target in targets:
        connection.delete_table(str(target["table"]), disable=True)
    connection.close()


def _apply(config: Config) -> None:
    """What a lane does: all rows into the sink, and a frontier that holds them."""
    lane = config.lanes["lane"]
    targets = [rule.to for rule in lane.rules]
    options = config.sinks["sink"]
    encoder = sink_kind(options.type).encoder(options, targets)
    driver = open_driver(options, targets, resolve)
    driver.open()
    with selected_rows(config, "it") as rows:
        for table in lane_tables(lane, rows):
            for values, _ in rows.chunks(table.queries, 1_000):
                operations = [on.apply(table.batch(values)) for on in table.rules]
                for request in encoder.encode(operations):
                    driver.prepare(sorted({item.target for item in request.items}))
                    assert {result.outcome for result in driver.send(request)} <= {Outcome.DONE, Outcome.NEWER}
        executed = str(rows.executed())
    driver.close()
    _commit(config, executed)


def _commit(config: Config, executed: str) -> None:
    store = store_of(config)
    epoch = store.claim("lane", Member("supervisor", "host", 1, 1)).epoch
    store.commit(CheckpointRecord("lane", epoch, Frontier(executed), 0, "", ""))
    store.close()


def _verify(config: Config, **options: float) -> LaneVerdict:
    chosen = VerifyOptions(**{"wait_ms": 500.0, "chunk_rows": 7, **options})  # type: ignore[arg-type]
    return verify_lane(config, "lane", chosen, lambda *_: None, SystemClock())


def _ask(server: Elasticsearch, method: str, path: str, body: str | None = None) -> str:
    data = None if body is None else body.encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def _edit(server: Elasticsearch, index: str, key: str, old: str, new: str) -> None:
    """Change a document's text in one place, and nothing else of it."""
    text = _ask(server, "GET", f"/{index}/_source/{key}")
    assert text.count(old) == 1
    _ask(server, "PUT", f"/{index}/_doc/{key}", text.replace(old, new))


def _brief(verdict: LaneVerdict) -> list[tuple[str, str, str, str]]:
    return sorted((one.kind, one.target, one.key, one.field) for one in verdict.details)


def test_equal_elasticsearch(to_elasticsearch: Config) -> None:
    """Every type, NULLs, an invisible column and a table without key agree, chunk by chunk; what the rule leaves out
    is counted."""
    _apply(to_elasticsearch)
    verdict = _verify(to_elasticsearch)
    assert verdict.details == ()
    assert (verdict.rows, verdict.documents, verdict.found, verdict.differences) == (34, 33, 33, 0)
    assert verdict.dropped == {"filtered": 1}


def test_equal_hbase(to_hbase: Config) -> None:
    """The same for cells and salted row keys; JSON is compared by meaning."""
    _apply(to_hbase)
    verdict = _verify(to_hbase)
    assert verdict.details == ()
    assert (verdict.rows, verdict.documents, verdict.found, verdict.differences) == (34, 33, 33, 0)


def test_damage_in_elasticsearch_is_found(to_elasticsearch: Config, elasticsearch: Elasticsearch) -> None:
    """A deleted, a changed, a foreign document and a foreign field are found, each under its key."""
    _apply(to_elasticsearch)
    _ask(elasticsearch, "DELETE", "/verify-parcels/_doc/c1%7Ca")
    _edit(elasticsearch, "verify-parcels", "c2%7Cz", ":2.0002,", ":2.0003,")
    _edit(elasticsearch, "verify-parcels", "c4%7Cz", '"hidden":7}', '"hidden":7,"extra":null}')
    _ask(elasticsearch, "PUT", "/verify-parcels/_doc/draft%7Ca", '{"code": "draft"}')
    _ask(elasticsearch, "PUT", "/verify-scans/_doc/9", '{"id": 9}')
    verdict = _verify(to_elasticsearch)
    assert _brief(verdict) == [
        ("differs", "verify-parcels", "c2|z", "price"),
        ("differs", "verify-parcels", "c4|z", "extra"),
        ("missing", "verify-parcels", "c1|a", ""),
        ("surplus", "verify-parcels", "draft|a", ""),
        ("surplus", "verify-scans", "9", ""),
    ]
    assert Difference("differs", "verify-parcels", "c2|z", "price", "2.0002", "2.0003") in verdict.details
    assert verdict.kinds == {"differs": 2, "missing": 1, "surplus": 2}


def test_damage_in_hbase_is_found(to_hbase: Config, hbase: Hbase) -> None:
    """A deleted row, a changed cell, a cell where NULL belongs, a foreign row."""
    _apply(to_hbase)
    connection = happybase.Connection(hbase.host, hbase.thrift_port)
    table = connection.table("verify_parcels")
    keys = {key.partition(b"-")[2]: key for key, _ in table.scan()}
    table.delete(keys[b"c1|a"])
    table.put(keys[b"c2|z"], {b"d:weight": b"0.3"})
    table.put(keys[b"null|z"], {b"d:note": b""})
    table.put(b"9-c99|a", {b"d:code": b"c99"})
    connection.close()
    verdict = _verify(to_hbase)
    assert sorted((kind, key.partition("-")[2], field) for kind, _, key, field in _brief(verdict)) == [
        ("differs", "c2|z", "d:weight"),
        ("differs", "null|z", "d:note"),
        ("missing", "c1|a", ""),
        ("surplus", "c99|a", ""),
    ]


def test_row_without_key_that_differs(to_elasticsearch: Config, elasticsearch: Elasticsearch) -> None:
    """A table without primary key is read as a whole and compared as strictly."""
    _apply(to_elasticsearch)
    _ask(elasticsearch, "DELETE", "/verify-scans/_doc/2")
    assert _brief(_verify(to_elasticsearch)) == [("missing", "verify-scans", "2", "")]


def test_an_index_that_is_not_there_misses_everything(to_elasticsearch: Config) -> None:
    """Nothing was ever written: every document is missing, and none is too many."""
    verdict = _verify(to_elasticsearch)
    assert verdict.kinds == {"missing": 33}
    assert verdict.found == 0


def test_late_row_is_no_difference(source: Mysql, to_elasticsearch: Config, elasticsearch: Elasticsearch) -> None:
    """While the lane is behind, verify waits; a row that arrives late agrees, one that never arrives differs."""
    _apply(to_elasticsearch)
    with source.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE parcels SET note = 'late' WHERE code IN ('c3', 'c5')")
        cursor.execute("DELETE FROM parcels WHERE code = 'c6'")
        cursor.execute("SELECT @@GLOBAL.gtid_executed")
        ((executed,),) = cursor.fetchall()
    looked = threading.Event()
    results: list[LaneVerdict] = []

    def progress(_lane: str, what: str, _done: int, _about: int) -> None:
        if what.startswith("rows in doubt"):
            looked.set()

    def look() -> None:
        chosen = VerifyOptions(wait_ms=0, chunk_rows=7)
        results.append(verify_lane(to_elasticsearch, "lane", chosen, progress, SystemClock()))

    behind = verify_lane(to_elasticsearch, "lane", VerifyOptions(wait_ms=0), progress, SystemClock())
    assert looked.is_set()
    assert behind.kinds == {"differs": 2, "surplus": 1}
    assert behind.behind == 2
    _edit(elasticsearch, "verify-parcels", "c3%7Ca", '"📦 \\n 3"', '"late"')
    _ask(elasticsearch, "DELETE", "/verify-parcels/_doc/c6%7Cz")
    _commit(to_elasticsearch, str(executed))
    look()
    assert _brief(results[0]) == [("differs", "verify-parcels", "c5|a", "note")]


def test_command_prints_one_object_and_fails(
    to_elasticsearch: Config,
    source: Mysql,
    elasticsearch: Elasticsearch,
    tmp_path: Path,
) -> None:
    """``ingest verify --json`` ends with one JSON object; exit code 0 when equal, 1 when a single row differs."""
    file = tmp_path / "config.json"
    file.write_text(to_elasticsearch.model_dump_json(exclude_none=True), encoding="utf-8")
    arguments = ["verify", str(file), "--json", "--wait-seconds", "0.5"]
    _apply(to_elasticsearch)
    equal = CliRunner().invoke(app, arguments)
    assert equal.exit_code == 0, equal.output
    assert json.loads(equal.stdout)["differences"] == 0
    _ask(elasticsearch, "DELETE", "/verify-scans/_doc/3")
    different = CliRunner().invoke(app, arguments)
    assert different.exit_code == 1
    found = json.loads(different.stdout)
    assert found["lanes"][0]["details"] == [{"kind": "missing", "target": "verify-scans", "key": "3"}]
    plain = CliRunner().invoke(app, arguments[:2])
    assert plain.exit_code == 1
    assert "missing verify-scans/3" in plain.stdout
