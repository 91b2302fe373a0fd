"""Which Java runtime is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.stack import java
from actors.stack.java import find_jdk, version_of
from ingest.problems import WorldProblem


def make_home(parent: Path, name: str, version: str) -> Path:
    """A directory that looks like a Java home."""
    home = parent / name
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where homes are looked for."""
    monkeypatch.setattr(java, "JDK_PARENTS", (str(tmp_path),))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def test_the_lowest_version_that_fits_is_chosen(parent: Path) -> None:
    """Between the bounds, both included, the most conservative one wins."""
    homes = {number: make_home(parent, f"jdk-{number}", f"{number}.0.1") for number in (8, 17, 21, 25)}
    assert find_jdk("x", 17, 23) == homes[17]
    assert find_jdk("x", 18, 99) == homes[21]
    assert find_jdk("x", 25, 25) == homes[25]


def test_what_was_found_is_listed_when_none_fits(parent: Path) -> None:
    """The problem names the need, the versions seen, and what to do."""
    make_home(parent, "old", "1.8.0_402")
    with pytest.raises(WorldProblem, match=r"(?s)HBase needs a JDK from 17 to 23; found: 8 at .*JAVA_HOME") as raised:
        find_jdk("HBase", 17, 23)
    assert raised.value.code.name == "stack.jdk_missing"


def test_no_java_at_all_is_said(parent: Path) -> None:
    """Without any Java the list is empty, and says so."""
    with pytest.raises(WorldProblem, match="found: none"):
        find_jdk("HBase", 17, 23)


def test_java_home_is_considered(
    parent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A runtime outside the usual places is found through JAVA_HOME."""
    home = make_home(tmp_path_factory.mktemp("elsewhere"), "jdk", "21")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_jdk("x", 21, 99) == home


def test_a_runtime_in_a_closed_directory_is_not_for_all(parent: Path) -> None:
    """What another user can't reach isn't offered to a program that runs as one."""
    closed = parent / "closed"
    make_home(closed, "jdk", "21")
    closed.chmod(0o700)
    assert version_of(closed / "jdk") == 21
    with pytest.raises(WorldProblem, match="every user can reach"):
        find_jdk("Elasticsearch", 21, 99, for_all_users=True)
