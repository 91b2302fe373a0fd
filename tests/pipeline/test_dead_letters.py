"""Dead letters on a real Elasticsearch: a mapping conflict, what waits behind it, and how it is mended, retried, dropped."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.cli import dlq
from actors.cli.main import app
from actors.cli.target import Target
from actors.control import Pipeline, launch
from actors.drivers.dead_letters import Selection, SqlDeadLetters
from actors.runtime import RayAddress, Run
from ingest.dead_letters.letter import QUARANTINED, DeadLetter
from ingest.status import LaneState
from tests.kit.lab import Lab, kill, lane_of, until, until_stopped

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))"
STRICT = '{ index = "NAME-{table}", mapping = { properties = { note = { type = "date" } } } }'
LANE = 'on_poison = "dead_letter"'


class Desk:
    """A lab with one lane to an index that takes dates only, its letters, and ``ingest dlq`` on it."""

    def __init__(self, lab: Lab, monkeypatch: pytest.MonkeyPatch, lane: str = LANE) -> None:
        lab.sql(TABLE)
        choices: dict[str, Any] = {"lanes": ("elasticsearch",), "lane": lane}
        choices["elasticsearch_to"] = STRICT.replace("NAME", lab.name)
        self.lab = lab
        self.config = lab.config(**choices)
        self.path = Path(lab.directory) / "lab.toml"
        self.path.write_text(lab.text(**choices))
        self.store = SqlDeadLetters(f"sqlite:///{lab.directory}/store.db", lab.name)
        self._monkeypatch = monkeypatch

    def knows(self, pipeline: Pipeline) -> None:
        """Let the commands find the pipeline; it has no run file."""
        run = Run(self.lab.name, RayAddress("", "", ""), ("main",))
        self._monkeypatch.setattr(dlq.target, "find", lambda name, address: Target(run, pipeline, None))

    def letters(self) -> list[DeadLetter]:
        return list(self.store.find(Selection()))

    def run(self, command: str, *args: str) -> Any:
        """A command, and what it prints as JSON."""
        result = CliRunner().invoke(app, ["dlq", command, str(self.path), *args, "--json"], catch_exceptions=False)
        assert result.exit_code in {0, 1}, result.stderr
        assert result.stdout, result.stderr
        return json.loads(result.stdout)

    def mend(self) -> None:
        """Let the index take texts that are no dates."""
        server = self.lab.elasticsearch
        assert server is not None
        body = {"properties": {"note": {"type": "date", "ignore_malformed": True}}}
        url = f"{server.url}/{self.lab.name}-t/_mapping"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["acknowledged"]


def test_a_mended_letter_ends_at_the_newest_version(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariants 1, 2, 3 and 7: poison is kept and its key held while the frontier and other keys go on; killing the
    sink actor makes no second letter and forgets no quarantine; a retry before the mending leaves it; one after it
    brings the newest version, and what was held before it never shows."""
    desk = Desk(lab, monkeypatch)
    with launch(desk.config) as pipeline:
        desk.knows(pipeline)
        lab.sql("INSERT INTO t VALUES (1, 1, '2024-01-02'), (2, 1, '2024-01-02')")
        lab.settle(pipeline)
        lab.sql("UPDATE t SET n = 2, note = 'no date' WHERE id = 2")
        lab.settle(pipeline)
        for n in (3, 4, 5):
            lab.sql(f"UPDATE t SET n = {n}, note = '2024-01-0{n}'")
            lab.settle(pipeline)
        cause, held = desk.letters()
        assert (cause.key, cause.reason, cause.table) == ("2", "document_parsing_exception", f"{lab.name}.t")
        assert (held.key, held.reason, held.superseded) == ("2", QUARANTINED, 2)
        assert lab.differences(desk.config) == {"elasticsearch": 1}

        status = until(pipeline, lambda seen: lane_of(seen, "elasticsearch").open_letters == 2, "both are counted")
        victim = next(shard for shard in lane_of(status, "elasticsearch").shards if shard.letters.open)
        kill(victim.process)
        lab.sql("UPDATE t SET n = 6, note = '2024-01-06'")
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").epoch > victim.epoch, "a new epoch")
        lab.settle(pipeline)
        cause, held = desk.letters()
        assert (cause.number, cause.version, held.superseded) == (1, cause.version, 3)
        assert lab.differences(desk.config) == {"elasticsearch": 1}

        lab.sql("UPDATE t SET n = 7, note = 'still no date' WHERE id = 2")
        lab.settle(pipeline)
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").state is LaneState.RUNNING, "it runs")
        refused = desk.run("retry", "--key", "2")
        assert (refused["settled"], refused["refused"][0]["reason"]) == (0, "document_parsing_exception")
        assert [letter.attempts for letter in desk.letters()] == [0, 1]

        desk.mend()
        assert desk.run("retry", "--all") == {"settled": 1, "superseded": 5, "refused": []}
        assert desk.letters() == []
        assert lab.differences(desk.config) == {"elasticsearch": 0}
        lab.sql("UPDATE t SET n = 8")
        lab.settle(pipeline)
        assert lab.differences(desk.config) == {"elasticsearch": 0}
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").open_letters == 0, "none is counted")


def test_a_dropped_letter_lets_its_key_go_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row that was given up isn't there; the next change of the key is, in the same epoch. ``show`` has the
    row; a lane that is paused can't retry, and says so."""
    desk = Desk(lab, monkeypatch)
    with launch(desk.config) as pipeline:
        desk.knows(pipeline)
        lab.sql("INSERT INTO t VALUES (1, 1, 'no date'), (2, 1, '2024-01-02')")
        lab.settle(pipeline)
        [letter] = desk.letters()
        shown = desk.run("show", str(letter.number))
        assert (shown["before"], shown["after"]) == (None, {"id": 1, "n": 1, "note": "no date"})
        assert '"note":"no date"' in shown["payload"]
        pipeline.pause("elasticsearch")
        refused = CliRunner().invoke(app, ["dlq", "retry", str(desk.path), "--all"])
        assert "dead_letters.lane_not_running" in refused.stderr
        pipeline.resume("elasticsearch")
        running = until(pipeline, lambda seen: lane_of(seen, "elasticsearch").state is LaneState.RUNNING, "it runs")
        epoch = lane_of(running, "elasticsearch").epoch
        assert desk.run("drop", "--key", "1", "--yes")["dropped"] == 1
        assert lab.differences(desk.config) == {"elasticsearch": 1}
        lab.sql("UPDATE t SET n = 2, note = '2024-01-02' WHERE id = 1")
        lab.settle(pipeline)
        assert lab.differences(desk.config) == {"elasticsearch": 0}
        assert lane_of(pipeline.status()[0], "elasticsearch").epoch == epoch


def test_without_a_quarantine_the_next_change_settles(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """With quarantine = false a later change that the sink takes closes the letter, and there is nothing to retry."""
    desk = Desk(lab, monkeypatch, f"{LANE}\nquarantine = false")
    with launch(desk.config) as pipeline:
        lab.sql("INSERT INTO t VALUES (1, 1, 'no date')")
        lab.settle(pipeline)
        assert len(desk.letters()) == 1
        lab.sql("UPDATE t SET n = 2, note = '2024-01-02'")
        lab.settle(pipeline)
        assert desk.letters() == []
        assert lab.differences(desk.config) == {"elasticsearch": 0}


def test_the_breaker_stops_a_lane_that_gets_poison_only(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong mapping: the lane stops with the counts and the reason instead of filling the store; mended and resumed it
    goes on from its frontier, and nothing is missing."""
    desk = Desk(lab, monkeypatch, f"{LANE}\npoison_items = 50")
    with launch(desk.config) as pipeline:
        desk.knows(pipeline)
        values = ",".join(f"({key}, 1, 'no date')" for key in range(100))
        lab.sql(f"INSERT INTO t VALUES {values}")
        problem = until_stopped(pipeline, "elasticsearch")
        assert "dead_letters.mostly_poison" in problem
        assert "document_parsing_exception" in problem
        desk.mend()
        pipeline.resume("elasticsearch")
        until(pipeline, lambda seen: lane_of(seen, "elasticsearch").state is LaneState.RUNNING, "it runs")
        lab.settle(pipeline)
        desk.run("retry", "--all")
        assert lab.differences(desk.config) == {"elasticsearch": 0}
