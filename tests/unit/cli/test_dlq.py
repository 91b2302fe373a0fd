"""ingest dlq: what is shown, exported, retried and dropped, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from actors.cli import dlq
from actors.cli.main import app
from actors.drivers.dead_letters import Selection, SqlDeadLetters
from actors.drivers.store import SqlCheckpointStore
from actors.members import this_process
from ingest.dead_letters.contract import RefusedLetter, RetryReport, StoreChange
from ingest.dead_letters.letter import QUARANTINED, Place
from ingest.sinks.contract import ItemResult, Outcome
from ingest.slices import Kind
from tests.kit.letter_world import UUID, Change, letter_of_change

CAUSE = replace(letter_of_change(Change(1, 4, True), 3), buried_us=1)
HELD = replace(letter_of_change(Change(1, 6, False), 9), reason=QUARANTINED, superseded=2, buried_us=2)
OTHER = replace(letter_of_change(Change(2, 5, True, Kind.DELETE), 5), buried_us=3)


class Corner:
    """A configuration and its store with three letters; nothing runs on this machine."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(directory / "state"))
        url = f"sqlite:///{directory}/store.db"
        self.config = directory / "shop.toml"
        self.config.write_text(f"""
            name = "shop"
            checkpoint = {{ store = "{url}" }}
            [clusters.main]
            hosts = ["127.0.0.1:1"]
            user = "root"
            [sinks.out]
            type = "blackhole"
            [lanes.orders]
            cluster = "main"
            sink = "out"
            rules = [{{ tables = ["shop.*"] }}]
            """)
        SqlCheckpointStore(url, "shop").claim("orders", this_process("supervisor"))
        self.store = SqlDeadLetters(url, "shop")
        self.store.record("orders", 1, StoreChange(added=[CAUSE, HELD, OTHER]))

    def run(self, command: str, *args: str) -> Result:
        return CliRunner().invoke(app, ["dlq", command, str(self.config), *args])

    def numbers(self) -> list[int]:
        return [letter.number for letter in self.store.find(Selection())]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corner:
    return Corner(tmp_path, monkeypatch)


class Running:
    """A pipeline that settles what it is asked to, except for key 2."""

    def __init__(self) -> None:
        self.retried: list[tuple[str, Sequence[Place]]] = []
        self.reloaded: list[str] = []

    def retry_letters(self, lane: str, places: Sequence[Place]) -> RetryReport:
        self.retried.append((lane, places))
        result = ItemResult(Outcome.POISON, "mapping", "still no date")
        refused = [RefusedLetter(OTHER.opened(), result) for place in places if place == ("t", "2")]
        return RetryReport(len(places) - len(refused), 3, refused)

    def reload_letters(self, lane: str) -> None:
        self.reloaded.append(lane)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    pipeline = Running()
    monkeypatch.setattr(dlq.target, "find", lambda name, address: SimpleNamespace(pipeline=pipeline))
    return pipeline


def test_list_shows_each_letter(place: Corner) -> None:
    """One line each for a pipe, oldest first, with all that the table has; what is held says so."""
    lines = place.run("list").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["letter", "1"], ["letter", "2"], ["letter", "3"]]
    assert "lane=orders target=t key=1 version=2.3 reason=mapping attempts=0" in lines[0]
    assert f"state=poison gtid={UUID}:4" in lines[0]
    assert "reason=quarantined" in lines[1]
    assert "state=held" in lines[1]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (["--lane", "orders"], [1, 2, 3]),
        (["--lane", "nothing"], []),
        (["--key", "1"], [1, 2]),
        (["--reason", "mapping"], [1, 3]),
        (["--key", "1", "--reason", "mapping"], [1]),
        (["--limit", "2"], [1, 2]),
    ],
)
def test_filters(place: Corner, filters: list[str], numbers: list[int]) -> None:
    """They narrow together; what a limit leaves out is said."""
    found = json.loads(place.run("list", *filters, "--json").stdout)
    assert [letter["number"] for letter in found["letters"]] == numbers
    assert found["more"] is ("--limit" in filters)


def test_show_tells_all_of_one(place: Corner) -> None:
    """The row before and after, the request, the sink's words, where it came from."""
    text = place.run("show", "2").stdout
    for expected in (
        "dead letter 2: held",
        "t / 1",
        "stands for 2 older changes",
        f"{UUID}:6",
        "n = 6",
        '{"index":{}}',
    ):
        assert expected in text
    assert text.index("before") < text.index("after")
    shown = json.loads(place.run("show", "3", "--json").stdout)
    assert (shown["before"], shown["after"]) == ({"id": 2, "n": 5, "bad": 1}, None)
    missing = place.run("show", "9")
    assert (missing.exit_code, "cli.no_such_letter" in missing.stderr) == (2, True)


def test_export_is_a_line_of_json_a_letter(place: Corner) -> None:
    """With the decoded rows, through the same filters."""
    lines = [json.loads(line) for line in place.run("export").stdout.splitlines()]
    assert [line["after"] and line["after"]["n"] for line in lines] == [4, 6, None]
    assert len(place.run("export", "--key", "2").stdout.splitlines()) == 1


def test_retry_needs_a_running_lane(place: Corner) -> None:
    """Nothing runs: said by name, nothing changed."""
    result = place.run("retry", "--all")
    assert result.exit_code == 1
    assert "run.not_found" in result.stderr
    assert place.numbers() == [1, 2, 3]


def test_retry_asks_for_whole_documents_and_tells_what_stays(place: Corner, running: Running) -> None:
    """A letter by number means its document; exit status 1 when one is poison again."""
    result = place.run("retry", "2")
    assert (result.exit_code, result.stdout) == (
        0,
        "settled 1 dead letters, and 3 older ones with them; 0 are poison again\n",
    )
    assert running.retried == [("orders", [("t", "1")])]
    result = place.run("retry", "--lane", "orders", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "settled": 1, "superseded": 3,
        "refused": [{"target": "t", "key": "2", "reason": "mapping", "detail": "still no date"}],
    }  # fmt: skip


def test_many_documents_are_retried_a_few_at_a_time(
    place: Corner, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the lane goes on between two calls."""
    monkeypatch.setattr(dlq, "AT_ONCE", 1)
    assert "poison again: t / 2: mapping: still no date" in place.run("retry", "--all").stdout
    assert running.retried == [("orders", [("t", "1")]), ("orders", [("t", "2")])]


def test_drop_takes_all_of_a_document_and_logs_it(place: Corner, running: Running) -> None:
    """Each dropped row with its GTID and key; the lane is told."""
    result = place.run("drop", "1", "--yes", "--json")
    assert json.loads(result.stdout) == {"dropped": 2, "numbers": [1, 2]}
    logged: list[dict[str, Any]] = [json.loads(line) for line in result.stderr.splitlines()]
    assert [(line["key"], line["gtid"], line["superseded"]) for line in logged] == [
        ("1", f"{UUID}:4", 0), ("1", f"{UUID}:6", 2)
    ]  # fmt: skip
    assert place.numbers() == [3]
    assert running.reloaded == ["orders"]


def test_drop_works_when_nothing_runs(place: Corner) -> None:
    """In the store only; a lane that starts later reads it there."""
    result = place.run("drop", "--reason", "mapping", "--yes")
    assert result.exit_code == 0
    assert "no running lane was told" in result.stderr
    assert place.numbers() == []


def test_drop_and_retry_want_to_know_which(place: Corner) -> None:
    """Nothing is given up by a command that forgot its filter, or that nobody confirmed."""
    for command in ("drop", "retry"):
        assert "cli.no_selection" in place.run(command).stderr
    assert "cli.not_confirmed" in place.run("drop", "--all").stderr
    assert place.numbers() == [1, 2, 3]
