"""What a server says of itself, as one value: gathered by ``actors/drivers/mysql/preflight.py``, judged here."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet
from ingest.mysql.grants import Grants
from ingest.mysql.server_version import ServerVersion


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica that is registered at the server now. ``uuid`` in lower case, "" when it has none."""

    server_id: int
    uuid: str
    host: str

    def __str__(self) -> str:
        return f"{self.uuid or 'without UUID'} on {self.host or 'a host without a name'}"


@dataclass(frozen=True, slots=True)
class ReplicaChannel:
    """One row of SHOW REPLICA STATUS: the source's server_uuid in lower case ("" when it never connected), and whether its
    receiver or its applier runs."""

    source_uuid: str
    running: bool


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server, at one moment. Settings are as @@GLOBAL shows them, in upper case; "" where the version has none.

    ``replicas`` and ``replicating`` (it is a replica itself) and the binlog filters are None where the account may not
    ask; ``channels`` is empty then. ``account``: user and host of the row in mysql.user that let us in.
    """

    host: str
    version: ServerVersion
    server_id: int
    server_uuid: str
    log_bin: bool
    log_replica_updates: bool
    gtid_mode: str
    binlog_format: str
    row_image: str
    row_metadata: str
    row_value_options: str
    transaction_compression: bool
    executed: GtidSet
    purged: GtidSet
    read_only: bool
    time_zone: str
    lower_case_table_names: int
    binlog_expire_s: int
    encrypted: bool
    account: tuple[str, str]
    grants: Grants
    replicas: tuple[Replica, ...] | None = None
    replicating: bool | None = None
    binlog_do_db: tuple[str, ...] | None = None
    binlog_ignore_db: tuple[str, ...] | None = None
    super_read_only: bool = False
    channels: tuple[ReplicaChannel, ...] = ()
