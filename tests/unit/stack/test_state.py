"""The record of servers that outlive the command that started them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.stack import state
from actors.stack.cache import Cache
from actors.stack.process import Launch, ProcessId, Reaper
from actors.stack.state import Running


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path)


@pytest.fixture
def running(cache: Cache) -> Iterator[Running]:
    """A process behind a detached reaper, as ``stack up`` leaves them."""
    directory = cache.directory("run") / "sleep-1"
    directory.mkdir()
    reaper = Reaper()
    reaper.own(directory)
    child = ProcessId.of(reaper.spawn(Launch(["sleep", "600"], directory, directory / "log", dict(os.environ))))
    keeper = ProcessId.of(reaper.pid)
    assert child is not None
    assert keeper is not None
    reaper.detach()
    recorded = Running("sleep", "127.0.0.1:1", {"version": "1"}, keeper, {"sleep": child}, str(directory))
    yield recorded
    state.end(cache, recorded)


def test_a_record_survives_the_file(cache: Cache) -> None:
    """What is written is what is read."""
    running = Running("a", "127.0.0.1:1", {"url": "x"}, ProcessId(1, 2, "b"), {"m": ProcessId(3, 4, "b")}, "/d")
    state.write(cache, running)
    assert state.read_all(cache) == {"a": running}
    state.forget(cache, "a")
    assert state.read_all(cache) == {}


def test_end_ends_the_server_its_reaper_and_its_data(cache: Cache, running: Running) -> None:
    """``down`` leaves no process, no directory and no record."""
    state.write(cache, running)
    assert running.is_alive
    state.end(cache, running)
    assert not running.reaper.is_alive()
    assert not running.processes["sleep"].is_alive()
    assert not Path(running.directory).exists()
    assert state.read_all(cache) == {}


def test_end_works_without_the_reaper(cache: Cache, running: Running) -> None:
    """When the reaper was killed, what it kept is still ended and removed."""
    running.reaper.send(signal.SIGKILL)
    state.end(cache, running)
    assert not running.processes["sleep"].is_alive()
    assert not Path(running.directory).exists()


def test_end_never_signals_a_stranger(cache: Cache, running: Running) -> None:
    """A record whose pids were given to other processes ends nobody."""
    with subprocess.Popen(["sleep", "600"]) as stranger:
        identity = ProcessId.of(stranger.pid)
        assert identity is not None
        recycled = replace(identity, start_ticks=identity.start_ticks - 1)
        state.end(cache, replace(running, reaper=recycled, processes={"sleep": recycled}))
        assert stranger.poll() is None
        stranger.kill()
