"""All that is asked about one id of a sink, lane by lane: wiring.

Asked in this order: the lane's frontier and dead letters, the sink, MySQL's row, then the server's end and the binlogs up to
it. So while writes go on, a change that came in between may look as if it weren't reached; never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from actors.codec import reader_codec
from actors.drivers.dead_letters import Selection, SqlDeadLetters
from actors.drivers.mysql.dump import source_mark
from actors.drivers.mysql.schemas import schemas_for
from actors.drivers.mysql.session import connect_any
from actors.drivers.sinks import Driver, open_driver
from actors.lineage.rows import look_at_rows
from actors.lineage.search import BinlogSearch
from actors.parts.rules import large_policy, parsed_rules
from actors.parts.source import connect_options, dump_options, endpoints_of, replica_identity
from actors.parts.store import store_of, store_url
from actors.secrets import resolve
from actors.verify.lanes import lane_tables, selected_rows
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.config.model import Config, Lane
from ingest.dead_letters.letter import DeadLetter
from ingest.lineage.changes import KeyChanges
from ingest.lineage.held import Held, held_document, held_parts
from ingest.lineage.judge import JudgedChange, Place, judge, newest_by_place
from ingest.lineage.keys import SinkKey
from ingest.lineage.verdict import Evidence, Search, Verdict, verdict
from ingest.native.slice_decoder import new_slice_decoder
from ingest.problems import DataProblem
from ingest.rules.routes import RuleRoutes
from ingest.sinks.faults import TARGET_MISSING
from ingest.sinks.registry import source_names
from ingest.slices import TransactionStamp

GROUP = "trace"
"""Whose server_id the binlogs are read under: no reader's."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Traced:
    """One place of the id in one lane, and the answer. ``emptied``: transactions since that emptied a table of the lane."""

    lane: str
    place: Place
    evidence: Evidence
    verdict: Verdict
    emptied: tuple[tuple[TransactionStamp, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """``key``: the id in the sink. ``target``: only this index or table; ``files``: most binlog files to read."""

    key: str
    target: str | None
    files: int


def trace_lane(config: Config, name: str, question: Question, say: Say) -> list[Traced]:
    """Every place that one lane has for the id. Raises Problem when one of the ends fails."""
    lane = config.lanes[name]
    store = store_of(config)
    letters = SqlDeadLetters(store_url(config), config.name)
    driver = open_driver(config.sinks[lane.sink], [rule.to for rule in lane.rules], resolve)
    try:
        record = store.latest(name)
        mine = [letter for letter in letters.find(Selection(lane=name, key=question.key)) if letter.lane == name]
        driver.open()
        return _Survey(config, name, question, record, mine, driver, say).run()
    finally:
        driver.close()
        store.close()
        letters.close()


class _Survey:
    """One lane's."""

    def __init__(
        self,
        config: Config,
        name: str,
        question: Question,
        record: CheckpointRecord | None,
        letters: list[DeadLetter],
        driver: Driver,
        say: Say,
    ) -> None:
        self._config = config
        self._name = name
        self._lane: Lane = config.lanes[name]
        self._rules = parsed_rules(self._lane)
        self._question = question
        self._record = record
        self._letters = letters
        self._driver = driver
        self._say = say
        self._held: dict[Place, Held] = {}
        self._asked: set[tuple[str, str | None]] = set()

    def run(self) -> list[Traced]:
        with selected_rows(self._config, self._lane.cluster) as rows:
            tables = lane_tables(self._lane, rows)
            looked = list(look_at_rows(tables, rows, self._question.key))
            fixed = [on.fixed_target for table in tables for on in table.rules if on.fixed_target is not None]
        for target in fixed:
            self._ask_sink(target, None)
        for row in looked:
            self._ask_sink(row.place.target, row.routing)
        for letter in self._letters:
            self._ask_sink(letter.target, letter.routing)
        judged, emptied, executed, search = self._search()
        for change in judged:
            if change.place is not None:
                self._ask_sink(change.place.target, change.routing)
        newest = newest_by_place(judged)
        by_place = {one.place: one.look for one in looked}
        traced = []
        for place in self._places(newest, by_place, fixed):
            letters = [one for one in self._letters if one.target == place.target]
            evidence = Evidence(
                self._held.get(place),
                newest.get(place) or newest.get(Place("")),
                letters,
                by_place.get(place),
                self._record.frontier if self._record is not None else None,
                executed,
                search,
            )
            traced.append(Traced(self._name, place, evidence, verdict(evidence), emptied))
        return traced

    def _places(
        self, newest: Mapping[Place, JudgedChange], looked: Iterable[Place], fixed: Iterable[str]
    ) -> Iterator[Place]:
        """Where the document, or parts of it, may be; a target of which nothing is known only if there is no other."""
        known = {*newest, *looked, *self._held} - {Place("")}
        told = {place.target for place in known}
        known |= {Place(one.target) for one in self._letters if one.target not in told}
        known |= {Place(target) for target in fixed if not known}
        wanted = self._question.target
        yield from sorted((one for one in known if wanted in (None, one.target)), key=str)

    def _ask_sink(self, target: str, routing: str | None) -> None:
        """Look for the document, once for each routing that it may have."""
        if (target, routing) in self._asked or self._question.target not in (None, target):
            return
        self._asked.add((target, routing))
        targets = [rule.to for rule in self._lane.rules]
        try:
            [document] = self._driver.fetch(target, [self._question.key], [routing])
        except DataProblem as problem:
            if problem.code is not TARGET_MISSING:
                raise
            return
        if document is None:
            return
        if any(rule.placement.part is not None for rule in self._rules):
            self._held |= {Place(target, part): held for part, held in held_parts(document).items()}
        else:
            self._held[Place(target)] = held_document(document, source_names(target, targets))

    def _search(
        self,
    ) -> tuple[list[JudgedChange], tuple[tuple[TransactionStamp, str], ...], GtidSet, Search]:
        name = self._lane.cluster
        identity, options = replica_identity(self._config, name, GROUP), dump_options(self._config, name)
        decoder, codec = new_slice_decoder(self._lane.zero_dates), reader_codec()
        history = self._record.schema_history if self._record is not None else ""
        wanted = SinkKey(
            self._question.key, self._rules, lambda shape: codec.table_schema(shape.table_map, shape.supplement)
        )
        with connect_any(endpoints_of(self._config, name), connect_options(self._config, name)) as session:
            executed = source_mark(session).executed
            self._say(f"reading the binlogs of {session.endpoint}, from the newest back")
            search = BinlogSearch(session, identity, options, codec, lambda: schemas_for(session, history, ""))
            files, how_far = search.back(
                executed,
                self._name,
                RuleRoutes(self._rules),
                large_policy(self._config.lanes[self._name]),
                lambda: KeyChanges(self._name, wanted),
                self._is_enough,
                self._question.files,
            )
        judged = []
        for one in files:
            rows = {gtid: dropped.rows for gtid, dropped in one.dropped.items()}
            changes = [judge(change, self._rules, decoder) for change in one.found]
            judged += [replace(change, dropped_rows=rows.get(change.stamp.gtid, 0)) for change in changes]
        return judged, tuple(stamp for one in files for stamp in one.emptied), executed, how_far

    def _is_enough(self, changes: KeyChanges, before: GtidSet) -> bool:
        """Nothing older can matter: the id has a change here, and what the sink holds isn't older than this file."""
        stamps = [one.source.stamp for one in self._held.values() if one.source is not None]
        held = [stamp.gtid for stamp in stamps if not stamp.is_snapshot]  # a snapshot's place isn't known
        return bool(changes.found or held) and not any(gtid in before for gtid in held)
