"""All that a run works on: real servers, proxies before them, the product, the writer, the watcher; started on loopback,
and ended in whatever way the run ends.

The product reaches every server through a proxy; the tests reach it directly, so that they see what is so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Self

from actors.parts.store import store_of
from actors.stack import Elasticsearch, Hbase, Mysql
from actors.stack.server import start_all
from ingest.binlog.gtid import GtidSet
from ingest.config.load import load
from ingest.config.model import Config
from tests.chaos.disruption import Unexpected
from tests.chaos.product import Product
from tests.chaos.watcher import Watcher
from tests.chaos.writer import Writer
from tests.kit.tcp_proxy import TcpProxy

SEARCH, ARCHIVE = LANES = ("search", "archive")
NAME = "chaos"
PATIENCE_S = 240.0
LOOK_S = 0.1
STORE_SIZE = "12m"
LARGE_ROWS = 2_000
"""Transactions of more rows take the archive's lane aside; the writer's own are far below."""

CONFIG = """\
name = "{name}"
[checkpoint]
store = "sqlite:///{store}/store.db"
[clusters.main]
hosts = [{hosts}]
user = "root"
tls = {{ mode = "disabled" }}
heartbeat_ms = 1000
read_timeout_ms = 10000
[sinks.elasticsearch]
type = "elasticsearch"
urls = ["{elasticsearch}"]
request_timeout_ms = 10000
[sinks.hbase]
type = "hbase"
host = "127.0.0.1"
port = {thrift}
timeout_ms = 10000
[lanes.search]
cluster = "main"
sink = "elasticsearch"
on_poison = "dead_letter"
on_gap = "resnapshot"
[[lanes.search.rules]]
tables = ["chaos.counters", "chaos.orders", "chaos.items", "chaos.markers", "chaos.bulk"]
to = {{ index = "chaos-{{table}}", settings = {{ number_of_replicas = 0, refresh_interval = "5s" }} }}
[[lanes.search.rules]]
tables = ["chaos.oddities"]
to = {{ index = "chaos-oddities", settings = {{ number_of_replicas = 0 }}, mapping = {{ properties = {{ size = {{ type = "long" }} }} }} }}
[lanes.archive]
cluster = "main"
sink = "hbase"
[lanes.archive.large_transactions]
policy = "slow-lane"
rows = {large}
[[lanes.archive.rules]]
tables = ["chaos.*"]
to = {{ table = "chaos_{{table}}", family = "d", create = true, row_key = "{{salt:4}}-{{key}}" }}
"""

ELASTICSEARCH_SETTINGS = {
    "indexing_pressure.memory.limit": "12mb",
    "thread_pool.write.size": "1",
    "thread_pool.write.queue_size": "16",
}
"""Small bounds, so that a few clients reach them."""


class World:
    """See the module. ``servers``: how many MySQL servers, the first of them the source of the others. ``keep_log``: where
    what the product said is kept."""

    def __init__(
        self,
        seed: int,
        changes_per_s: float,
        say: Callable[[str], None],
        servers: int = 1,
        keep_log: Path | None = None,
    ) -> None:
        self.say = say
        self._keep_log = keep_log
        self._seed, self._changes_per_s = seed, changes_per_s
        self._exits = ExitStack()
        self.directory = Path(tempfile.mkdtemp(prefix="ingest-chaos-"))
        self.mysqls = [
            Mysql("9", server_id=number + 1, options={"log-replica-updates": "ON"}) for number in range(servers)
        ]
        self.primary = self.mysqls[0]
        self.elasticsearch = Elasticsearch(quick=True, extra_settings=ELASTICSEARCH_SETTINGS)
        self.hbase = Hbase(quick=True)
        self.store_is_small = False

    # --- its life

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say("ending everything")
        if self._keep_log is not None and (self.directory / "product.log").exists():
            shutil.copy(self.directory / "product.log", self._keep_log)
        self._exits.close()

    def _start(self) -> None:
        self._exits.callback(subprocess.run, ["rm", "-rf", str(self.directory)], check=False)
        self.store = self._exits.enter_context(small_disk(self.directory / "store"))
        self.store_is_small = os.path.ismount(self.store)
        servers = [*self.mysqls, self.elasticsearch, self.hbase]
        for server in servers:
            self._exits.callback(server.close)
        self.say("starting MySQL, Elasticsearch and HBase")
        start_all(list(servers))
        addresses = {SEARCH: self.elasticsearch.port, ARCHIVE: self.hbase.thrift_port}
        self.sink_proxies = {lane: self._proxy(port) for lane, port in addresses.items()}
        self.mysql_proxies = [self._proxy(server.port) for server in self.mysqls]
        hosts = [f"127.0.0.1:{proxy.port}" for proxy in self.mysql_proxies]
        elasticsearch, thrift = (self.sink_proxies[lane].port for lane in LANES)
        text = self._text(hosts, f"http://127.0.0.1:{elasticsearch}", thrift)
        config_file = self.directory / "chaos.toml"
        config_file.write_text(text, encoding="utf-8")
        self.checkpoints = store_of(self.config)
        self._exits.callback(self.checkpoints.close)
        for replica in self.mysqls[1:]:
            self.follow(replica, self.primary)
        self.writer = Writer(self.connect, self._seed, self._changes_per_s)
        self.writer.prepare()
        self.product = Product(config_file, NAME, self.directory)
        self._exits.callback(self.product.close)
        self.watcher = Watcher(self.elasticsearch, self.hbase, self.writer.truth)
        self.say("starting the product")
        self.product.start()
        self.until_running()
        self._exits.callback(self.watcher.stop)
        self._exits.callback(self.writer.stop)
        self.watcher.start()
        self.writer.start()
        # An HBase master that is killed while its first table is being made may never make another one.
        self.until(lambda: self.watcher.has_seen_all, "both sinks show rows")

    def _proxy(self, port: int) -> TcpProxy:
        return self._exits.enter_context(TcpProxy(("127.0.0.1", port)))

    def _text(self, hosts: list[str], elasticsearch: str, thrift: int) -> str:
        quoted = ", ".join(f'"{host}"' for host in hosts)
        return CONFIG.format(
            name=NAME, store=self.store, hosts=quoted, elasticsearch=elasticsearch, thrift=thrift, large=LARGE_ROWS
        )

    @property
    def config(self) -> Config:
        """The product's configuration, but straight to the servers."""
        text = self._text([self.primary.address], self.elasticsearch.url, self.hbase.thrift_port)
        return load(text, syntax="toml", origin="direct")

    # --- MySQL

    def connect(self, **arguments: Any) -> Any:
        """A connection to the server that takes writes."""
        return self.primary.connect(connect_timeout=3, **arguments)

    def sql(self, *statements: str, server: Mysql | None = None) -> Any:
        """Run statements on a server (by default on the one that takes writes); the last one's rows."""
        with (server or self.primary).connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def executed(self, server: Mysql | None = None) -> str:
        """gtid_executed, by default of the server that takes writes."""
        return str(self.sql("SELECT @@GLOBAL.gtid_executed", server=server)[0][0]).replace("\n", "")

    def has(self, executed: str, server: Mysql) -> bool:
        """Does a server have the set?"""
        return GtidSet.parse(executed).issubset(GtidSet.parse(self.executed(server)))

    def follow(self, replica: Mysql, source: Mysql) -> None:
        """Make a server a read-only replica of another."""
        place = f"SOURCE_HOST = '{source.host}', SOURCE_PORT = {source.port}, SOURCE_USER = 'root'"
        self.sql(
            "STOP REPLICA",
            f"CHANGE REPLICATION SOURCE TO {place}, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1,"
            " GET_SOURCE_PUBLIC_KEY = 1",
            "START REPLICA",
            "SET GLOBAL super_read_only = ON",
            server=replica,
        )

    @property
    def mysql_proxy(self) -> TcpProxy:
        """The proxy before the server that takes writes."""
        return self.mysql_proxies[self.mysqls.index(self.primary)]

    # --- the product

    def wait(self, seconds: float) -> None:
        """Let time pass: the disruption lasts."""
        time.sleep(seconds)

    def until(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait. ``Unexpected`` with what the product says when it doesn't come to pass."""
        deadline_s = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise Unexpected(f"not within {patience_s:.0f} s: {what}; {self.states()}")
            time.sleep(LOOK_S)

    def until_running(self) -> None:
        """Every lane runs, and says so now."""
        self.until(lambda: all(self._state(lane) == "running" for lane in LANES), "every lane runs")

    def until_running_or(self, mend: Callable[[], None]) -> None:
        """Every lane runs; ``mend`` is done again and again while one is stopped."""

        def running() -> bool:
            if any(self._state(lane) == "stopped" for lane in LANES):
                mend()
            return all(self._state(lane) == "running" for lane in LANES)

        self.until(running, "every lane runs")

    def problem_of(self, lane: str) -> str:
        """What a lane says of its problem now, "" when nothing."""
        return str(self.status_of(lane).get("problem", ""))

    def claimed_elsewhere(self, lane: str, epoch: int) -> bool:
        """Is a later epoch the lane's, by another process than the product's supervisor?"""
        claimant = self.checkpoints.claimant(lane)
        mine = (self.product.status(60) or {}).get("supervisor") or {}
        return claimant is not None and claimant.pid != mine.get("pid") and not self.checkpoints.holds(lane, epoch)

    def until_stopped(self, lane: str, *words: str) -> None:
        """The lane stops, and its problem names these words."""
        self.until(lambda: self._state(lane) == "stopped", f"{lane} stops", 60)
        problem = self.status_of(lane)["problem"]
        missing = [word for word in words if word not in problem]
        if missing:
            raise Unexpected(f"{lane} stopped, but its problem doesn't say {missing}: {problem}")

    def status_of(self, lane: str) -> Mapping[str, Any]:
        """A lane as the newest status has it; empty when there is none."""
        status = self.product.status()
        return {} if status is None else next(one for one in status["lanes"] if one["lane"] == lane)

    def holds(self, lane: str, executed: str) -> bool:
        """Does the lane's durable frontier hold the set?"""
        record = self.checkpoints.latest(lane)
        return record is not None and GtidSet.parse(executed).issubset(GtidSet.parse(record.frontier.executed))

    def purged(self, newest: str, server: Mysql) -> bool:
        """Purge all binlogs before the newest; False while a reader still uses one of them."""
        self.sql(f"PURGE BINARY LOGS TO '{newest}'", server=server)
        return bool(self.sql("SHOW BINARY LOGS", server=server)[0][0] == newest)

    def _state(self, lane: str) -> str:
        return str(self.status_of(lane).get("state", "no status"))

    def states(self) -> str:
        """What the product says of itself, for people."""
        lanes = {lane: self.product.lane(lane) for lane in LANES}
        known = [
            f"{lane} {one['state']} (epoch {one['epoch']}): {one['problem']}" for lane, one in lanes.items() if one
        ]
        fresh = "now" if self.product.status() else "a while ago"
        return f"the product says {fresh}: " + ("; ".join(known) or "nothing")

    def resume(self, *lanes: str) -> None:
        """What an operator does once the problem is mended. (When every lane had stopped the product has ended, and it is
        being started again: that resumes them too.)"""
        for lane in lanes:
            self.product.command("resume", f"{NAME}/{lane}", may_fail=True)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of some megabytes, for root; else a directory."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={STORE_SIZE}", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield place
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=False)
