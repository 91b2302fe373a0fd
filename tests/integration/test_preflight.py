"""The preflight on real servers: every unfit server is judged by name, and a fit one passes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from actors.drivers.mysql.preflight import gather_facts
from actors.drivers.mysql.tables import table_schemas
from actors.stack import Mysql
from actors.stack.mysql import MysqlVersion
from ingest.binlog.gtid import GtidSet
from ingest.binlog.table_map import table_schema
from ingest.codec import TableMap
from ingest.mysql.collations import collation_id, default_collation
from ingest.mysql.facts import ServerFacts
from ingest.mysql.identity import identity_of
from ingest.mysql.judgement import Requirements, judge
from ingest.problems import Problem
from ingest.rules.match import TablePattern, parse_pattern
from ingest.schema import TableSchema
from tests.kit.mysql_session import DecodedDump, account, dump_of, execute, executed, open_session, value_of

pytestmark = pytest.mark.integration

PATTERN = parse_pattern("pre_flight.orders")
GRANTS = ("REPLICATION SLAVE ON *.*", "REPLICATION CLIENT ON *.*", "SELECT ON `pre_flight`.`orders`")


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Mysql:
    found: Mysql = request.getfixturevalue(request.param)
    execute(found, "CREATE DATABASE IF NOT EXISTS pre_flight")
    execute(found, "CREATE TABLE IF NOT EXISTS pre_flight.orders (id INT PRIMARY KEY)")
    return found


def facts_of(server: Mysql, user: str = "root", password: str = "") -> ServerFacts:
    with open_session(server, user, password) as session:
        return gather_facts(session)


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code.name for problem in problems]


def test_a_fit_server_passes(server: Mysql) -> None:
    """No problem where there is none: everything granted, frontier within what the server has."""
    account(server, "fit", "pw", grants=GRANTS)
    facts = facts_of(server, "fit", "pw")
    needs = Requirements(
        identity_of("fit", 777_100), [PATTERN], {"lane": executed(server), "other": facts.purged}, ["rule 1"]
    )
    assert judge(facts, needs) == []
    assert facts.version.text.startswith(server.version)
    assert facts.server_uuid == value_of(server, "SELECT @@server_uuid")
    assert facts.account == ("fit", "127.0.0.1")
    assert facts.row_metadata == ("FULL" if server.version == "9" else "")
    assert facts.replicating is False


@pytest.mark.parametrize("missing", range(len(GRANTS)))
def test_each_missing_grant_is_named(server: Mysql, missing: int) -> None:
    """One missing grant is one problem with the statement that mends it; running it mends it."""
    account(server, "lacking", "pw", grants=[grant for index, grant in enumerate(GRANTS) if index != missing])
    needs = Requirements(None, [PATTERN])
    (problem,) = judge(facts_of(server, "lacking", "pw"), needs)
    assert problem.code.name == "mysql.grant_missing"
    assert GRANTS[missing].split(" ON ")[0] in problem.what
    assert problem.hint == f"GRANT {GRANTS[missing]} TO 'lacking'@'127.0.0.1';"
    execute(server, problem.hint)
    assert judge(facts_of(server, "lacking", "pw"), needs) == []


def test_all_missing_grants_at_once(server: Mysql) -> None:
    """An account without rights is told all that it lacks in one go."""
    account(server, "poor", "pw")
    patterns = [PATTERN, parse_pattern("pre_flight.*"), parse_pattern("*.events")]
    problems = judge(facts_of(server, "poor", "pw"), Requirements(None, patterns))
    assert codes(problems) == ["mysql.grant_missing"] * 5
    for problem in problems:
        execute(server, problem.hint)
    assert judge(facts_of(server, "poor", "pw"), Requirements(None, patterns)) == []


def test_grants_through_roles(mysql9: Mysql) -> None:
    """Privileges of active roles count; those of roles that aren't active don't, and the hint says so."""
    account(mysql9, "actor", "pw")
    execute(mysql9, "DROP ROLE IF EXISTS reader", "CREATE ROLE reader", "GRANT SELECT ON *.* TO reader")
    execute(mysql9, "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO reader", "GRANT reader TO actor@127.0.0.1")
    problems = judge(facts_of(mysql9, "actor", "pw"), Requirements(None, [PATTERN]))
    assert codes(problems) == ["mysql.grant_missing"] * 3
    default_role = re.search(r"SET DEFAULT ROLE [^;]*;", problems[0].hint)
    assert default_role is not None
    execute(mysql9, default_role.group())
    assert judge(facts_of(mysql9, "actor", "pw"), Requirements(None, [PATTERN])) == []


def test_partial_revokes(mysql9: Mysql) -> None:
    """A database that is taken out of a global grant is missing, for its name and for patterns that reach it."""
    execute(mysql9, "SET GLOBAL partial_revokes = ON", "CREATE DATABASE IF NOT EXISTS secret_db")
    try:
        account(mysql9, "revoked", "pw", grants=["SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*"])
        execute(mysql9, "REVOKE SELECT ON secret_db.* FROM 'revoked'@'127.0.0.1'")
        facts = facts_of(mysql9, "revoked", "pw")
        assert judge(facts, Requirements(None, [PATTERN])) == []
        for text in ("secret_db.t", "secret*.t", "*.t"):
            assert codes(judge(facts, Requirements(None, [parse_pattern(text)]))) == ["mysql.grant_missing"]
        execute(mysql9, "DROP USER 'revoked'@'127.0.0.1'")
    finally:
        execute(mysql9, "SET GLOBAL partial_revokes = OFF")


def test_settings_are_judged_as_they_are_set(mysql9: Mysql) -> None:
    """Format, row image and JSON differences are found on the server that has them, each once, and only if needed."""
    needs = Requirements(None, [], {}, ["orders-search rule 1"])
    try:
        execute(mysql9, "SET GLOBAL binlog_format = 'STATEMENT'", "SET GLOBAL binlog_row_image = 'MINIMAL'")
        execute(mysql9, "SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'")
        facts = facts_of(mysql9)
    finally:
        execute(mysql9, "SET GLOBAL binlog_row_value_options = ''")
        execute(mysql9, "SET GLOBAL binlog_format = 'ROW'", "SET GLOBAL binlog_row_image = 'FULL'")
    assert codes(judge(facts, needs)) == ["mysql.binlog_format", "mysql.row_image", "mysql.partial_json"]
    assert "orders-search rule 1" in str(judge(facts, needs)[1])
    assert codes(judge(facts, replace(needs, whole_rows=(), partial_json=True))) == ["mysql.binlog_format"]
    assert judge(facts_of(mysql9), needs) == []


@pytest.mark.parametrize("version", ["9", "5.6"])
def test_a_server_that_is_all_wrong(version: MysqlVersion) -> None:
    """Every problem of one server comes at once: no GTIDs, statements, filters, our id, and what the lane lost."""
    options = {
        "gtid-mode": "OFF",
        "enforce-gtid-consistency": "OFF",
        "binlog-format": "MIXED",
        "binlog-row-image": "NOBLOB",
        "binlog-ignore-db": "pre_flight",
    }
    with Mysql(version, server_id=777_200, options=options) as own:
        facts = facts_of(own)
    lanes = {"lane": GtidSet.parse("11111111-2222-3333-4444-555555555555:1-9")}
    problems = judge(facts, Requirements(identity_of("x", 777_200), [PATTERN], lanes, ["rule"]))
    assert codes(problems) == [
        "mysql.gtid_mode_off",
        "mysql.binlog_format",
        "mysql.row_image",
        "mysql.binlog_filtered",
        "mysql.server_id_taken",
    ]


def test_no_binlog_at_all() -> None:
    """A server without binlog is told so."""
    options = {"skip-log-bin": "1", "gtid-mode": "OFF", "enforce-gtid-consistency": "OFF", "binlog-do-db": "a"}
    with Mysql(server_id=777_201, options=options) as own:
        assert codes(judge(facts_of(own), Requirements()))[:2] == ["mysql.log_bin_off", "mysql.gtid_mode_off"]


def test_frontiers_behind_and_ahead() -> None:
    """A frontier that lacks purged transactions, or holds some that the server never had, is judged lane by lane with
    the GTIDs by name."""
    with Mysql(server_id=777_202) as own:
        execute(own, "CREATE DATABASE d", "FLUSH LOGS")
        gone = executed(own)
        execute(own, "CREATE TABLE d.t (id INT)", "FLUSH LOGS")
        with own.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW BINARY LOGS")
            execute(own, f"PURGE BINARY LOGS TO '{cursor.fetchall()[1][0]}'")
        facts = facts_of(own)
        assert facts.purged == gone
        errant = GtidSet.parse("11111111-2222-3333-4444-555555555555:7")
        lanes = {"behind": GtidSet(), "ahead": executed(own).union(errant), "well": gone}
        problems = judge(facts, Requirements(None, [], lanes))
    assert [(problem.where["lane"], problem.code.name) for problem in problems] == [
        ("ahead", "mysql.frontier_ahead"),
        ("behind", "mysql.purged"),
    ]
    assert str(errant) in problems[0].what
    assert str(gone) in problems[1].what


def test_a_replica_that_keeps_no_binlog_of_its_source(mysql9: Mysql) -> None:
    """A replica without log_replica_updates has nothing for us, and says so."""
    with Mysql(server_id=777_203, options={"log-replica-updates": "OFF"}) as own:
        execute(
            own,
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='{mysql9.host}', SOURCE_PORT={mysql9.port}, SOURCE_USER='root',"
            " SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1",
        )
        assert codes(judge(facts_of(own), Requirements())) == ["mysql.replica_updates_off"]


# --- tables ---------------------------------------------------------------------------------------------------------

COLUMNS_OF_ALL_VERSIONS = (
    """
    i1 TINYINT, u1 TINYINT UNSIGNED NOT NULL, b1 BOOL, i2 SMALLINT, i3 MEDIUMINT UNSIGNED, i4 INT(5) ZEROFILL, i8 BIGINT,
    u8 BIGINT UNSIGNED, d1 DECIMAL(65,30), d2 DECIMAL, d3 DECIMAL(5), f4 FLOAT, f4b FLOAT(7,3), f8 DOUBLE, f25 FLOAT(25),
    bit1 BIT, bit10 BIT(10), bit64 BIT(64), y YEAR, dt DATE, t TIME, t6 TIME(6), dtm DATETIME, dtm3 DATETIME(3),
    ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL,
    c0 CHAR(0), c10 CHAR(10) CHARACTER SET latin1, c255 CHAR(255) CHARACTER SET utf8mb4, cb CHAR(3) COLLATE gbk_bin,
    v10 VARCHAR(10), v300 VARCHAR(300) CHARACTER SET ucs2, bin4 BINARY(4), bin255 BINARY(255), vb VARBINARY(500),
    tt TINYTEXT, tx TEXT CHARACTER SET sjis, mt MEDIUMTEXT, lt LONGTEXT, tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB,
    t300 TEXT(300), bl20 BLOB(20),
    e ENUM('a','b''c','d\\\\e','日本','z,y','','x y') CHARACTER SET gbk, e2 ENUM('one','two'), s SET('x','y','ü'),
    s40 SET("""
    + ",".join(f"'m{n}'" for n in range(40))
    + """), e300 ENUM("""
    + ",".join(f"'m{n}'" for n in range(300))
    + """),
    g GEOMETRY, p POINT, ls LINESTRING, pg POLYGON, mp MULTIPOINT, ml MULTILINESTRING, mpg MULTIPOLYGON,
    gc GEOMETRYCOLLECTION
"""
)
COLUMNS_OF_9 = """
    , j JSON, vec VECTOR(3), vecd VECTOR, hidden INT INVISIBLE, gv INT GENERATED ALWAYS AS (i1 + 1) VIRTUAL,
    gs VARCHAR(20) AS (CONCAT(v10, 'x')) STORED, u3 VARCHAR(5) CHARACTER SET utf8mb3, g4326 POINT SRID 4326,
    INDEX functional ((i1 + 2))
"""
KEYS = {
    "all_types": "PRIMARY KEY (u1)",
    "composite": "a INT, b VARCHAR(10) NOT NULL, c INT, `d ``d` INT, PRIMARY KEY (c, b(3), `d ``d`)",
    "no_key": "a INT, b INT, UNIQUE (a)",
    "promoted": "a INT NOT NULL, b INT NOT NULL, c INT, UNIQUE (c), UNIQUE (b, a), UNIQUE (a)",
    "MixedCase": "ID INT PRIMARY KEY",
}


def _create(server: Mysql) -> None:
    columns = COLUMNS_OF_ALL_VERSIONS + (COLUMNS_OF_9 if server.version == "9" else "")
    execute(server, "DROP DATABASE IF EXISTS kinds", "CREATE DATABASE kinds CHARACTER SET latin7")
    for name, text in KEYS.items():
        body = f"{columns}, {text}" if name == "all_types" else text
        execute(server, f"CREATE TABLE kinds.{name} ({body}) ROW_FORMAT=DYNAMIC")


def _from_binlog(server: Mysql) -> dict[str, TableSchema]:
    """The schemas as the binlog's full metadata describes them."""
    start = executed(server)
    inserts = {"all_types": "(u1) VALUES (1)", "composite": "VALUES (1, 'x', 2, 3)", "no_key": "VALUES (1, 2)"}
    inserts |= {"promoted": "VALUES (1, 2, 3)", "MixedCase": "VALUES (1)"}
    for name, values in inserts.items():
        execute(server, f"INSERT INTO kinds.{name} {values}")
    with open_session(server) as session:
        decoded = DecodedDump(dump_of(session, start, identity_of("kinds", 777_210)))
        decoded.read_transactions(len(inserts))
        decoded.dump.close()
    schemas = [table_schema(event.body) for event in decoded.events if isinstance(event, TableMap)]
    return {schema.name.table: schema for schema in schemas}


def test_tables_from_information_schema_equal_those_of_the_binlog(mysql9: Mysql) -> None:
    """For every column type, information_schema and full row metadata give one and the same schema."""
    _create(mysql9)
    sent = _from_binlog(mysql9)
    with open_session(mysql9) as session:
        asked = {schema.name.table: schema for schema in table_schemas(session, [TablePattern("kinds", "*")])}
    assert set(asked) == set(sent) == set(KEYS)
    for name in KEYS:
        for ours, theirs in zip(asked[name].columns, sent[name].columns, strict=True):
            assert ours == theirs
        assert (asked[name].name, asked[name].primary_key) == (sent[name].name, sent[name].primary_key)
    assert asked["promoted"].primary_key != ()


def test_only_declared_keys_without_full_metadata(mysql9: Mysql) -> None:
    """Where the binlog doesn't name a key, only a declared primary key counts."""
    _create(mysql9)
    with open_session(mysql9) as session:
        tables = table_schemas(session, [TablePattern("kinds", "*")], promote=False)
    found = {schema.name.table: [schema.columns[index].name for index in schema.primary_key] for schema in tables}
    expected = {"all_types": ["u1"], "composite": ["c", "b", "d `d"], "no_key": [], "promoted": [], "MixedCase": ["ID"]}
    assert found == expected


def test_patterns_choose_tables(server: Mysql) -> None:
    """Wildcards in database and table; what no pattern takes and system tables stay out; nothing matched is nothing."""
    _create(server)

    def names(*patterns: str) -> list[str]:
        with open_session(server) as session:
            return [str(schema.name) for schema in table_schemas(session, [parse_pattern(text) for text in patterns])]

    assert names("kinds.no_*", "kin?s.composite") == ["kinds.composite", "kinds.no_key"]
    assert names("nowhere.*", "kinds.nothing", "information_schema.*") == []
    assert "pre_flight.orders" in names("*.*")
    assert not [name for name in names("*.*") if name.startswith(("mysql.", "sys.", "performance_schema."))]


def test_generated_invisible_primary_keys_are_seen(mysql9: Mysql) -> None:
    """A key that the server makes and hides is a column of the binlog, so it is one here."""
    with mysql9.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_generate_invisible_primary_key = ON")
        cursor.execute("DROP TABLE IF EXISTS pre_flight.gipk")
        cursor.execute("CREATE DATABASE IF NOT EXISTS pre_flight")
        cursor.execute("CREATE TABLE pre_flight.gipk (a INT)")
    execute(mysql9, "SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF")
    try:
        with open_session(mysql9) as session:
            (schema,) = table_schemas(session, [parse_pattern("pre_flight.gipk")])
    finally:
        execute(mysql9, "SET GLOBAL show_gipk_in_create_table_and_information_schema = ON")
    assert [(column.name, column.visible) for column in schema.columns] == [("my_row_id", False), ("a", True)]
    assert schema.primary_key == (0,)


def test_default_collations_agree_with_the_server(server: Mysql) -> None:
    """The default collation of every character set is the server's own; only utf8mb4's differs by version."""
    with open_session(server) as session:
        rows = session.query("SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS")
    assert len(rows) > 35
    for charset, name in rows:
        utf8mb4 = 255 if server.version == "9" else 45
        assert default_collation(str(charset), utf8mb4) == collation_id(str(name))
