"""The questions asked of a server before a stream is opened: is it fit to be these lanes' source?"""

from __future__ import annotations

from collections.abc import Sequence

from actors.drivers.mysql.preflight import gather_facts
from actors.drivers.mysql.session import Session
from ingest.config.model import Config
from ingest.mysql.judgement import Requirements, judge
from ingest.problems import DataProblem, Problem, ProblemGroup
from ingest.rules.parse import parse_rule


class LanePreflight:
    """Raises everything that is wrong with a server, at once."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __call__(self, session: Session, lanes: Sequence[str]) -> None:
        """One Problem, or a DataProblem that holds the texts of several."""
        problems = self.problems(session, lanes)
        if len(problems) == 1:
            raise problems[0]
        if problems:
            raise _joined(ProblemGroup(problems))

    def problems(self, session: Session, lanes: Sequence[str]) -> list[Problem]:
        """Every problem of the server for these lanes."""
        rules = [parse_rule(index, rule) for name in lanes for index, rule in enumerate(self._config.lanes[name].rules)]
        patterns = tuple(dict.fromkeys(pattern for rule in rules for pattern in rule.patterns))
        return judge(gather_facts(session), Requirements(identity=None, patterns=patterns))


def _joined(group: ProblemGroup) -> DataProblem:
    first = group.problems[0]
    what = "; ".join(f"{one.code.name}: {one.what}" for one in group.problems)
    return DataProblem(first.code, what, first.where, "\n".join(one.hint for one in group.problems))
