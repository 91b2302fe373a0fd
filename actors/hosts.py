"""Asks all hosts of a cluster at once what they are, and keeps the connections for whoever reads from one.

Every wait is bounded: a host that says nothing is waited for only until those that answered suffice, and then for as long
as logging in may take at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.host import Empty, Host, Inbox
from ingest.failover.facts import HostFacts
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.replies import UNREACHABLE
from ingest.problems import Problem, WorldProblem

ENOUGH_MS = 1_500.0
"""How long a host may take to answer while another one would do."""

Ask = Callable[[Session, Sequence[str]], HostFacts]
Answered = tuple[int, HostFacts, Session | None]


@dataclass(slots=True)
class Survey:
    """What was said. ``sessions``: the connections of those that answered, by host."""

    hosts: Sequence[HostFacts]
    sessions: dict[str, Session] = field(default_factory=dict)
    over: bool = False

    def take(self, host: str) -> Session:
        """The connection to a host; whoever takes it closes it."""
        return self.sessions.pop(host)


class HostSurvey:
    """See the module."""

    def __init__(
        self, endpoints: Sequence[Endpoint], connect_options: Callable[[], ConnectOptions], ask: Ask, host: Host
    ) -> None:
        self.endpoints = endpoints
        self.connect_options = connect_options
        self._ask = ask
        self._host = host
        self._lock = host.lock()

    @contextmanager
    def asked(self, lanes: Sequence[str], suffices: Callable[[Sequence[HostFacts]], bool]) -> Iterator[Survey]:
        """What every host says, in the configured order; connections that nobody took are closed in the end."""
        options = self.connect_options()
        inbox: Inbox[Answered] = self._host.inbox()
        survey = Survey([_silent(endpoint) for endpoint in self.endpoints])
        for number, endpoint in enumerate(self.endpoints):
            one = partial(self._ask_one, number, endpoint, options, lanes, inbox, survey)
            self._host.start(f"ask-{endpoint}", one)
        try:
            self._collect(survey, inbox, suffices, options.connect_timeout_ms + options.read_timeout_ms)
            yield survey
        finally:
            with self._lock:
                survey.over = True
            for session in [*survey.sessions.values(), *_late(inbox)]:
                session.close()

    def _collect(
        self, survey: Survey, inbox: Inbox[Answered], suffices: Callable[[Sequence[HostFacts]], bool], most_ms: float
    ) -> None:
        hosts = list(survey.hosts)
        began_ms = self._host.monotonic_ms()
        left = len(hosts)
        while left:
            waited_ms = self._host.monotonic_ms() - began_ms
            patience_ms = ENOUGH_MS if left < len(hosts) and suffices(hosts) else most_ms
            try:
                number, facts, session = inbox.get(timeout=max(0.0, patience_ms - waited_ms) / 1000)
            except Empty:
                return
            left -= 1
            hosts[number] = facts
            survey.hosts = tuple(hosts)
            if session is not None:
                survey.sessions[facts.host] = session

    def _ask_one(
        self,
        number: int,
        endpoint: Endpoint,
        options: ConnectOptions,
        lanes: Sequence[str],
        inbox: Inbox[Answered],
        survey: Survey,
    ) -> None:
        session: Session | None = None
        try:
            session = connect(endpoint, options)
            facts = self._ask(session, lanes)
        except Problem as problem:
            if session is not None:
                session.abandon()
                session = None
            facts = HostFacts(str(endpoint), silence=problem)
        with self._lock:
            if survey.over:
                if session is not None:
                    session.close()
            else:
                inbox.put((number, facts, session))


def _silent(endpoint: Endpoint) -> HostFacts:
    """Until it answers."""
    return HostFacts(str(endpoint), silence=WorldProblem(UNREACHABLE, "no answer yet", {"host": endpoint}))


def _late(inbox: Inbox[Answered]) -> Iterator[Session]:
    """The connections of hosts that answered when nobody waited any more."""
    while True:
        try:
            _, _, session = inbox.get_nowait()
        except Empty:
            return
        if session is not None:
            yield session
