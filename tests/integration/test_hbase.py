"""The HBase driver against a real HBase and its Thrift 1 server: what goes wrong, and happybase's hazards."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import happybase
import pytest

from actors.clock import SystemClock
from actors.drivers.hbase import HbaseDriver
from actors.drivers.hbase_connection import HbaseConnection, _mutate_decoded
from actors.stack import Hbase
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.contract import ItemResult, Request
from ingest.sinks.hbase.encode import HbaseEncoder, timestamp_of
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from tests.kit.http_fake import http_fake
from tests.kit.sink_operations import Change, operations_of
from tests.kit.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration

NUMBERS = count(1)


@pytest.fixture
def table() -> str:
    """A name of the test's own."""
    return f"hb-{next(NUMBERS)}"


@pytest.fixture(scope="module")
def fragile() -> Iterator[Hbase]:
    """An HBase that tests may kill."""
    with Hbase(quick=True) as one:
        yield one


class SetClock(SystemClock):
    """A clock that says what it is told."""

    now_ms = 0.0

    def monotonic_ms(self) -> float:
        return self.now_ms


def options_of(server: Hbase, **more: Any) -> HbaseOptions:
    given = {"type": "hbase", "host": server.thrift_host, "port": server.thrift_port, "timeout_ms": 20_000, **more}
    return HbaseOptions.model_validate(given)


def driver_of(server: Hbase, *targets: HbaseTarget, **more: Any) -> HbaseDriver:
    return HbaseDriver(options_of(server, **more), targets)


def encode(target: HbaseTarget, changes: Sequence[Change], **limits: int) -> list[Request[bytes]]:
    options = HbaseOptions.model_validate({"type": "hbase", **limits})
    return list(HbaseEncoder(options, [target]).encode([operations_of(changes, target.table)]))


def send(driver: HbaseDriver, requests: Sequence[Request[bytes]]) -> list[ItemResult]:
    return [result for request in requests for result in driver.send(request)]


def outcomes(results: Sequence[ItemResult]) -> list[str]:
    return [result.outcome.value for result in results]


def plain(server: Hbase) -> happybase.Connection:
    """A person's own connection."""
    return happybase.Connection(server.thrift_host, server.thrift_port, timeout=60_000)


def caught(family: type[Problem], call: Callable[[], object]) -> Problem:
    with pytest.raises(family) as info:
        call()
    assert str(pickle.loads(pickle.dumps(info.value))) == str(info.value)
    return info.value


# --- reaching it ------------------------------------------------------------------------------------------------------


def test_unreachable() -> None:
    """Nothing listens there: WorldProblem with the address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        driver = HbaseDriver(HbaseOptions(type="hbase", port=port), [])
        problem = caught(WorldProblem, driver.open)
    assert problem.code.name == "sink.unreachable"
    assert problem.where["server"] == f"127.0.0.1:{port}"


def test_something_else_answers() -> None:
    """A server that isn't Thrift is never taken for HBase."""
    with http_fake(200, b"{}") as fake:
        host, port = fake.url.removeprefix("http://").split(":")
        driver = HbaseDriver(HbaseOptions(type="hbase", host=host, port=int(port), timeout_ms=2_000), [])
        problem = caught(WorldProblem, driver.open)
    assert problem.code.name in ("sink.unreachable", "sink.answer_not_understood", "sink.timeout")


def test_wrong_transport(hbase: Hbase) -> None:
    """A framed client at a buffered server gets no answer: a WorldProblem within the timeout, not a hang."""
    problem = caught(WorldProblem, driver_of(hbase, transport="framed", timeout_ms=1_500).open)
    assert problem.code.name in ("sink.unreachable", "sink.answer_not_understood", "sink.timeout")


def test_thrift_down_at_start_and_midway(fragile: Hbase, table: str) -> None:
    """Without its Thrift server open and send raise a WorldProblem; killed and back again, the same driver works."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(fragile, target)
    fragile.kill_thrift()
    assert caught(WorldProblem, driver.open).code.name == "sink.unreachable"
    fragile.start_thrift()
    driver.open()
    driver.prepare([table])
    assert outcomes(send(driver, encode(target, [("a", 3, {"id": 1})]))) == ["done"]
    fragile.kill_thrift()
    step = encode(target, [("a", 5, {"id": 2}), ("b", 7, {"id": 3})])
    for _ in range(2):
        assert caught(WorldProblem, lambda: send(driver, step)).code.name == "sink.unreachable"
    fragile.start_thrift()
    assert outcomes(send(driver, step)) == ["done", "done"]
    assert [one.fields["d:id"] for one in driver.scan(table)] == [b"2", b"3"]


def test_late_answer(hbase: Hbase, table: str) -> None:
    """After a timeout the late answer is never read as that of the next call."""
    target = HbaseTarget(table=table, create=True)
    with TcpProxy((hbase.thrift_host, hbase.thrift_port)) as proxy:
        driver = HbaseDriver(HbaseOptions(type="hbase", port=proxy.port, timeout_ms=1_000), [target])
        driver_of(hbase, target).prepare([table])
        assert outcomes(send(driver, encode(target, [("a", 3, {"id": 1}), ("b", 5, {"id": 2})]))) == ["done", "done"]
        proxy.freeze()
        assert caught(WorldProblem, lambda: driver.fetch(table, ["a"])).code.name == "sink.timeout"
        proxy.heal()
        for _ in range(3):
            assert [one and one.fields["d:id"] for one in driver.fetch(table, ["b"])] == [b"2"]


@pytest.mark.parametrize("cut", ["between calls", "inside an answer"])
def test_connection_cut(hbase: Hbase, table: str, cut: str) -> None:
    """A connection that is gone, unseen or in the middle of an answer, costs one WorldProblem; the next call works on a
    new one.
    """
    target = HbaseTarget(table=table, create=True)
    with TcpProxy((hbase.thrift_host, hbase.thrift_port)) as proxy:
        driver = HbaseDriver(HbaseOptions(type="hbase", port=proxy.port), [target])
        driver.prepare([table])
        request = encode(target, [("a", 3, {"id": 1})])
        proxy.cut() if cut == "between calls" else proxy.cut_after(10)
        assert caught(WorldProblem, lambda: send(driver, request)).code.name == "sink.unreachable"
        proxy.heal()
        assert outcomes(send(driver, request)) == ["done"]
        assert proxy.connections == driver.connections_opened == 2


def test_idle_connection_is_renewed(hbase: Hbase, table: str) -> None:
    """A connection that was idle for more than 30 s is replaced before use; one in use isn't."""
    clock = SetClock()
    target = HbaseTarget(table=table, create=True)
    driver = HbaseDriver(options_of(hbase), [target], clock)
    driver.prepare([table])
    for now_ms, opened in ((0, 1), (30_000, 1), (59_000, 1), (90_000, 2)):
        clock.now_ms = float(now_ms)
        assert outcomes(send(driver, encode(target, [("a", 3, {"id": 1})]))) == ["done"]
        assert driver.connections_opened == opened


# --- tables -----------------------------------------------------------------------------------------------------------


def test_missing_table(hbase: Hbase, table: str) -> None:
    """A missing table is named, with the command that creates it: at the start, and when it goes away later."""
    target = HbaseTarget(table=table, columns={"e:x": "id"})
    driver = driver_of(hbase, target)
    problem = caught(DataProblem, lambda: driver.prepare([table]))
    assert problem.code.name == "sink.target_missing"
    assert f"create '{table}', 'd', 'e'" in problem.hint
    plain(hbase).create_table(table, {"d": {}, "e": {}})
    driver.prepare([table])
    plain(hbase).delete_table(table, disable=True)
    problem = caught(DataProblem, lambda: send(driver, encode(target, [("a", 3, {"id": 1})])))
    assert problem.code.name == "sink.target_missing"
    assert table in problem.what


def test_missing_family(hbase: Hbase, table: str) -> None:
    """A missing family is named, with the command that adds it: by the check, and by a request."""
    plain(hbase).create_table(table, {"d": {}})
    target = HbaseTarget(table=table, columns={"e:x": "id"}, create=True)
    driver = driver_of(hbase, target)
    for call in (lambda: driver.prepare([table]), lambda: send(driver, encode(target, [("a", 3, {"id": 1})]))):
        problem = caught(DataProblem, call)
        assert problem.code.name == "sink.target_missing"
        assert (problem.where["table"], problem.where["family"]) == (table, "e")
        assert f"alter '{table}', NAME => 'e'" in problem.hint


def test_created_table(hbase: Hbase, table: str) -> None:
    """Create = true makes the table with all families as configured; several shards at once don't disturb each other."""
    target = HbaseTarget(table=table, create=True, columns={"e:x": "id"}, max_versions=4, compression="GZ")
    drivers = [driver_of(hbase, target) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda driver: driver.prepare([table]), drivers))
    families = plain(hbase).table(table).families()
    assert {name: (one["max_versions"], one["compression"]) for name, one in families.items()} == {
        b"d": (4, b"GZ"),
        b"e": (4, b"GZ"),
    }


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("nowhere:t", {}, "NamespaceNotFoundException"),
        ("t-lz4", {"compression": "LZ4"}, "LZ4"),
        ("odd name$", {}, "letters"),
        ("-t", {}, "letters"),
    ],
)
def test_table_that_cannot_be_made(hbase: Hbase, name: str, more: dict[str, Any], words: str) -> None:
    """What HBase refuses to create is a DataProblem that says why."""
    target = HbaseTarget(table=name, create=True, **more)
    problem = caught(DataProblem, lambda: driver_of(hbase, target).prepare([name]))
    assert problem.code.name == "sink.target_refused"
    assert words in problem.what + problem.hint


def test_disabled_table(hbase: Hbase, table: str) -> None:
    """A disabled table is waited for, with the command that enables it."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target)
    driver.prepare([table])
    plain(hbase).disable_table(table)
    problem = caught(WorldProblem, lambda: driver.prepare([table]))
    assert f"enable '{table}'" in problem.hint
    plain(hbase).enable_table(table)
    driver.prepare([table])
    assert outcomes(send(driver, encode(target, [("a", 3, {"id": 1})]))) == ["done"]


# --- requests ---------------------------------------------------------------------------------------------------------


def test_rows_that_hbase_cannot_have(hbase: Hbase, table: str) -> None:
    """An empty or too long row key and a cell above 10 MB are poison by name; their neighbours are applied."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target)
    driver.prepare([table])
    changes: list[Change] = [(f"k{n}", 2 * n + 3, {"id": n}) for n in range(6)]
    changes[1] = ("", 5, {"id": 1})
    changes[2] = ("x" * 32_768, 7, {"id": 2})
    changes[4] = ("k4", 11, {"id": 4, "name": "x" * 11_000_000})
    [request] = encode(target, changes, batch_bytes=64_000_000)
    results = driver.send(request)
    assert outcomes(results) == ["done", "poison", "poison", "done", "poison", "done"]
    assert [result.reason for result in results] == [
        "",
        "row_key_empty",
        "row_key_too_long",
        "",
        "illegal_argument",
        "",
    ]
    assert "KeyValue size too large" in results[4].detail
    assert [one.key for one in driver.scan(table)] == ["k0", "k3", "k5"]


def test_timestamp_is_the_highest_version(hbase: Hbase, table: str) -> None:
    """All cells of a request carry its highest version."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target)
    driver.prepare([table])
    [request] = encode(target, [("a", (5 << 41) + 3, {"id": 1}), ("b", (5 << 41) + 9, {"id": 2})])
    driver.send(request)
    assert timestamp_of(request) == (5 << 41) + 9
    assert {one.version for one in driver.scan(table)} == {(5 << 41) + 9}


@pytest.mark.parametrize("connections", [1, 3])
def test_large_request(hbase: Hbase, table: str, connections: int) -> None:
    """A request of thousands of rows arrives whole, dealt out to several connections or not, with one timestamp."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target, connections=connections)
    driver.open()
    driver.prepare([table])
    changes: list[Change] = [(f"k{n:05}", 2 * n + 3, {"id": n, "name": f"é{n}"}) for n in range(4_000)]
    [request] = encode(target, changes, batch_rows=10_000)
    assert set(outcomes(driver.send(request))) == {"done"}
    assert driver.connections_opened == connections
    found = list(driver.scan(table, batch=999))
    assert [(one.key, one.fields["d:name"], one.version) for one in found] == [
        (f"k{n:05}", f"é{n}".encode(), 8_001) for n in range(4_000)
    ]
    assert [one is not None and one.key for one in driver.fetch(table, [key for key, _, _ in changes])] == [
        key for key, _, _ in changes
    ]
    driver.close()


def test_poison_on_several_connections(hbase: Hbase, table: str) -> None:
    """A bad row in a request that is dealt out is found alone, too."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target, connections=2)
    driver.open()
    driver.prepare([table])
    changes: list[Change] = [(f"k{n:04}", 2 * n + 3, {"id": n}) for n in range(1_200)]
    changes[777] = ("k0777", 1557, {"name": "x" * 11_000_000})
    [request] = encode(target, changes, batch_rows=10_000, batch_bytes=64_000_000)
    assert [n for n, result in enumerate(driver.send(request)) if result.outcome.value == "poison"] == [777]
    assert len(list(driver.scan(table))) == 1_199
    driver.close()


def test_two_rules_in_one_row(hbase: Hbase, table: str) -> None:
    """With delete = "columns" a deletion leaves the cells of another rule in the row."""
    one = HbaseTarget(table=table, create=True, family=None, columns={"d:a": "id"}, delete="columns")
    two = HbaseTarget(table=table, create=True, family=None, columns={"d:b": "id"}, delete="columns")
    coder = HbaseEncoder(HbaseOptions(type="hbase"), [one, two])
    driver = driver_of(hbase, one, two)
    driver.prepare([table])
    parts = [operations_of([("k", 3, {"id": 1})], table, rule=0), operations_of([("k", 3, {"id": 2})], table, rule=1)]
    send(driver, coder.encode(parts))
    assert [found.fields for found in driver.scan(table)] == [{"d:a": b"1", "d:b": b"2"}]
    send(driver, coder.encode([operations_of([("k", 8, None)], table, rule=0)]))
    assert [found.fields for found in driver.scan(table)] == [{"d:b": b"2"}]


def test_table_prefix(hbase: Hbase, table: str) -> None:
    """The prefix stands before the table's name in every call."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target, table_prefix="team_")
    driver.prepare([table])
    send(driver, encode(target, [("a", 3, {"id": 1})]))
    assert [one.key for one in driver.scan(table)] == ["a"]
    assert f"team_{table}".encode() in plain(hbase).tables()


def test_rows_of_others_are_read(hbase: Hbase, table: str) -> None:
    """A scan gets past rows whose keys aren't UTF-8."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target)
    driver.prepare([table])
    foreign = plain(hbase).table(table)
    for number in range(5):
        foreign.put(b"\xff\x00" + bytes([number]), {b"d:\xfe": b"x"})
    found = list(driver.scan(table, batch=2))
    assert len(found) == 5
    assert driver.fetch(table, [one.key for one in found]) == found


def test_compact_protocol_writes_the_same(hbase: Hbase, table: str) -> None:
    """The way through the client's objects, which the compact protocol takes, stores what the ready-made bytes do."""
    target = HbaseTarget(table=table, create=True)
    driver = driver_of(hbase, target)
    driver.prepare([table])
    [request] = encode(target, [("a", 3, {"id": 1, "name": "é"}), ("b", 4, None)])
    connection = HbaseConnection(options_of(hbase), SystemClock())
    rows = [item.payload for item in request.items]
    connection.call(lambda client: _mutate_decoded(client, table, rows, timestamp_of(request)))
    before = list(driver.scan(table))
    driver.send(request)
    assert list(driver.scan(table)) == before
    assert before[0].fields == {"d:id": b"1", "d:name": "é".encode()}
