"""The cache: entries whole or absent, built once, by one process at a time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from actors.stack.cache import Cache, is_reachable_by_all
from ingest.problems import WorldProblem

ROOT = Path(__file__).resolve().parents[3]
BUILDER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from actors.stack.cache import Cache
    root, log = Path(sys.argv[1]), Path(sys.argv[2])
    def build(folder):
        with log.open("a") as file:
            file.write("built\\n")
        for number in range(20):
            (folder / str(number)).write_text("x")
            time.sleep(0.01)
    entry = Cache(root).ensure("thing", build)
    sys.exit(0 if len(list(entry.iterdir())) == 20 else 3)
""")


def test_parallel_processes_build_an_entry_once(tmp_path: Path) -> None:
    """Of several processes that want an entry, one builds it; all see it whole."""
    command = [sys.executable, "-c", BUILDER, str(tmp_path / "cache"), str(tmp_path / "log")]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(5)]
    assert [process.wait(60) for process in processes] == [0] * 5
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """A build that fails leaves no entry and no partial one, and the next try starts clean."""
    cache = Cache(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cache.ensure("thing", fail)
    assert not (tmp_path / "thing").exists()
    assert list((tmp_path / "partial").iterdir()) == []
    entry = cache.ensure("thing", lambda folder: (folder / "whole").touch())
    assert [file.name for file in entry.iterdir()] == ["whole"]


def test_what_a_killed_build_left_is_not_taken_over(tmp_path: Path) -> None:
    """Files of a build that was killed don't get into the next one."""
    stale = tmp_path / "partial" / "thing"
    stale.mkdir(parents=True)
    (stale / "stale").touch()

    def build(folder: Path) -> None:
        assert not list((tmp_path / "partial").rglob("stale"))  # its space is free again
        (folder / "fresh").touch()

    entry = Cache(tmp_path).ensure("thing", build)
    assert [file.name for file in entry.iterdir()] == ["fresh"]


def test_waiting_for_a_lock_is_said_once(tmp_path: Path) -> None:
    """Who waits for another's download is told so."""
    cache, lines, entered = Cache(tmp_path), list[str](), threading.Event()

    def wait() -> None:
        with cache.lock("thing", lines.append):
            entered.set()

    with cache.lock("thing"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not entered.wait(0.5)
    assert entered.wait(10)
    waiter.join()
    assert len(lines) == 1
    assert "waiting" in lines[0]


def test_a_cache_that_cannot_be_made_names_the_variable_to_set(tmp_path: Path) -> None:
    """An unusable cache directory is a problem whose hint says INGEST_CACHE."""
    (tmp_path / "file").touch()
    with pytest.raises(WorldProblem, match="INGEST_CACHE") as raised:
        Cache(tmp_path / "file").directory("run")
    assert raised.value.code.name == "stack.cache_unusable"


def test_the_environment_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INGEST_CACHE wins over the home directory."""
    monkeypatch.setenv("INGEST_CACHE", str(tmp_path / "mine"))
    assert Cache.default().root == tmp_path / "mine"
    monkeypatch.delenv("INGEST_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Cache.default().root == tmp_path / ".cache" / "ray-binlog-ingest"


def test_a_cache_below_a_closed_directory_moves_for_other_users(tmp_path: Path) -> None:
    """What must be reachable by another uid doesn't go below a directory that is closed to others."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    moved = Cache(closed / "cache").reachable()
    assert moved.root.parts[:3] == ("/", "var", "tmp")
    assert is_reachable_by_all(moved.root)
    assert moved.root.stat().st_mode & 0o022 == 0
