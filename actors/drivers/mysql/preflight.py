"""Ask a server what it is and what our account may do. ``ingest.mysql.judgement`` says what is wrong with it."""

from __future__ import annotations

from actors.drivers.mysql.session import Session
from ingest.binlog.gtid import GtidSet
from ingest.mysql.facts import Replica, ReplicaChannel, ServerFacts
from ingest.mysql.grants import Grants, parse_grants
from ingest.mysql.judgement import unsupported
from ingest.mysql.replies import GRANT_MISSING
from ingest.mysql.server_version import ServerVersion, parse_server_version
from ingest.problems import DataProblem

_VARIABLES = (
    "server_id",
    "server_uuid",
    "log_bin",
    "log_slave_updates",
    "log_replica_updates",
    "gtid_mode",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "binlog_row_value_options",
    "binlog_transaction_compression",
    "read_only",
    "super_read_only",
    "time_zone",
    "lower_case_table_names",
    "expire_logs_days",
    "binlog_expire_logs_seconds",
)
_DAY_S = 86_400


def gather_facts(session: Session) -> ServerFacts:
    """Everything in ``ServerFacts``. DataProblem mysql.unsupported for a server that isn't MySQL 5.6 or newer;
    WorldProblem when the connection breaks. What the account may not ask is None."""
    version = parse_server_version(session.server_version)
    problem = unsupported(version, str(session.endpoint))
    if problem is not None:
        raise problem
    names = ", ".join(f"'{name}'" for name in _VARIABLES)
    settings = {
        row["variable_name"].lower(): row["value"]
        for row in session.show(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")
    }
    # Asked for directly: SHOW VARIABLES of 5.6 cuts values at 1024 characters.
    ((executed, purged, account),) = session.query(
        "SELECT @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged, CURRENT_USER()"
    )
    user, _, host = str(account).rpartition("@")
    fold = settings.get("lower_case_table_names", "0") != "0"
    filters = _if_allowed(session, "SHOW BINARY LOG STATUS" if version.at_least(8, 2) else "SHOW MASTER STATUS")
    replication = _if_allowed(session, "SHOW REPLICA STATUS" if version.at_least(8, 0, 22) else "SHOW SLAVE STATUS")
    return ServerFacts(
        host=str(session.endpoint),
        version=version,
        server_id=int(settings["server_id"]),
        server_uuid=settings["server_uuid"],
        log_bin=_is_on(settings, "log_bin"),
        log_replica_updates=_is_on(settings, "log_replica_updates") or _is_on(settings, "log_slave_updates"),
        gtid_mode=settings.get("gtid_mode", "").upper(),
        binlog_format=settings["binlog_format"].upper(),
        row_image=settings["binlog_row_image"].upper(),
        row_metadata=settings.get("binlog_row_metadata", "").upper(),
        row_value_options=settings.get("binlog_row_value_options", "").upper(),
        transaction_compression=_is_on(settings, "binlog_transaction_compression"),
        executed=GtidSet.parse(str(executed)),
        purged=GtidSet.parse(str(purged)),
        read_only=_is_on(settings, "read_only"),
        time_zone=settings["time_zone"],
        lower_case_table_names=int(settings["lower_case_table_names"]),
        binlog_expire_s=_expire_s(settings),
        encrypted=session.encrypted,
        account=(user, host),
        grants=_grants(session, version, fold),
        replicas=_replicas_if_allowed(session),
        replicating=None if replication is None else bool(replication),
        binlog_do_db=_databases(filters, "binlog_do_db"),
        binlog_ignore_db=_databases(filters, "binlog_ignore_db"),
        super_read_only=_is_on(settings, "super_read_only"),
        channels=tuple(_channel(row) for row in replication or ()),
    )


def registered_replicas(session: Session) -> list[Replica]:
    """The replicas that are registered at the server now. DataProblem mysql.grant_missing without REPLICATION SLAVE."""
    version = parse_server_version(session.server_version)
    return [
        Replica(int(row["server_id"]), row.get("replica_uuid", row.get("slave_uuid", "")).lower(), row["host"])
        for row in session.show("SHOW REPLICAS" if version.at_least(8, 0, 22) else "SHOW SLAVE HOSTS")
    ]


def _replicas_if_allowed(session: Session) -> tuple[Replica, ...] | None:
    try:
        return tuple(registered_replicas(session))
    except DataProblem as problem:
        if problem.code is not GRANT_MISSING:
            raise
        return None


def _if_allowed(session: Session, statement: str) -> list[dict[str, str]] | None:
    try:
        return session.show(statement)
    except DataProblem as problem:
        if problem.code is not GRANT_MISSING:
            raise
        return None


def _grants(session: Session, version: ServerVersion, fold: bool) -> Grants:
    """The privileges in force: those of the account and of its active roles (8.0 and newer)."""
    roles, using = "NONE", ""
    if version.at_least(8, 0):
        ((role_names,),) = session.query("SELECT CURRENT_ROLE()")
        roles = str(role_names)
        using = "" if roles == "NONE" else f" FOR CURRENT_USER() USING {roles}"
    lines = [str(row[0]) for row in session.query(f"SHOW GRANTS{using}")]
    return parse_grants(lines, version, roles, fold)


def _channel(row: dict[str, str]) -> ReplicaChannel:
    """Columns say ``source`` and ``replica`` since 8.0.22."""
    uuid = row.get("source_uuid", row.get("master_uuid", "")).lower()
    threads = [row.get(f"{name}_{thread}_running", "") for name in ("replica", "slave") for thread in ("io", "sql")]
    return ReplicaChannel(uuid, any(one not in ("", "No") for one in threads))


def _is_on(settings: dict[str, str], name: str) -> bool:
    return settings.get(name, "").upper() in ("ON", "1", "YES")


def _expire_s(settings: dict[str, str]) -> int:
    seconds = int(settings.get("binlog_expire_logs_seconds") or 0)
    return seconds or int(float(settings.get("expire_logs_days") or 0) * _DAY_S)


def _databases(rows: list[dict[str, str]] | None, column: str) -> tuple[str, ...] | None:
    if rows is None:
        return None
    return tuple(name for row in rows for name in row.get(column, "").split(",") if name)
