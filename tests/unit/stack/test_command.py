"""The command line, as far as it goes without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.stack import state
from actors.stack.cache import Cache
from actors.stack.command import app
from actors.stack.process import ProcessId
from actors.stack.registry import OFFERS
from actors.stack.state import Running

GONE = ProcessId(1, 1, "another boot")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """The cache that the command uses."""
    monkeypatch.setenv("INGEST_CACHE", str(tmp_path))
    return Cache(tmp_path)


def test_an_unknown_name_is_answered_with_the_known_ones(cache: Cache) -> None:
    """``up`` and ``down`` of a name that isn't offered: exit code 1, the names on stderr, nothing on stdout."""
    for verb in ("up", "down"):
        result = CliRunner().invoke(app, [verb, "oracle"])
        assert result.exit_code == 1
        assert result.stdout == ""
        assert all(name in result.stderr for name in OFFERS)


def test_status_and_down_with_nothing_running(cache: Cache) -> None:
    """An empty stack is no error, and the JSON stays JSON."""
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout) == {}
    assert json.loads(CliRunner().invoke(app, ["down", "--json"]).stdout) == {"ended": []}


def test_a_dead_server_is_shown_and_cleared(cache: Cache) -> None:
    """A server that is recorded but gone is shown as dead with its logs; ``down`` clears it."""
    directory = cache.directory("run") / "mysql-x"
    directory.mkdir()
    state.write(cache, Running("mysql", "127.0.0.1:1", {"version": "9"}, GONE, {"mysqld": GONE}, str(directory)))
    shown = CliRunner().invoke(app, ["status"]).stdout
    assert "DEAD" in shown
    assert f"{directory}/logs" in shown
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["mysql"]["alive"] is False
    assert json.loads(CliRunner().invoke(app, ["down", "--json"]).stdout) == {"ended": ["mysql"]}
    assert not directory.exists()
    assert state.read_all(cache) == {}
