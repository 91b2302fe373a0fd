"""Downloads: what is missing or wrong is named, and what went wrong is kept."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.stack.debian import fetch_sid
from actors.stack.download import Client, MavenDependency, maven_file, maven_jars, npm_package, unzip, verify
from actors.stack.process import Reaper
from ingest.problems import WorldProblem


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A downloader into an empty directory."""
    reaper = Reaper()
    (tmp_path / "work").mkdir()
    yield Client(reaper, tmp_path / "work", tmp_path / "logs", lambda _line: None, "thing")
    reaper.close()


def fake_program(folder: Path, name: str, script: str) -> None:
    """A program of this name, first on the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + script)
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("tool", "package"), [("npm", "npm"), ("mvn", "maven"), ("apt-get", "apt")])
def test_a_missing_client_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client, tool: str, package: str
) -> None:
    """Without npm, Maven or apt the problem says which, and how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    fetch: dict[str, Callable[[], object]] = {
        "npm": lambda: npm_package(client, "a", "1", ""),
        "mvn": lambda: maven_file(client, "g:a:1", "zip", ""),
        "apt-get": lambda: fetch_sid(client, ["a"], tmp_path),
    }
    with pytest.raises(WorldProblem, match=f"(?s){tool} is not on the PATH.*apt install {package}") as raised:
        fetch[tool]()
    assert raised.value.code.name == "stack.tool_missing"


def test_a_client_that_fails_is_quoted_and_its_log_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """An unreachable registry: the client's own words are in the problem, and the log is still there."""
    fake_program(tmp_path / "bin", "npm", "echo 'ENOTFOUND the registry'; exit 4")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(WorldProblem, match=r"(?s)npm ended with status 4.*ENOTFOUND the registry") as raised:
        npm_package(client, "a", "1", "")
    assert raised.value.code.name == "stack.download_failed"
    assert "ENOTFOUND" in Path(raised.value.where["log"]).read_text()


def test_a_file_that_is_not_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """A registry that serves another file under the name is caught by the checksum."""
    fake_program(tmp_path / "bin", "npm", "printf evil > a-1.tgz")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(WorldProblem, match="expected 0000") as raised:
        npm_package(client, "a", "1", "0000")
    assert raised.value.code.name == "stack.checksum_wrong"
    right = hashlib.sha256(b"evil").hexdigest()
    verify(client.work / "a-1.tgz", right)


def test_maven_is_told_to_verify_and_to_keep_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """Jars come with strict checksums (-C), into a repository of our own."""
    fake_program(tmp_path / "bin", "mvn", f'echo "$@" > {tmp_path}/said')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    maven_jars(client, [MavenDependency("g", "a", "1", ("*:*",))], client.work / "lib")
    said = (tmp_path / "said").read_text().split()
    assert "-C" in said
    assert f"-Dmaven.repo.local={client.work / 'm2'}" in said


def test_unzip_keeps_permissions_and_takes_only_the_prefix(tmp_path: Path) -> None:
    """Programs stay executable; other members are left out."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as target:
        program = zipfile.ZipInfo("in/bin/run")
        program.external_attr = 0o100755 << 16
        target.writestr(program, "x")
        target.writestr("out/file", "x")
    unzip(archive, tmp_path / "to", "in/")
    assert (tmp_path / "to" / "in" / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "to" / "out").exists()
