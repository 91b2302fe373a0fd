"""Looks at the server that a stream is read from, beside the stream: does it still answer, does it still take writes, and is
another host better by now?

One question a second on a connection of its own; all hosts are asked every ten seconds, and at once when the answer is bad.
The stream itself notices a connection that breaks; what is noticed here is a primary that was demoted, and a server that is
gone without a word. Not for use by several threads at once, but for ``executed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.drivers.mysql.dump import DumpOptions
from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.host import Host
from actors.hosts import HostSurvey
from ingest.failover.choice import MOVED, Choice, better_host, choose
from ingest.failover.facts import HostFacts, LaneNeed, Preference
from ingest.mysql.endpoint import Endpoint
from ingest.problems import Problem, WorldProblem

ASK_TIMEOUT_MS = 2_000
SURVEY_EVERY_MS = 10_000.0
GONE_MS = 3_000.0
"""For how long a server must neither answer nor send before it counts as gone."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What all hosts said; ``problem``: why to go elsewhere, None to stay."""

    hosts: Sequence[HostFacts]
    choice: Choice
    reading: str
    problem: Problem | None


class SourceWatch:
    """See the module."""

    def __init__(self, survey: HostSurvey, dump: DumpOptions, prefer: Preference, host: Host) -> None:
        self._survey = survey
        self._prefer = prefer
        self._host = host
        self._dump = dump
        self._lock = host.lock()
        self._current: Endpoint | None = None
        self._asking: Session | None = None
        self.uuid = ""
        self._answered_ms = 0.0
        self._heard_ms = 0.0
        self._bytes_read = 0
        self._surveyed_ms = 0.0

    def reads(self, endpoint: Endpoint, uuid: str) -> None:
        """A stream was opened on this host."""
        now_ms = self._host.monotonic_ms()
        with self._lock:
            self._current, self.uuid = endpoint, uuid
            self._forget()
        self._answered_ms = self._heard_ms = self._surveyed_ms = now_ms
        self._bytes_read = 0

    def executed(self) -> str | None:
        """The server's gtid_executed now; None before a stream is open. WorldProblem when it doesn't answer."""
        answer = self._ask("SELECT @@GLOBAL.gtid_executed")
        return answer.replace("\n", "") if answer is not None else None

    def look(self, needs: Sequence[LaneNeed], bytes_read: int) -> Looked | None:
        """Look once; ``bytes_read``: by the stream so far. None when there was no cause to ask all hosts."""
        if self._current is None or len(self._survey.endpoints) == 1:
            return None
        now_ms = self._host.monotonic_ms()
        if bytes_read != self._bytes_read:
            self._bytes_read, self._heard_ms = bytes_read, now_ms
        try:
            demoted = self._ask("SELECT @@GLOBAL.read_only") == "1" and self._prefer == "primary"
            self._answered_ms = now_ms
        except Problem:
            demoted = False
        silent = min(now_ms - self._answered_ms, now_ms - self._heard_ms) > max(
            GONE_MS, self._dump.heartbeat_ms + 1_000
        )
        if not (demoted or silent or now_ms - self._surveyed_ms > SURVEY_EVERY_MS):
            return None
        self._surveyed_ms = now_ms
        return self._look_at_all(needs, silent=silent)

    def _look_at_all(self, needs: Sequence[LaneNeed], *, silent: bool) -> Looked | None:
        reading = str(self._current)
        with self._survey.asked([need.lane for need in needs], lambda _hosts: False) as survey:
            hosts = survey.hosts
        mine = next(one for one in hosts if one.host == reading)
        if mine.silence is not None and not silent:
            return None  # the stream lives: a server that takes no further connection isn't gone
        better = better_host(hosts, needs, self._prefer, self.uuid)
        choice = choose(hosts, needs, self._prefer, self.uuid)
        problem = None
        if better is not None:
            why = _why(mine, silent=silent)
            problem = WorldProblem(MOVED, f"the stream goes from {reading} to {better}: {why}", {"host": reading})
        return Looked(hosts, choice, reading, problem)

    def _ask(self, sql: str) -> str | None:
        with self._lock:
            if self._current is None:
                return None
            try:
                if self._asking is None:
                    self._asking = connect(self._current, self._options())
                ((value,),) = self._asking.query(sql)
            except Problem:
                self._forget()
                raise
        return str(value)

    def _options(self) -> ConnectOptions:
        options = self._survey.connect_options()
        return replace(
            options,
            connect_timeout_ms=min(ASK_TIMEOUT_MS, options.connect_timeout_ms),
            read_timeout_ms=min(ASK_TIMEOUT_MS, options.read_timeout_ms),
        )

    def _forget(self) -> None:
        if self._asking is not None:
            self._asking.abandon()
            self._asking = None


def _why(host: HostFacts, *, silent: bool) -> str:
    if silent:
        return "it doesn't answer any more"
    return "it takes no writes" if host.read_only else "that one is to be read from"
