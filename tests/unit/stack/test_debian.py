"""Finding the machine's own Debian mirror, in both formats of apt's sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.stack import debian
from actors.stack.debian import Source, choose_mirror, find_mirror, parse_deb822, parse_one_line
from ingest.problems import WorldProblem

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: sid
Components: main

Types: deb
URIs: http://mirror.test/debian/
  http://second.test/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://source.test/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://comment.test/debian bookworm main
deb-src http://source.test/debian bookworm main
deb http://mirror.test/debian-security bookworm-security main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib # why
"""


def test_deb822_stanzas_become_sources() -> None:
    """Several URIs, folded lines, comments, disabled and source-only stanzas are understood."""
    assert parse_deb822(DEB822) == [
        Source("http://mirror.test/debian-security", ("bookworm-security",), ("main",)),
        Source("http://mirror.test/debian/", ("bookworm", "bookworm-updates"), ("main", "contrib")),
        Source("http://second.test/debian", ("bookworm", "bookworm-updates"), ("main", "contrib")),
    ]


def test_one_line_entries_become_sources() -> None:
    """Options in brackets, trailing comments, and deb-src lines are understood."""
    assert parse_one_line(ONE_LINE) == [
        Source("http://mirror.test/debian-security", ("bookworm-security",), ("main",)),
        Source("http://mirror.test/debian", ("bookworm",), ("main", "contrib")),
    ]


@pytest.mark.parametrize(
    "sources",
    [
        [],
        [Source("http://mirror.test/debian-security", ("bookworm-security",), ("main",))],
        [Source("http://mirror.test/debian", ("bookworm-security",), ("main",))],
        [Source("http://vendor.test/apt", ("stable",), ("main",))],
        [Source("http://mirror.test/ubuntu", ("noble",), ("main",))],
        [Source("http://mirror.test/debian", ("bookworm",), ("contrib",))],
    ],
)
def test_other_archives_are_no_mirror(sources: list[Source]) -> None:
    """Security, third-party and other distributions' archives don't have sid."""
    assert choose_mirror(sources) is None


@pytest.mark.parametrize(("name", "text"), [("debian.sources", DEB822), ("debian.list", ONE_LINE)])
def test_the_machines_mirror_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """The mirror is read from apt's own directory, whichever format it has."""
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRING", keyring)
    monkeypatch.delenv("INGEST_DEBIAN_MIRROR", raising=False)
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "a.sources.disabled").write_text(
        "Types: deb\nURIs: http://off.test/debian\nComponents: main\n"
    )
    (tmp_path / "sources.list.d" / name).write_text(text)
    assert find_mirror(tmp_path).rstrip("/") == "http://mirror.test/debian"


def test_a_machine_without_debian_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Debian mirror the problem names the variable that brings one."""
    monkeypatch.delenv("INGEST_DEBIAN_MIRROR", raising=False)
    with pytest.raises(WorldProblem, match="INGEST_DEBIAN_MIRROR"):
        find_mirror(tmp_path)


def test_a_missing_keyring_is_never_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror without the key that signs it is refused, also when it was named."""
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "none.gpg")
    monkeypatch.setenv("INGEST_DEBIAN_MIRROR", "http://mirror.test/debian")
    with pytest.raises(WorldProblem, match="is missing"):
        find_mirror(tmp_path)
