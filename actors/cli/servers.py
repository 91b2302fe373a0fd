"""A configuration against its servers: everything that can be known before anything runs, all at once.

Per cluster: can we log in, and is the server fit to be a source? Per rule: are its tables and columns there? Per sink:
does it answer, take our credentials, have a supported version, and are the tables and indices that it has as configured?
Nothing is written anywhere. Sinks and clusters are asked side by side, since an unreachable one takes its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.drivers.mysql.tables import table_schemas
from actors.drivers.sinks import open_driver
from actors.parts.rules import parsed_rules
from actors.parts.source import connect_options, endpoints_of
from actors.preflight import LanePreflight
from actors.secrets import resolve
from ingest.config.model import Config, Lane
from ingest.mysql.endpoint import Endpoint
from ingest.problems import DataProblem, Problem, declare
from ingest.rules.compile import compile_rule
from ingest.rules.match import missing_tables
from ingest.rules.parse import ParsedRule, matches, parse_placement
from ingest.schema import TableSchema

NO_SUCH_TABLE = declare(
    "rule.no_such_table",
    "A rule names a table that isn't there, or that the account may not see.",
    "Correct the name, create the table, or grant SELECT on it.",
)

Found = Mapping[str, Sequence[Problem]]
"""Problems by lane; a problem of a cluster or sink stands under each of its lanes."""

SIDE_BY_SIDE = 8


def problems_by_lane(config: Config, *, every_host: bool) -> Found:
    """What is wrong, by lane. ``every_host``: ask every host of a cluster; else the first that answers will do."""
    questions: list[tuple[Callable[[], list[Problem]], list[str]]] = []
    for cluster in config.clusters:
        lanes = [name for name, lane in config.lanes.items() if lane.cluster == cluster]
        if lanes:
            questions.append((partial(_cluster, config, cluster, lanes, every_host), lanes))
    questions += [(partial(_sink, config, name), [name]) for name in config.lanes]
    found: dict[str, list[Problem]] = {name: [] for name in config.lanes}
    with ThreadPoolExecutor(SIDE_BY_SIDE, "check") as executor:
        for (_question, lanes), problems in zip(questions, executor.map(lambda one: one[0](), questions), strict=True):
            for lane in lanes:
                found[lane] += problems
    return found


def all_problems(found: Found) -> tuple[Problem, ...]:
    """Every problem once, in the order of the lanes."""
    texts: dict[str, Problem] = {}
    for problems in found.values():
        for problem in problems:
            texts.setdefault(str(problem), problem)
    return tuple(texts.values())


def _cluster(config: Config, cluster: str, lanes: Sequence[str], every_host: bool) -> list[Problem]:
    """The problems of the hosts; with ``every_host`` of each, else none as soon as one host is fit."""
    try:
        options = connect_options(config, cluster)
    except Problem as problem:
        return [problem.with_where(cluster=cluster)]
    by_host: list[list[Problem]] = []
    for endpoint in endpoints_of(config, cluster):
        by_host.append(_host(config, endpoint, options, lanes))
        if not by_host[-1] and not every_host:
            return []
    problems = [problem for of_host in by_host for problem in of_host] if every_host else by_host[0]
    return [problem.with_where(cluster=cluster) for problem in problems]


def _host(config: Config, endpoint: Endpoint, options: ConnectOptions, lanes: Sequence[str]) -> list[Problem]:
    try:
        with closing(connect(endpoint, options)) as session:
            return [*LanePreflight(config).problems(session, lanes), *_rules(config, session, lanes)]
    except Problem as problem:
        return [problem]


def _rules(config: Config, session: Session, lanes: Sequence[str]) -> Iterator[Problem]:
    rules = [(lane, rule) for lane in lanes for rule in parsed_rules(config.lanes[lane])]
    promote = any(row["value"] == "FULL" for row in session.show("SHOW GLOBAL VARIABLES LIKE 'binlog_row_metadata'"))
    schemas = table_schemas(session, [pattern for _lane, rule in rules for pattern in rule.patterns], promote)
    for lane, rule in rules:
        for problem in _rule(rule, schemas):
            yield problem.with_where(lane=lane, rule=rule.index + 1)


def _rule(rule: ParsedRule, schemas: Sequence[TableSchema]) -> Iterator[Problem]:
    """A pattern may wait for tables to come; a plain name may not."""
    for pattern in missing_tables(rule.patterns, [schema.name for schema in schemas]):
        yield DataProblem(NO_SUCH_TABLE, f"there is no table {pattern}, or the account may not see it")
    for schema in schemas:
        if matches(rule, schema.name):
            try:
                compile_rule(rule, schema)
            except DataProblem as problem:
                yield problem.with_where(table=schema.name)


def _sink(config: Config, lane: str) -> list[Problem]:
    name = config.lanes[lane].sink
    targets = [rule.to for rule in config.lanes[lane].rules]
    try:
        driver = open_driver(config.sinks[name], targets, resolve, config.checkpoint.lease_ms)
    except Problem as problem:
        return [problem.with_where(sink=name)]
    problems: list[Problem] = []
    try:
        driver.open()
        for target in dict.fromkeys(_fixed_targets(config.lanes[lane])):
            try:
                driver.check([target])
            except DataProblem as problem:
                problems.append(problem.with_where(sink=name))
    except Problem as problem:
        problems.append(problem.with_where(sink=name))
    finally:
        driver.close()
    return problems


def _fixed_targets(lane: Lane) -> Iterator[str]:
    """The indices and tables whose names hang on no row."""
    for rule in lane.rules:
        place = parse_placement(rule.to)
        if all(part.kind == "text" for part in place.target.parts):
            name = place.target.render("", "", "", {})
            yield name.lower() if place.index_name else name
