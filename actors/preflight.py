"""The questions asked of a server before a stream is opened: what is it, and is it fit to be these lanes' source?"""

from __future__ import annotations

from collections.abc import Sequence

from actors.drivers.mysql.preflight import gather_facts
from actors.drivers.mysql.session import Session
from ingest.config.model import Config
from ingest.failover.facts import HostFacts
from ingest.mysql.facts import ServerFacts
from ingest.mysql.judgement import Requirements, judge
from ingest.problems import Problem
from ingest.rules.parse import parse_rule


class LanePreflight:
    """What is wrong with a server, lane by lane: what one needs is no other's trouble."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __call__(self, session: Session, lanes: Sequence[str]) -> HostFacts:
        """One host. Problem when it doesn't answer, or is no MySQL that can be asked."""
        facts = gather_facts(session)
        return HostFacts(
            host=str(session.endpoint),
            uuid=facts.server_uuid,
            executed=facts.executed,
            purged=facts.purged,
            read_only=facts.read_only or facts.super_read_only,
            channels=facts.channels,
            unfit={lane: tuple(self._judge(facts, [lane])) for lane in lanes},
        )

    def problems(self, session: Session, lanes: Sequence[str]) -> list[Problem]:
        """Every problem of the server for these lanes."""
        return self._judge(gather_facts(session), lanes)

    def _judge(self, facts: ServerFacts, lanes: Sequence[str]) -> list[Problem]:
        rules = [parse_rule(index, rule) for name in lanes for index, rule in enumerate(self._config.lanes[name].rules)]
        patterns = tuple(dict.fromkeys(pattern for rule in rules for pattern in rule.patterns))
        return judge(facts, Requirements(identity=None, patterns=patterns))
