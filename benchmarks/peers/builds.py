"""Builds the peers' programs: sources of this folder and pinned modules, into the cache, once per version of them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from actors.stack.download import find_tool
from actors.stack.java import find_jdk
from benchmarks.measured import Program
from benchmarks.scope import Scope
from ingest.problems import WorldProblem, declare

BUILD_FAILED = declare(
    "benchmark.build_failed",
    "A peer's program can't be built.",
    "Its modules come from the Go and Maven registries: see that these can be reached, then try again.",
)
HERE = Path(__file__).parent
STOPWATCH = HERE / "java" / "Stopwatch.java"
MAVEN_DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
LOWEST_JDK, HIGHEST_JDK = 17, 25
JAVA_OPTIONS = ("-Xmx1g", "-XX:+UseParallelGC")


def go_mysql(scope: Scope) -> Program:
    """The go-mysql program."""
    version = _pinned("gomysql/go.mod", r"go-mysql (v\S+)")

    def build(folder: Path) -> None:
        go = find_tool("go", "golang-go")
        _run([go, "build", "-trimpath", "-o", str(folder / "peer"), "."], folder / "source")

    return Program([str(_built("gomysql", build, scope) / "peer")], version)


def mysql_replication(_scope: Scope) -> Program:
    """The mysql-replication program."""
    version = metadata.version("mysql-replication")
    return Program([sys.executable, "-m", "benchmarks.peers.mysql_replication"], version)


def debezium(scope: Scope, main: str = "Decode") -> Program:
    """A Debezium program: a Java class of its folder."""
    version = _pinned("debezium/pom.xml", r"debezium-embedded</artifactId>\s*<version>([^<]+)")
    return _java("debezium", main, version, scope)


def canal(scope: Scope) -> Program:
    """The Canal program."""
    return _java("canal", "Decode", _pinned("canal/pom.xml", r"canal.parse</artifactId>\s*<version>([^<]+)"), scope)


def _java(peer: str, main: str, version: str, scope: Scope) -> Program:
    jdk = find_jdk(peer, LOWEST_JDK, HIGHEST_JDK)

    def build(folder: Path) -> None:
        argv = [find_tool("mvn", "maven"), "-B", "-q", "compile", f"{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies"]
        argv += ["-DincludeScope=runtime", f"-DoutputDirectory={folder / 'jars'}"]
        _run(argv, folder / "source", {"JAVA_HOME": str(jdk)})

    home = _built(peer, build, scope, {STOPWATCH: "src/main/java/Stopwatch.java"})
    path = os.pathsep.join((str(home / "source" / "target" / "classes"), f"{home / 'jars'}/*"))
    return Program([str(jdk / "bin" / "java"), *JAVA_OPTIONS, "-cp", path, main], version)


def _built(
    peer: str, build: Callable[[Path], None], scope: Scope, shared: Mapping[Path, str] = MappingProxyType({})
) -> Path:
    """The peer's folder in the cache; its name says what it was built from. ``shared``: files of other folders, and
    where they belong in this one."""
    sources = sorted(path for path in (HERE / peer).rglob("*") if path.is_file()) + list(shared)
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]

    def copy_and_build(folder: Path) -> None:
        scope.tell(f"building the {peer} program")
        shutil.copytree(HERE / peer, folder / "source")
        for path, place in shared.items():
            shutil.copy2(path, folder / "source" / place)
        build(folder)

    return scope.cache.ensure(f"peer-{peer}-{digest}", copy_and_build, scope.tell)


def _run(argv: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        argv, check=False, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True
    )
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise WorldProblem(BUILD_FAILED, f"{Path(argv[0]).name} ended with status {done.returncode}:\n{words}")


def _pinned(file: str, pattern: str) -> str:
    found = re.search(pattern, (HERE / file).read_text(encoding="utf-8"))
    assert found is not None, f"{file} pins no version"
    return found.group(1)
