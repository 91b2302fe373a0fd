"""Three real MySQL servers that replicate: one is written to, any other may take its place."""

from __future__ import annotations

from typing import Any

from actors.stack import Mysql
from tests.kit.lab import PATIENCE_S, Lab

READ_ONLY = ("SET GLOBAL super_read_only = ON",)
WRITABLE = ("SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF")


class Trio:
    """See the module. ``primary`` is written to; the others are read-only replicas of it."""

    def __init__(self, servers: list[Mysql]) -> None:
        self.servers = servers
        self.primary = servers[0]
        for server in self.replicas:
            self.follow(server)

    @property
    def replicas(self) -> list[Mysql]:
        """All but the primary."""
        return [server for server in self.servers if server is not self.primary]

    @property
    def hosts(self) -> str:
        """For ``Lab.text(host=...)``, which stands between quotes."""
        return '", "'.join(server.address for server in self.servers)

    def ask(self, server: Mysql, *statements: str) -> Any:
        """Run statements on one server; the last one's rows."""
        with server.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def executed(self, server: Mysql) -> str:
        """Its gtid_executed."""
        return str(self.ask(server, "SELECT @@GLOBAL.gtid_executed")[0][0]).replace("\n", "")

    def follow(self, server: Mysql) -> None:
        """Make a server a replica of the primary."""
        self.ask(
            server, "STOP REPLICA", *WRITABLE,
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {self.primary.port},"
            " SOURCE_USER = 'root', SOURCE_PASSWORD = '', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1,"
            " SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400",
            "START REPLICA", *READ_ONLY,
        )  # fmt: skip

    def await_replicas(self) -> None:
        """Until every replica has what the primary has."""
        wanted = self.executed(self.primary)
        for server in self.replicas:
            if server.is_alive:
                ((late,),) = self.ask(server, f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{wanted}', {PATIENCE_S:g})")
                assert late == 0, f"{server.address} didn't catch up"

    def promote(self, server: Mysql, lab: Lab) -> None:
        """Let another server be the primary; those that live follow it, and ``lab`` writes to it."""
        old, self.primary = self.primary, server
        if old.is_alive:
            self.ask(old, *READ_ONLY)
        self.ask(server, "STOP REPLICA", "RESET REPLICA ALL", *WRITABLE)
        for other in self.replicas:
            if other.is_alive:
                self.follow(other)
        self.attach(lab)

    def attach(self, lab: Lab) -> None:
        """Let ``lab`` write to the primary."""
        lab.mysql, lab.connection = self.primary, self.primary.connect()
        lab.sql(f"USE {lab.name}")
