"""Packages of Debian sid, fetched by apt and unpacked beside the system: nothing is installed.

apt runs with lists, caches and sources of our own, so it needs no privileges and changes nothing. Trust: the archive
key of the machine's ``debian-archive-keyring`` signs the index, whose checksums the packages must match; unsigned or
unauthenticated sources are refused whatever the machine's configuration allows.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from actors.stack.download import DOWNLOAD_FAILED, Client, find_tool
from ingest.problems import WorldProblem, declare

NO_DEBIAN_MIRROR = declare(
    "stack.no_debian_mirror",
    "MySQL 9 comes from Debian sid, and no Debian mirror is configured on this machine",
    "set INGEST_DEBIAN_MIRROR to the URI of a Debian mirror, and install the package debian-archive-keyring",
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_DIRECTORY = Path("/etc/apt")
ONLY_THESE = re.compile(r"^(?:lib|mysql-)[a-z0-9.+-]+$")


@dataclass(frozen=True, slots=True)
class Source:
    """One apt source entry."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def parse_deb822(text: str) -> list[Source]:
    """Entries of a ``.sources`` file, sources.list(5); disabled ones and source packages are left out."""
    sources = []
    for stanza in re.split(
        r"\n\s*\n",
        "\n".join(line for line in text.splitlines() if not line.startswith("#")),
    ):
        joined = re.sub(r"\n[ \t]+", " ", stanza)
        fields = {
            name.strip().lower(): value.split()
            for name, colon, value in (line.partition(":") for line in joined.splitlines())
            if colon
        }
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"])[:1] != ["no"]:
            suites, components = (
                tuple(fields.get("suites", [])),
                tuple(fields.get("components", [])),
            )
            sources += [Source(uri, suites, components) for uri in fields.get("uris", [])]
    return sources


def parse_one_line(text: str) -> list[Source]:
    """Entries of a ``sources.list`` file in the one-line format, sources.list(5)."""
    sources = []
    for line in text.splitlines():
        match = re.match(r"^\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            sources.append(Source(match.group(1), (match.group(2),), tuple(match.group(3).split())))
    return sources


def choose_mirror(sources: list[Source]) -> str | None:
    """The URI of a full Debian archive: not a security or third-party one, whose path ends in "debian"."""
    for source in sources:
        full = "main" in source.components and not any("security" in suite for suite in source.suites)
        if full and source.uri.rstrip("/").rsplit("/", 1)[-1] == "debian":
            return source.uri
    return None


def find_mirror(directory: Path = APT_DIRECTORY) -> str:
    """The Debian mirror that this machine uses, or the one that INGEST_DEBIAN_MIRROR names."""
    named = os.environ.get("INGEST_DEBIAN_MIRROR")
    sources: list[Source] = []
    for path in (
        directory / "sources.list",
        *sorted(directory.glob("sources.list.d/*")),
    ):
        if path.is_file() and path.suffix in (".list", ".sources"):
            parse = parse_deb822 if path.suffix == ".sources" else parse_one_line
            sources += parse(path.read_text(encoding="utf-8", errors="replace"))
    mirror = named or choose_mirror(sources)
    if mirror is None or not KEYRING.is_file():
        missing = "no Debian archive among apt's sources" if mirror is None else f"{KEYRING} is missing"
        raise WorldProblem(NO_DEBIAN_MIRROR, missing, {"sources": directory})
    return mirror


def _apt_options(work: Path, mirror: str, keyring: Path) -> list[str]:
    """Options that give apt its own world below ``work``, with verification on."""
    for name in ("lists/partial", "archives/partial"):
        (work / name).mkdir(parents=True, exist_ok=True)
    sources = work / "sid.sources"
    sources.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: sid\nComponents: main\nTargets: Packages\nSigned-By: {keyring}\n"
    )
    settings = {
        "Dir::Etc::sourcelist": str(sources),
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": str(work / "lists"),
        "Dir::Cache": str(work),
        "Dir::State::status": "/dev/null",
        "APT::Sandbox::User": "root",  # the cache may lie where the user _apt can't go
        "APT::Get::AllowUnauthenticated": "false",
        "Acquire::AllowInsecureRepositories": "false",
        "Acquire::AllowWeakRepositories": "false",
        "Acquire::AllowDowngradeToInsecureRepositories": "false",
        "Acquire::Languages": "none",
        "Acquire::PDiffs": "false",
        "APT::Update::Error-Mode": "any",  # a source that fails is an error, not a warning
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")] + ["-qq"]


def fetch_sid(client: Client, packages: list[str], into: Path, keyring: Path = KEYRING) -> None:
    """Unpack packages of sid, with the libraries that they depend on, into the directory ``into``."""
    apt_get, apt_cache = find_tool("apt-get", "apt"), find_tool("apt-cache", "apt")
    dpkg = find_tool("dpkg", "dpkg")
    apt, debs = client.work / "apt", client.work / "debs"
    options = _apt_options(apt, find_mirror(), keyring)
    debs.mkdir()
    client.run([apt_get, *options, "update"], client.work)
    skip = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    listed = client.run(
        [
            apt_cache,
            *options,
            "depends",
            "--recurse",
            *(f"--no-{kind}" for kind in skip),
            *packages,
        ],
        client.work,
    )
    wanted = sorted({line for line in listed.splitlines() if ONLY_THESE.match(line)})
    if not set(packages) <= set(wanted):
        raise WorldProblem(
            DOWNLOAD_FAILED,
            f"Debian sid has no {' '.join(sorted(set(packages) - set(wanted)))} now",
        )
    client.run([apt_get, *options, "download", *wanted], debs)
    for deb in sorted(debs.glob("*.deb")):
        client.run([dpkg, "-x", str(deb), str(into)], client.work)
