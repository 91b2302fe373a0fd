"""A real HBase (master, region server and ZooKeeper in one JVM, on the local file system) and its Thrift 1 server.

The Thrift server is a process of its own that can be stopped, killed and started alone. Jars come from Maven; the
Thrift server's is of a slightly older version than the rest, being the newest one published, without the old
dependencies that it declares. JDK 17 to 23: Hadoop fails on 24 and later.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import escape

from actors.stack.cache import Cache, Progress, silent
from actors.stack.download import MavenDependency, maven_jars
from actors.stack.java import find_jdk
from actors.stack.process import Launch
from actors.stack.server import NotReady, Server, plain_environment
from ingest.problems import WorldProblem, declare

NO_USER_NAME = declare(
    "stack.no_user_name",
    "HBase can't run under a user id without a name",
    "add a line for the uid to /etc/passwd, or run as another user",
)
VERSION = "2.6.4-hadoop3"
THRIFT_SERVER_VERSION = "2.6.1"
LIBTHRIFT_VERSION = "0.14.1"
LOG4J_VERSION = "2.17.2"
HBASE_MODULES = (
    "server",
    "client",
    "common",
    "zookeeper",
    "http",
    "hadoop-compat",
    "hadoop2-compat",
    "asyncfs",
)
OTHER_LOGGERS = (
    "ch.qos.reload4j:reload4j",
    "org.slf4j:slf4j-reload4j",
    "log4j:log4j",
    "org.slf4j:slf4j-log4j12",
)
UNUSED_NETTY = ("io.netty:netty-all", "io.netty:netty-transport-native-epoll")
LOWEST_JDK, HIGHEST_JDK = 17, 23
INITIALISED = "Master has completed initialization"
PACKAGES_TO_OPEN = (
    "java.nio",
    "sun.nio.ch",
    "java.lang",
    "jdk.internal.ref",
    "java.lang.reflect",
    "java.util",
    "java.util.concurrent",
    "java.net",
)
JVM_OPTIONS = (
    "--add-modules=jdk.unsupported",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in PACKAGES_TO_OPEN),
    "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
    "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Djava.net.preferIPv4Stack=true",
    "-Djava.security.egd=file:/dev/./urandom",
    "-Dorg.apache.hbase.thirdparty.io.netty.tryReflectionSetAccessible=true",
)
LOG4J_PROPERTIES = """\
status=warn
name=hbase
appender.f.type=RollingFile
appender.f.name=F
appender.f.fileName=${sys:hbase.log}
appender.f.filePattern=${sys:hbase.log}.%i
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d{ISO8601} %-5p [%t] %c{2}: %m%n
appender.f.policies.type=Policies
appender.f.policies.size.type=SizeBasedTriggeringPolicy
appender.f.policies.size.size=50MB
appender.f.strategy.type=DefaultRolloverStrategy
appender.f.strategy.max=2
rootLogger.level=info
rootLogger.appenderRef.f.ref=F
logger.zk.name=org.apache.zookeeper
logger.zk.level=warn
"""
MASTER, THRIFT = "hbase", "thrift"
MASTER_CLASS = "org.apache.hadoop.hbase.master.HMaster"
THRIFT_CLASS = "org.apache.hadoop.hbase.thrift.ThriftServer"


def _dependencies() -> list[MavenDependency]:
    exclude = (*OTHER_LOGGERS, *UNUSED_NETTY)
    hbase = [MavenDependency("org.apache.hbase", f"hbase-{m}", VERSION, exclude) for m in (*HBASE_MODULES, "logging")]
    log4j = [
        MavenDependency("org.apache.logging.log4j", artifact, LOG4J_VERSION)
        for artifact in ("log4j-slf4j-impl", "log4j-core", "log4j-api", "log4j-1.2-api")
    ]
    thrift = [
        MavenDependency("org.apache.hbase", "hbase-thrift", THRIFT_SERVER_VERSION, ("*:*",)),
        MavenDependency("org.apache.thrift", "libthrift", LIBTHRIFT_VERSION, ("*:*",)),
    ]
    return [*hbase, *thrift, *log4j]


class Hbase(Server):
    """A standalone HBase with a Thrift 1 server (buffered transport, binary protocol).

    heap, thrift_heap: of the two JVMs. quick: for functional tests (no C2 compiler: starts with half the CPU, runs
    slower). extra_settings: properties for hbase-site.xml.
    """

    port_count: ClassVar[int] = 4

    def __init__(
        self,
        *,
        heap: str = "1g",
        thrift_heap: str = "512m",
        quick: bool = False,
        extra_settings: Mapping[str, str] | None = None,
        cache: Cache | None = None,
        progress: Progress = silent,
    ) -> None:
        super().__init__("hbase", cache=cache, progress=progress)
        self.heap = heap
        self.thrift_heap = thrift_heap
        self.quick = quick
        self.extra_settings = dict(extra_settings or {})
        self._jars: Path | None = None
        self._jdk: Path | None = None

    @property
    def thrift_host(self) -> str:
        """Where the Thrift server listens."""
        return self.host

    @property
    def thrift_port(self) -> int:
        """The Thrift server's port."""
        return self.port

    def endpoint(self) -> Mapping[str, str]:
        """``host`` and ``port`` of the Thrift server, ``version``."""
        return {
            "host": self.thrift_host,
            "port": str(self.thrift_port),
            "version": VERSION,
        }

    def stop_thrift(self) -> None:
        """End the Thrift server alone, in good order."""
        self._end_process(THRIFT, self.stop_timeout_s)

    def kill_thrift(self) -> None:
        """SIGKILL the Thrift server alone."""
        self._end_process(THRIFT, 0)

    def kill_region_server(self) -> None:
        """SIGKILL the process of master, region server and ZooKeeper alone; ``start`` then starts all anew."""
        self._end_process(MASTER, 0)

    def start_thrift(self) -> None:
        """Start the Thrift server again, at the same address, and wait until it answers."""
        with self._life:
            if not self._is_running(THRIFT):
                self._launch_thrift()
                self._note_owner()
                self._await_ready(self._probe_thrift)

    # --- inside

    def _install(self) -> None:
        try:
            pwd.getpwuid(os.getuid())
        except KeyError:
            raise WorldProblem(NO_USER_NAME, f"uid {os.getuid()} has no name, and Hadoop needs one") from None
        self._jdk = find_jdk("HBase", LOWEST_JDK, HIGHEST_JDK)
        self._jars = self.cache.ensure(f"hbase-{VERSION}", self._fetch_jars, self.progress)

    def _fetch_jars(self, folder: Path) -> None:
        self.progress(f"{self.name}: fetching HBase {VERSION} with Maven (some 130 MB)")
        maven_jars(self._client(folder), _dependencies(), folder)
        shutil.rmtree(folder / "m2")
        (folder / "pom.xml").unlink()

    def _site(self) -> dict[str, str]:
        thrift, zookeeper, master, region_server = (str(port) for port in self.ports)
        return {
            "hbase.cluster.distributed": "false",
            "hbase.rootdir": f"file://{self.directory / 'data'}",
            "hbase.tmp.dir": str(self.directory / "tmp"),
            "hbase.unsafe.stream.capability.enforce": "false",  # the local file system can't hflush
            "hbase.wal.provider": "filesystem",
            "hbase.zookeeper.quorum": self.host,
            "hbase.zookeeper.property.clientPort": zookeeper,
            "hbase.zookeeper.property.dataDir": str(self.directory / "zookeeper"),
            "hbase.master.ipc.address": self.host,
            "hbase.master.hostname": "localhost",
            "hbase.master.port": master,
            "hbase.regionserver.ipc.address": self.host,
            "hbase.regionserver.hostname": "localhost",
            "hbase.regionserver.port": region_server,
            "hbase.master.info.port": "-1",
            "hbase.regionserver.info.port": "-1",
            "hbase.thrift.info.port": "-1",
            "hbase.regionserver.thrift.ipaddress": self.host,
            "hbase.regionserver.thrift.port": thrift,
            "hbase.master.logcleaner.ttl": "60000",  # ms; by default old logs fill the disk
            "hbase.master.hfilecleaner.ttl": "60000",
            "hbase.regionserver.msginterval": "300",  # ms; by default the start waits 3 s for the first report
            "hbase.master.wait.on.regionservers.mintostart": "1",  # there is one: don't wait for more
            "hbase.master.wait.on.regionservers.maxtostart": "1",
            "hbase.master.wait.on.regionservers.interval": "100",
            "zookeeper.session.timeout.localHBaseCluster": "60000",  # ms; by default 10 s of a stalled machine end the server
            "hbase.zookeeper.property.tickTime": "3000",  # ms; sessions last 20 ticks at most
            "zookeeper.recovery.retry": "1",  # its ZooKeeper ends first: by default the end waits 20 s for it
            "zookeeper.recovery.retry.intervalmill": "100",
            **self.extra_settings,
        }

    def _configure(self) -> None:
        if self._prepared:
            return
        for name in ("data", "zookeeper", "tmp", "conf"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
            (self.directory / name).mkdir()
        properties = "".join(
            f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
            for name, value in self._site().items()
        )
        site = f'<?xml version="1.0"?>\n<configuration>\n{properties}</configuration>\n'
        (self.directory / "conf" / "hbase-site.xml").write_text(site, encoding="utf-8")
        (self.directory / "conf" / "log4j2.properties").write_text(LOG4J_PROPERTIES, encoding="utf-8")

    def _launch(self) -> None:
        self._log(MASTER).unlink(missing_ok=True)  # readiness is read from it
        # ZooKeeper's data are the sessions of a life that may have been killed: nothing else of it is kept there.
        zookeeper = self.directory / "zookeeper"
        shutil.rmtree(zookeeper, ignore_errors=True)
        zookeeper.mkdir()
        self._java(
            MASTER,
            ["-Xms256m", f"-Xmx{self.heap}"],
            [MASTER_CLASS, "start"],
        )
        self._launch_thrift()

    def _launch_thrift(self) -> None:
        main = [
            THRIFT_CLASS,
            "-p",
            str(self.thrift_port),
            "-b",
            self.thrift_host,
            "start",
        ]
        self._java(THRIFT, ["-Xms64m", f"-Xmx{self.thrift_heap}"], main)

    def _log(self, process: str) -> Path:
        return self.directory / "logs" / f"{process}.log"

    def _java(self, process: str, options: list[str], main: list[str]) -> None:
        conf = self.directory / "conf"
        own = [
            f"-Dhbase.log={self._log(process)}",
            f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",
        ]
        classpath = f"{conf}:{self._jars}/*"
        speed = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if self.quick else ["-XX:+UseG1GC"]
        argv = [
            f"{self._jdk}/bin/java",
            *JVM_OPTIONS,
            *speed,
            *options,
            *own,
            "-cp",
            classpath,
            *main,
        ]
        console = self.directory / "logs" / f"{process}-console.log"
        environment = plain_environment(HOME=str(self.directory), HADOOP_HOME=str(self.directory))
        self._spawn(process, Launch(argv, self.directory, console, environment))

    def _probe(self) -> None:
        """GetTableNames answers before the master is initialised, so the log is asked too."""
        if INITIALISED not in self._log(MASTER).read_text(encoding="utf-8", errors="replace"):
            raise NotReady("the master is not initialised")
        self._probe_thrift()

    def _probe_thrift(self) -> None:
        if not answers_thrift(self.thrift_host, self.thrift_port):
            raise NotReady("the Thrift server doesn't answer")


def answers_thrift(host: str, port: int, timeout_s: float = 20.0) -> bool:
    """Whether a Thrift 1 server answers getTableNames with a list (binary protocol, strict; thrift-binary-protocol.md)."""
    name, call, reply, success_list = b"getTableNames", 1, 2, b"\x0f\x00\x00"
    message = struct.pack(">II", 0x80010000 | call, len(name)) + name + struct.pack(">I", 1) + b"\x00"
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(message)
        answer = b""
        while len(answer) < len(message) + 2:
            chunk = connection.recv(4096)
            if not chunk:
                return False
            answer += chunk
    header = struct.pack(">II", 0x80010000 | reply, len(name)) + name + struct.pack(">I", 1)
    return answer.startswith(header + success_list)
