"""A server's facts against what the lanes need: every problem at once, each with the statement that mends it.

Pure, so that every bad server is a value in a test. Called by ``ingest check --connect`` and at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.binlog.gtid import GtidSet
from ingest.mysql.facts import Replica, ServerFacts
from ingest.mysql.identity import ReplicaIdentity
from ingest.mysql.replies import (
    FRONTIER_AHEAD,
    GRANT_MISSING,
    GTID_MODE_OFF,
    LOG_BIN_OFF,
    PURGED,
    SERVER_ID_TAKEN,
)
from ingest.mysql.server_version import ServerVersion
from ingest.problems import DataProblem, Problem, declare
from ingest.rules.match import TablePattern, wildcard

UNSUPPORTED = declare(
    "mysql.unsupported",
    "This server can't be a source.",
    "Use MySQL 5.6 or newer (or what keeps its replication protocol, such as Percona Server or Aurora).",
)
BINLOG_FORMAT = declare(
    "mysql.binlog_format",
    "The server writes statements to its binlog instead of rows.",
    "SET GLOBAL binlog_format = 'ROW' (8.0: SET PERSIST), put binlog_format=ROW into its configuration, and let every"
    " client connect again: sessions keep the old format.",
)
ROW_IMAGE = declare(
    "mysql.row_image",
    "The server writes only a part of each row, and a rule needs the whole row.",
    "SET GLOBAL binlog_row_image = 'FULL' (8.0: SET PERSIST), and let every client connect again.",
)
PARTIAL_JSON = declare(
    "mysql.partial_json",
    "The server writes changes of JSON columns as differences, which can't be applied here.",
    "SET GLOBAL binlog_row_value_options = '' (8.0: SET PERSIST), and let every client connect again.",
)
REPLICA_UPDATES_OFF = declare(
    "mysql.replica_updates_off",
    "The server is a replica that doesn't write what it replicates to its own binlog.",
    "Start it with log_replica_updates=ON (before 8.0.26: log_slave_updates), or read from its source.",
)
BINLOG_FILTERED = declare(
    "mysql.binlog_filtered",
    "The server keeps databases that rules name out of its binlog.",
    "Take binlog-do-db and binlog-ignore-db out of the server's configuration, and restart it.",
)

_GTIDS_SHOWN = 600


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the lanes of a cluster need of a server.

    ``identity``: who we shall be as a replica; None when nothing will dump (a dry check). ``patterns``: the tables of
    all rules. ``frontiers``: lane -> the GTID set that it goes on from. ``whole_rows``: what needs full row images
    (rules by name), for the error. ``partial_json``: whether the decoder can apply JSON differences.
    """

    identity: ReplicaIdentity | None = None
    patterns: Sequence[TablePattern] = ()
    frontiers: Mapping[str, GtidSet] = field(default_factory=dict)
    whole_rows: Sequence[str] = ()
    partial_json: bool = False


def judge(facts: ServerFacts, needs: Requirements) -> list[Problem]:
    """Every problem of the server, the most fundamental first; [] when it can be the source of these lanes."""
    return list(_problems(facts, needs))


def _problems(facts: ServerFacts, needs: Requirements) -> Iterator[Problem]:
    yield from _unsupported(facts)
    yield from _binlog(facts, needs)
    yield from _grants(facts, needs)
    yield from _identity(facts, needs.identity)
    if facts.gtid_mode == "ON":
        for lane, frontier in sorted(needs.frontiers.items()):
            yield from _frontier(facts, lane, frontier)


def unsupported(version: ServerVersion, host: str) -> Problem | None:
    """The problem of a server that isn't MySQL 5.6 or newer; nothing else can be asked of it."""
    if version.mariadb:
        what = f"it is MariaDB ({version}), whose GTIDs and binlog events are another protocol"
    elif not version.at_least(5, 6):
        what = f"it is version {version}; GTIDs came with 5.6"
    else:
        return None
    return DataProblem(UNSUPPORTED, what, {"host": host})


def taken_identity(
    identity: ReplicaIdentity, server_id: int, replicas: Iterable[Replica], where: Mapping[str, object]
) -> Problem | None:
    """The problem of a server id that the source itself, or a replica of another UUID, has."""
    if server_id == identity.server_id:
        what = f"the server itself has server_id {server_id}"
        return DataProblem(SERVER_ID_TAKEN, what, where)
    for replica in replicas:
        if replica.server_id == identity.server_id and replica.uuid != identity.uuid:
            return DataProblem(SERVER_ID_TAKEN, f"replica {replica} has server_id {identity.server_id}", where)
    return None


def _unsupported(facts: ServerFacts) -> Iterator[Problem]:
    problem = unsupported(facts.version, facts.host)
    if problem is not None:
        yield problem


def _binlog(facts: ServerFacts, needs: Requirements) -> Iterator[Problem]:
    where = {"host": facts.host}
    if not facts.log_bin:
        yield DataProblem(LOG_BIN_OFF, "log_bin is OFF", where)
    if facts.gtid_mode != "ON":
        yield DataProblem(GTID_MODE_OFF, f"gtid_mode is {facts.gtid_mode or 'not there'}", where)
    if facts.replicating and not facts.log_replica_updates:
        yield DataProblem(REPLICA_UPDATES_OFF, "it is a replica, and log_replica_updates is OFF", where)
    if facts.binlog_format != "ROW":
        yield DataProblem(BINLOG_FORMAT, f"binlog_format is {facts.binlog_format}", where)
    if facts.row_image != "FULL" and needs.whole_rows:
        what = f"binlog_row_image is {facts.row_image}, and the whole row is needed by {', '.join(needs.whole_rows)}"
        yield DataProblem(ROW_IMAGE, what, where)
    if "PARTIAL_JSON" in facts.row_value_options and not needs.partial_json:
        yield DataProblem(PARTIAL_JSON, f"binlog_row_value_options is {facts.row_value_options}", where)
    yield from _filters(facts, needs)


def _filters(facts: ServerFacts, needs: Requirements) -> Iterator[Problem]:
    for pattern in needs.patterns:
        names = [name for name in facts.binlog_ignore_db or () if wildcard(pattern.database).fullmatch(name)]
        if facts.binlog_do_db and not any(name == pattern.database for name in facts.binlog_do_db):
            what = f"binlog-do-db lets only {', '.join(facts.binlog_do_db)} in, and a rule takes {pattern}"
            yield DataProblem(BINLOG_FILTERED, what, {"host": facts.host, "pattern": pattern})
        elif names and not facts.binlog_do_db:
            what = f"binlog-ignore-db keeps {', '.join(names)} out, and a rule takes {pattern}"
            yield DataProblem(BINLOG_FILTERED, what, {"host": facts.host, "pattern": pattern})


def _grants(facts: ServerFacts, needs: Requirements) -> Iterator[Problem]:
    for privilege in ("REPLICATION SLAVE", "REPLICATION CLIENT"):
        if not facts.grants.has(privilege):
            yield _missing_grant(facts, privilege, "*.*")
    scopes: set[str] = set()
    for pattern in needs.patterns:
        if not facts.grants.covers("SELECT", pattern.database, pattern.table):
            scopes.add(_grant_scope(pattern))
    for scope in sorted(scopes):
        yield _missing_grant(facts, "SELECT", scope)


def _missing_grant(facts: ServerFacts, privilege: str, scope: str) -> Problem:
    account = "@".join("'" + part.replace("'", "''") + "'" for part in facts.account)
    hint = f"GRANT {privilege} ON {scope} TO {account};"
    if facts.grants.idle_roles:
        hint += f" Or let a role that the account has be active: SET DEFAULT ROLE ALL TO {account};"
    where = {"host": facts.host, "user": facts.account[0]}
    return DataProblem(GRANT_MISSING, f"the account lacks {privilege} on {scope}", where, hint)


def _grant_scope(pattern: TablePattern) -> str:
    """The narrowest scope of a GRANT that covers a pattern."""
    if _wild(pattern.database):
        return "*.*"
    if _wild(pattern.table):
        literal = pattern.database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
        return f"{_quoted(literal)}.*"
    return f"{_quoted(pattern.database)}.{_quoted(pattern.table)}"


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _identity(facts: ServerFacts, identity: ReplicaIdentity | None) -> Iterator[Problem]:
    if identity is None:
        return
    where = {"host": facts.host, "server_id": identity.server_id}
    problem = taken_identity(identity, facts.server_id, facts.replicas or (), where)
    if problem is not None:
        yield problem


def _frontier(facts: ServerFacts, lane: str, frontier: GtidSet) -> Iterator[Problem]:
    where = {"host": facts.host, "lane": lane}
    gone = facts.purged.subtract(frontier)
    if gone:
        what = f"{gone.count()} transactions that the lane hasn't applied are purged: {_shown(gone)}"
        yield DataProblem(PURGED, what, where)
    ahead = frontier.subtract(facts.executed)
    if ahead:
        what = f"{ahead.count()} transactions that the lane has applied were never on this server: {_shown(ahead)}"
        yield DataProblem(FRONTIER_AHEAD, what, where)


def _shown(gtids: GtidSet) -> str:
    text = str(gtids)
    return text if len(text) <= _GTIDS_SHOWN else f"{text[:_GTIDS_SHOWN]}... ({len(text)} characters)"
