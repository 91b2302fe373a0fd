"""A server's error number and text to a Problem that says what to do: one table for connecting, asking and dumping.

What can't heal by itself is a DataProblem (an account, a setting, a purged binlog); what can is a WorldProblem. A
number that isn't known is a DataProblem: it stops the lane with the server's own words (invariant 5). Numbers: MySQL
error reference, "Server Error Message Reference"; the texts of 1236: ``sql/rpl_binlog_sender.cc``.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.problems import DataProblem, Problem, ProblemCode, WorldProblem, declare

UNREACHABLE = declare(
    "mysql.unreachable",
    "No connection to the MySQL server.",
    "Check that the server runs, that the host and port are right and that a firewall lets the connection through.",
)
CONNECTION_LOST = declare(
    "mysql.connection_lost",
    "The connection to the MySQL server broke, or nothing came from it for too long.",
    "It is made again from the frontier. If it keeps breaking, look at the server's log and at proxies on the way.",
)
ACCESS_DENIED = declare(
    "mysql.access_denied",
    "The MySQL server refuses the account.",
    "Check user and password, and that the account exists for the host that we connect from:"
    " SELECT user, host FROM mysql.user.",
)
ACCOUNT_UNUSABLE = declare(
    "mysql.account_unusable",
    "The account exists but can't be used: locked, its password expired, or its authentication plugin isn't supported.",
    "ALTER USER ... ACCOUNT UNLOCK, set a new password, or use caching_sha2_password or mysql_native_password.",
)
TLS_FAILED = declare(
    "mysql.tls_failed",
    "The TLS handshake with the MySQL server failed.",
    "Check ca_file, cert_file and key_file, and that mode fits what the server's certificate can prove.",
)
TLS_NOT_OFFERED = declare(
    "mysql.tls_not_offered",
    "TLS is required by the configuration, but the server offers none.",
    "Give the server a certificate (ssl_cert, ssl_key), or set tls.mode to preferred or disabled.",
)
TLS_DEMANDED = declare(
    "mysql.tls_demanded",
    "The server or the account accepts encrypted connections only.",
    "Set tls.mode of the cluster to required, verify_ca or verify_identity.",
)
TLS_FILES = declare(
    "mysql.tls_files",
    "A certificate or key file can't be used.",
    "Check the path, the permissions and that the file is PEM.",
)
GRANT_MISSING = declare(
    "mysql.grant_missing",
    "The account lacks a privilege.",
    "Run the GRANT statement that is named.",
)
GTID_MODE_OFF = declare(
    "mysql.gtid_mode_off",
    "The server doesn't write GTIDs.",
    "Set gtid_mode=ON and enforce_gtid_consistency=ON (online since 5.7: step by step through OFF_PERMISSIVE and"
    " ON_PERMISSIVE; 5.6: in the server's configuration, with log_slave_updates, and restart).",
)
PURGED = declare(
    "mysql.purged",
    "The server has purged binlogs that the lane still needs.",
    "Read from another server of the cluster that still has them, or start the lane anew from a snapshot or from a"
    " later GTID set; keep binlogs longer (binlog_expire_logs_seconds).",
)
FRONTIER_AHEAD = declare(
    "mysql.frontier_ahead",
    "The frontier holds transactions that the server never had.",
    "The server lost transactions in a failover, or it isn't of the same topology. Use the server that has them, or"
    " start the lane anew.",
)
SERVER_ID_TAKEN = declare(
    "mysql.server_id_taken",
    "Another replica uses our server id or UUID.",
    "Give the cluster another server_id, one that no server or replica of the topology has, and start again.",
)
BINLOG_DAMAGED = declare(
    "mysql.binlog_damaged",
    "The server can't read its own binlog.",
    "Look at the server's error log and check the file with mysqlbinlog --verify-binlog-checksum; read from another"
    " server of the cluster.",
)
BINLOG_GONE = declare(
    "mysql.binlog_gone",
    "The binlog file that follows isn't there any more: the server was reset, or files were removed, under the stream.",
    "The stream is opened again, and then says what is missing, if anything is.",
)
EVENT_OVER_SERVER_LIMIT = declare(
    "mysql.event_over_server_limit",
    "An event of the binlog is larger than the server lets itself send.",
    "SET GLOBAL max_allowed_packet = 1073741824 on the server, and start again.",
)
LOG_BIN_OFF = declare(
    "mysql.log_bin_off",
    "The server writes no binlog.",
    "Start it with --log-bin (and on a replica with --log-replica-updates).",
)
REFUSED = declare(
    "mysql.refused",
    "The server answered with an error that has no better name here.",
    "Read the server's own words; the number is in MySQL's error reference.",
)
QUERY_REFUSED = declare(
    "mysql.query_refused",
    "The server refused a query that we ask it.",
    "Read the server's own words; the statement is named.",
)

_DATA: Mapping[int, ProblemCode] = {
    1044: ACCESS_DENIED,
    1045: ACCESS_DENIED,
    1698: ACCESS_DENIED,
    1130: ACCESS_DENIED,
    1251: ACCOUNT_UNUSABLE,
    1275: ACCOUNT_UNUSABLE,
    1524: ACCOUNT_UNUSABLE,
    1820: ACCOUNT_UNUSABLE,
    1862: ACCOUNT_UNUSABLE,
    2059: ACCOUNT_UNUSABLE,
    2061: ACCOUNT_UNUSABLE,
    3118: ACCOUNT_UNUSABLE,
    3159: TLS_DEMANDED,
    2026: TLS_NOT_OFFERED,
    1142: GRANT_MISSING,
    1143: GRANT_MISSING,
    1227: GRANT_MISSING,
    1370: GRANT_MISSING,
}
_WORLD: Mapping[int, ProblemCode] = {
    2003: UNREACHABLE,
    1040: UNREACHABLE,
    1129: UNREACHABLE,
    1203: UNREACHABLE,
    1226: UNREACHABLE,
    2006: CONNECTION_LOST,
    2013: CONNECTION_LOST,
    1053: CONNECTION_LOST,
    1077: CONNECTION_LOST,
    1079: CONNECTION_LOST,
    1152: CONNECTION_LOST,
    1158: CONNECTION_LOST,
    1159: CONNECTION_LOST,
    1160: CONNECTION_LOST,
    1161: CONNECTION_LOST,
    1184: CONNECTION_LOST,
    1205: CONNECTION_LOST,
    1317: CONNECTION_LOST,
    3169: CONNECTION_LOST,
    4031: CONNECTION_LOST,
}
# What the server says in error 1236, by a piece of its text; the first that fits decides.
_FATAL_READING: tuple[tuple[str, ProblemCode], ...] = (
    ("same server_uuid/server_id", SERVER_ID_TAKEN),
    ("purged", PURGED),
    ("more gtids than", FRONTIER_AHEAD),
    ("gtid_mode", GTID_MODE_OFF),
    ("binary log is not open", LOG_BIN_OFF),
    ("max_allowed_packet", EVENT_OVER_SERVER_LIMIT),
    ("bogus data", BINLOG_DAMAGED),
    ("truncated", BINLOG_DAMAGED),
    ("checksum", BINLOG_DAMAGED),
    ("could not find next log", BINLOG_GONE),
    ("could not find", BINLOG_DAMAGED),
    ("could not open", BINLOG_DAMAGED),
    ("i/o error", BINLOG_DAMAGED),
)
_FATAL_READING_NUMBER = 1236


def problem_of_reply(number: int, text: str, where: Mapping[str, object]) -> Problem:
    """The Problem of an error while connecting or asking. ``where`` names host, user, statement..."""
    what = f"{text} (error {number})"
    if number in _WORLD:
        return WorldProblem(_WORLD[number], what, where)
    return DataProblem(_DATA.get(number, QUERY_REFUSED if "statement" in where else REFUSED), what, where)


def problem_of_dump_reply(number: int, text: str, where: Mapping[str, object], missing: str = "") -> Problem:
    """The Problem of an error packet within a dump. ``missing``: the GTIDs that the server purged beyond our set, as
    far as they were asked for before (5.6 doesn't name them).
    """
    if number != _FATAL_READING_NUMBER:
        return problem_of_reply(number, text, where)
    folded = text.lower()
    code = next((code for piece, code in _FATAL_READING if piece in folded), REFUSED)
    what = f"{text} (error {number})"
    if code is BINLOG_GONE:
        return WorldProblem(code, what, where)
    if code is PURGED and missing and "missing transactions" not in folded:
        what = f"{what}; the missing transactions are {missing}"
    return DataProblem(code, what, where)
