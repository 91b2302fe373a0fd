"""The command line on real servers and a real Ray: check --connect, run, status, steering, submit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import LocalRay
from actors.stack import Elasticsearch, Mysql
from tests.kit.mysql_session import account, execute

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
WAIT_S = 300.0
ROWS = 50


class Place:
    """A configuration, a table, and a machine's state directory, of one test's own. ``on``: what says which Ray its runs
    join; none: they start their own."""

    def __init__(self, directory: Path, name: str, mysql: Mysql) -> None:
        self.name = name
        self.mysql = mysql
        self.config = directory / "ingest.toml"
        self.on: tuple[str, ...] = ()
        self.environment = {**os.environ, "XDG_STATE_HOME": str(directory / "state"), "PYTHONPATH": str(ROOT)}
        execute(mysql, f"CREATE DATABASE {name}", f"CREATE TABLE {name}.orders (id INT PRIMARY KEY, amount INT)")
        self.insert(*range(1, ROWS + 1))
        self.write(store=f"sqlite:///{directory}/ingest.db")

    def insert(self, *keys: int) -> None:
        """Rows with these keys, in one transaction."""
        execute(self.mysql, f"INSERT INTO {self.name}.orders VALUES " + ", ".join(f"({key}, 1)" for key in keys))

    def write(self, **changes: str) -> None:
        """The configuration, with changes of its parts."""
        parts = {
            "user": "root", "password": "", "sink": 'type = "blackhole"', "to": "{}", "store": "sqlite:///x.db",
            "table": f"{self.name}.orders", "fields": "*", "where": "", "lane": "", **changes,
        }  # fmt: skip
        password = f'password = {{ env = "{parts["password"]}" }}' if parts["password"] else ""
        self.config.write_text(
            f"""
            name = "{self.name}"
            [clusters.shop]
            hosts = ["{self.mysql.host}:{self.mysql.port}"]
            user = "{parts["user"]}"
            {password}
            [sinks.out]
            {parts["sink"]}
            [checkpoint]
            store = "{parts["store"]}"
            [lanes.orders]
            cluster = "shop"
            sink = "out"
            {parts["lane"]}
            [[lanes.orders.rules]]
            tables = ["{parts["table"]}"]
            fields = ["{parts["fields"]}"]
            {f'where = "{parts["where"]}"' if parts["where"] else ""}
            to = {parts["to"]}
            """
        )

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "actors.cli.main", *args],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ingest(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*args)
        stdout, stderr = process.communicate(timeout=WAIT_S)
        return subprocess.CompletedProcess(args, process.returncode, stdout, stderr)

    def json(self, *args: str) -> Any:
        """What a command that succeeds prints with --json."""
        result = self.ingest(*args, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)


class Foreground:
    """``ingest run --json`` and the lane's newest status, read as it is printed."""

    def __init__(self, place: Place, *args: str) -> None:
        self.process = place.start("run", str(place.config), "--json", "--every", "0.5", *place.on, *args)
        self.lane: dict[str, Any] = {}
        self.changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                (self.lane,) = json.loads(line)["clusters"][0]["lanes"]
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def await_lane(self, **expected: object) -> None:
        """Until the lane's status has these values."""

        def reached() -> bool:
            return all(self.lane.get(name) == value for name, value in expected.items()) or not self._reader.is_alive()

        with self.changed:
            self.changed.wait_for(reached, WAIT_S)
        assert {name: self.lane.get(name) for name in expected} == expected, self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait: the exit status and what was written to stderr."""
        self.process.send_signal(number)
        with self.process:  # which closes its pipes
            assert self.process.stderr is not None
            stderr = self.process.stderr.read()
            self._reader.join(WAIT_S)
            return self.process.wait(WAIT_S), stderr


@pytest.fixture(scope="module")
def own_mysql() -> Iterator[Mysql]:
    """A server of this module's own: its lanes start at the oldest binlog, and other tests write what stops a lane."""
    with Mysql() as server:
        yield server


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, own_mysql: Mysql) -> Place:
    name = request.node.name.removeprefix("test_")[:20].strip("_")
    return Place(tmp_path, name, own_mysql)


def codes(result: subprocess.CompletedProcess[str]) -> set[str]:
    return {problem["code"] for problem in json.loads(result.stdout)["problems"]}


def test_check_asks_every_server_and_tells_all(place: Place) -> None:
    """A fit configuration passes; then each thing that is wrong is named, all at once, and exit status is 1."""
    assert place.ingest("check", str(place.config), "--connect").returncode == 0
    down = 'type = "elasticsearch"\nurls = ["http://127.0.0.1:1"]'
    place.write(table=f"{place.name}.order", sink=down, to='{ index = "a" }')
    result = place.ingest("check", str(place.config), "--connect", "--json")
    assert result.returncode == 1
    assert "rule.no_such_table" in codes(result)
    assert any(code.startswith(("sink.", "elasticsearch.")) for code in codes(result))
    place.write(fields="nothing_of_the_kind")
    result = place.ingest("check", str(place.config), "--connect", "--json")
    assert (result.returncode, codes(result)) == (1, {"rule.unknown_column"})


def test_check_names_a_wrong_password_and_missing_grants(place: Place) -> None:
    """The account's problems are the server's own, and the password isn't shown."""
    account(place.mysql, "cli_reader", "right-1")
    place.environment["CLI_PASSWORD"] = "wrong-1"
    place.write(user="cli_reader", password="CLI_PASSWORD")
    result = place.ingest("check", str(place.config), "--connect", "--json")
    assert (result.returncode, codes(result)) == (1, {"mysql.access_denied"})
    assert "wrong-1" not in result.stdout + result.stderr
    place.environment["CLI_PASSWORD"] = "right-1"
    result = place.ingest("check", str(place.config), "--connect")
    assert result.returncode == 1
    assert "REPLICATION SLAVE" in result.stderr
    assert "right-1" not in result.stdout + result.stderr


def test_a_run_that_cannot_begin_says_why(place: Place) -> None:
    """When no lane can run, nothing is started: the problem, exit status 1, and no traceback."""
    place.write(table=f"{place.name}.order")
    result = place.ingest("run", str(place.config))
    assert result.returncode == 1
    assert "error: there is no table" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def running(place: Place) -> Iterator[Foreground]:
    run = Foreground(place, "--trace-flow", f"table={place.name}.orders,key=7")
    yield run
    if run.process.poll() is None:
        run.process.kill()


def test_run_is_steered_from_elsewhere_and_drained_by_a_signal(place: Place, running: Foreground) -> None:
    """Seen and steered from another terminal; SIGTERM drains it and it exits 0; the next run goes on from there."""
    running.await_lane(state="running", applied=ROWS)

    plain = place.ingest("status")
    assert plain.returncode == 0, plain.stderr
    assert "lane shop/orders sink=out state=running" in plain.stdout
    assert place.json("status", place.name)["clusters"][0]["lanes"][0]["applied"] == ROWS

    wrong = place.ingest("pause", f"{place.name}/order")
    assert (wrong.returncode, "cli.no_such_lane" in wrong.stderr) == (2, True)
    again = place.ingest("run", str(place.config))
    assert (again.returncode, "run.already_running" in again.stderr) == (1, True)

    assert place.json("pause", f"{place.name}/orders")["done"] == "paused"
    running.await_lane(state="paused")
    assert place.json("resume", place.name)["lanes"] == ["orders"]
    running.await_lane(state="running")
    assert place.json("drain", f"{place.name}/orders")["done"] == "drained"
    running.await_lane(state="drained")

    code, stderr = running.end(signal.SIGTERM)
    assert code == 0, stderr
    traces = [line for line in stderr.splitlines() if '"event": "change"' in line]
    assert len(traces) == 1, stderr
    assert '"key": "7"' in traces[0]
    assert '"answer": "done"' in traces[0]
    assert place.ingest("status").returncode == 1

    place.insert(*range(2001, 2008))
    second = Foreground(place)
    second.await_lane(state="running", applied=7)
    code, stderr = second.end(signal.SIGINT)
    assert code == 0, stderr


def test_dead_letters_are_looked_at_retried_and_dropped(place: Place, elasticsearch: Elasticsearch) -> None:
    """From another terminal, with the configuration alone: what the index refuses is listed and shown, a retry brings
    the key to its newest version, a drop gives a row up; afterwards, with nothing running, a retry says so."""
    place.write(
        store=f"sqlite:///{place.config.parent}/ingest.db",
        sink=f'type = "elasticsearch"\nurls = ["{elasticsearch.url}"]',
        to=f'{{ index = "{place.name}", mapping = {{ properties = {{ amount = {{ type = "byte" }} }} }} }}',
        lane='on_poison = "dead_letter"',
    )
    config = str(place.config)
    running = Foreground(place)
    running.await_lane(state="running", applied=ROWS)
    change = f"UPDATE {place.name}.orders SET amount = %d WHERE id = 7"
    execute(place.mysql, change % 1000)
    running.await_lane(open_letters=1)
    execute(place.mysql, change % 5)
    running.await_lane(open_letters=2)

    found = [(one["key"], one["state"]) for one in place.json("dlq", "list", config)["letters"]]
    assert found == [("7", "poison"), ("7", "held")]
    assert place.json("dlq", "show", config, "1")["after"] == {"id": 7, "amount": 1000}
    assert "open_dead_letters=2" in place.ingest("status", place.name).stdout
    assert place.json("dlq", "retry", config, "--key", "7") == {"settled": 1, "superseded": 1, "refused": []}
    running.await_lane(open_letters=0)

    execute(place.mysql, change % 2000)
    running.await_lane(open_letters=1)
    refused = place.ingest("dlq", "retry", config, "--all")
    assert (refused.returncode, "1 are poison again" in refused.stdout) == (1, True)
    dropped = place.ingest("dlq", "drop", config, "--all", "--yes")
    assert (dropped.returncode, dropped.stdout) == (0, "dropped 1 dead letters\n")
    assert '"key": "7"' in dropped.stderr
    running.await_lane(open_letters=0)

    code, stderr = running.end()
    assert code == 0, stderr
    nothing = place.ingest("dlq", "retry", config, "--all")
    assert (nothing.returncode, "run.not_found" in nothing.stderr) == (1, True)


def test_a_traced_key_is_followed_from_the_binlog_to_the_answer(place: Place) -> None:
    """Each change of the key, and of no other, is told: GTID, images, what became of it, the sink's answer, and why an
    update deleted."""
    place.write(store=f"sqlite:///{place.config.parent}/ingest.db", where="amount > 0")
    running = Foreground(place, "--trace-flow", f"table={place.name}.orders,key=7")
    try:
        running.await_lane(state="running", applied=ROWS)
        execute(place.mysql, f"UPDATE {place.name}.orders SET amount = 5 WHERE id IN (7, 8)")
        execute(place.mysql, f"UPDATE {place.name}.orders SET amount = 0 WHERE id IN (7, 8)")
        execute(place.mysql, f"DELETE FROM {place.name}.orders WHERE id IN (7, 8)")
        running.await_lane(applied=ROWS + 6)
    finally:
        code, stderr = running.end()
    assert code == 0, stderr
    lines = [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "change"]
    assert {line["key"] for line in told} == {"7"}
    assert [(line["kind"], line.get("operation"), line.get("cause"), line["answer"]) for line in told] == [
        ("insert", "write", None, "done"),
        ("update", "write", None, "done"),
        ("update", "delete", "outside_filter", "done"),
        ("delete", None, None, "dropped"),
    ]
    assert json.loads(told[1]["before"]) == {"id": 7, "amount": 1}
    assert json.loads(told[1]["document"]) == {"id": 7, "amount": 5}
    assert len({line["gtid"] for line in told}) == 4


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[LocalRay]:
    """A Ray cluster that belongs to nobody's run."""
    ray = LocalRay()
    ray.start()
    yield ray
    ray.close()


def on_cluster(place: Place, ray: LocalRay) -> tuple[str, str]:
    """Give the place's commands the cluster's token; its dashboard's URL and its address."""
    assert ray.address is not None
    place.environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": ray.address.token_path}
    return ray.address.dashboard_url, ray.address.address


def test_submit_outlives_its_job_until_it_is_stopped(place: Place, ray_cluster: LocalRay) -> None:
    """The job ends, the supervisors stay and work; status and stop find them on the cluster."""
    dashboard, cluster = on_cluster(place, ray_cluster)
    submitted = place.json("submit", str(place.config), "--address", dashboard, "--python", sys.executable)
    assert submitted["name"] == place.name

    def lane() -> dict[str, Any]:
        found: dict[str, Any] = place.json("status", "--address", cluster)["clusters"][0]["lanes"][0]
        return found

    deadline_s = time.monotonic() + WAIT_S
    while lane()["applied"] < ROWS and time.monotonic() < deadline_s:
        time.sleep(1)
    place.insert(1001)
    assert lane()["state"] == "running"
    assert place.json("drain", place.name, "--address", cluster)["done"] == "drained"
    assert ROWS <= lane()["applied"] <= ROWS + 1
    assert place.json("stop", place.name, "--address", cluster)["done"] == "stopped"
    gone = place.ingest("status", place.name, "--address", cluster)
    assert (gone.returncode, "cli.no_such_ingest" in gone.stderr) == (2, True)


def test_submit_refuses_what_cannot_work_on_a_cluster(place: Place, ray_cluster: LocalRay) -> None:
    """A dashboard that isn't there, a store in the job's own directory, a lane that can't start: each says so."""
    dashboard, cluster = on_cluster(place, ray_cluster)
    nowhere = place.ingest("submit", str(place.config), "--address", "http://127.0.0.1:1")
    assert (nowhere.returncode, "run.cant_submit" in nowhere.stderr) == (1, True)
    place.write(store="sqlite:///relative.db")
    local = place.ingest("submit", str(place.config), "--address", dashboard)
    assert (local.returncode, "config.store_is_local" in local.stderr) == (2, True)
    place.write(store=f"sqlite:///{place.config.parent}/other.db", user="nobody_at_all")
    failed = place.ingest("submit", str(place.config), "--address", dashboard, "--python", sys.executable)
    assert (failed.returncode, "run.job_failed" in failed.stderr) == (1, True)
    assert "nobody_at_all" in failed.stderr
    assert place.ingest("stop", place.name, "--address", cluster).returncode == 0
