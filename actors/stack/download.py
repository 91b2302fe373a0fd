"""Downloads through the registries' ordinary clients (Maven, npm), by package name, verified.

The clients use whatever registry, mirror, proxy and certificates the machine has configured. They run under a reaper,
so that an interrupted download leaves no process behind. apt has its own module (``debian``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from actors.stack.cache import Progress
from actors.stack.process import Launch, Reaper
from ingest.problems import WorldProblem, declare

TOOL_MISSING = declare(
    "stack.tool_missing",
    "a program that fetches or unpacks servers is not installed",
    "install the named program",
)
DOWNLOAD_FAILED = declare(
    "stack.download_failed",
    "a package could not be fetched",
    "check that the package registry can be reached with its ordinary client, then try again; see the log",
)
CHECKSUM_WRONG = declare(
    "stack.checksum_wrong",
    "a downloaded file is not the one expected",
    "the registry or something on the way serves another file: don't use it; try again or ask whoever runs the mirror",
)
POLL_S = 0.1
REPORT_S = 2.0
MAVEN_DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def find_tool(name: str, package: str) -> str:
    """The path of a program. Raises WorldProblem naming the Debian ``package`` that brings it."""
    path = shutil.which(name)
    if path is None:
        raise WorldProblem(
            TOOL_MISSING,
            f"{name} is not on the PATH",
            hint=f"install it (Debian: apt install {package})",
        )
    return path


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, indented; empty when there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def size_of(directory: Path) -> int:
    """Bytes in the files below a directory; files that vanish meanwhile don't count."""
    total = 0
    for folder, _folders, names in os.walk(directory):
        for name in names:
            try:
                total += Path(folder, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


@dataclass(frozen=True, slots=True)
class Client:
    """Runs a registry's client in ``work``; ``label`` names the download in progress lines and errors."""

    reaper: Reaper
    work: Path
    logs: Path
    progress: Progress
    label: str

    def run(
        self,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        feed: str = "",
    ) -> str:
        """Run to the end and return what it printed. Raises WorldProblem, and keeps the log, when it fails."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"download-{Path(argv[0]).name}-{os.getpid()}-{time.time_ns()}.log"
        group = self.reaper.spawn(Launch(argv, cwd, log, {**os.environ, **(env or {})}, feed=feed))
        told, shown = time.monotonic(), ""
        before = size_of(self.work)
        while self.reaper.is_alive(group):
            time.sleep(POLL_S)
            if time.monotonic() - told >= REPORT_S:
                told = time.monotonic()
                line = f"{self.label}: {max(0, size_of(self.work) - before) / 1e6:.0f} MB so far"
                if line != shown:
                    self.progress(line)
                    shown = line
        status = self.reaper.exit_status(group)
        if status != 0:
            what = f"{self.label}: {Path(argv[0]).name} ended with status {status}\n{tail(log)}"
            raise WorldProblem(DOWNLOAD_FAILED, what, {"log": log})
        output = log.read_text(encoding="utf-8", errors="replace")
        log.unlink()
        return output


def verify(file: Path, sha256: str) -> None:
    """Raise WorldProblem unless the file has this SHA-256."""
    with file.open("rb") as stream:
        found = _sha256(stream)
    if found != sha256:
        raise WorldProblem(CHECKSUM_WRONG, f"{file.name} has SHA-256 {found}, expected {sha256}")


def _sha256(stream: object) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(1 << 20), b""):  # type: ignore[attr-defined]
        digest.update(block)
    return digest.hexdigest()


def npm_package(client: Client, name: str, version: str, sha256: str) -> Path:
    """Fetch an npm package's archive into the client's work directory."""
    argv = [find_tool("npm", "npm"), "pack", "--silent", f"{name}@{version}"]
    client.run(argv, client.work)
    archive = client.work / f"{name}-{version}.tgz"
    verify(archive, sha256)
    return archive


def maven_file(client: Client, coordinates: str, packaging: str, sha256: str) -> Path:
    """Fetch one file (``group:artifact:version``) into a repository of its own below the work directory.

    Not with Maven's strict checksums (-C), for some mirrors have none for large files: the pinned SHA-256 decides.
    """
    group, artifact, version = coordinates.split(":")
    repository = client.work / "m2"
    argv = [
        find_tool("mvn", "maven"),
        "-B",
        "-q",
        f"{MAVEN_DEPENDENCY_PLUGIN}:get",
    ]
    argv += [
        f"-Dmaven.repo.local={repository}",
        "-Dtransitive=false",
        f"-Dartifact={coordinates}:{packaging}",
    ]
    client.run(argv, client.work)
    file = repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.{packaging}"
    verify(file, sha256)
    return file


@dataclass(frozen=True, slots=True)
class MavenDependency:
    """A dependency; ``exclude`` holds ``group:artifact`` patterns of what it must not bring along."""

    group: str
    artifact: str
    version: str
    exclude: tuple[str, ...] = ()

    def xml(self) -> str:
        """The POM's element."""
        pairs = [pattern.split(":") for pattern in self.exclude]
        exclusions = "".join(
            f"<exclusion><groupId>{g}</groupId><artifactId>{a}</artifactId></exclusion>" for g, a in pairs
        )
        return (
            f"<dependency><groupId>{escape(self.group)}</groupId><artifactId>{escape(self.artifact)}</artifactId>"
            f"<version>{escape(self.version)}</version><exclusions>{exclusions}</exclusions></dependency>"
        )


def maven_jars(client: Client, dependencies: Sequence[MavenDependency], into: Path) -> None:
    """Fetch the jars of the dependencies and of all that they need at run time (checksums verified by Maven: -C)."""
    pom = client.work / "pom.xml"
    listed = "".join(dependency.xml() for dependency in dependencies)
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>local</groupId><artifactId>jars</artifactId><version>1</version>"
        f"<dependencies>{listed}</dependencies></project>",
        encoding="utf-8",
    )
    argv = [
        find_tool("mvn", "maven"),
        "-B",
        "-q",
        "-C",
        "-f",
        str(pom),
        f"{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies",
    ]
    argv += [
        f"-Dmaven.repo.local={client.work / 'm2'}",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={into}",
    ]
    client.run(argv, client.work)


def unzip(archive: Path, into: Path, prefix: str = "") -> None:
    """Unpack a zip file (only names that start with ``prefix``), with the permissions that it records."""
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            if not member.filename.startswith(prefix):
                continue
            path = Path(source.extract(member, into))
            mode = member.external_attr >> 16 & 0o777
            if mode and not member.is_dir():
                path.chmod(mode)
