"""Version texts of real servers."""

from __future__ import annotations

import pytest

from ingest.mysql.server_version import parse_server_version


@pytest.mark.parametrize(
    ("text", "numbers", "mariadb"),
    [
        ("9.7.4-2", (9, 7, 4), False),
        ("5.6.24-log", (5, 6, 24), False),
        ("8.0.36-28", (8, 0, 36), False),
        ("8.0.mysql_aurora.3.04.0", (8, 0, 0), False),
        ("5.5.5-10.11.6-MariaDB-0+deb12u1", (10, 11, 6), True),
        ("11.4.2-MariaDB", (11, 4, 2), True),
        ("nonsense", (0, 0, 0), False),
    ],
)
def test_versions(text: str, numbers: tuple[int, int, int], mariadb: bool) -> None:
    """Numbers and lineage of what servers call themselves; the text is kept for people."""
    version = parse_server_version(text)
    assert (version.major, version.minor, version.patch) == numbers
    assert version.mariadb is mariadb
    assert str(version) == text


def test_versions_compare_by_number() -> None:
    """8.0.22 is newer than 8.0.9, and 10 newer than 9."""
    assert parse_server_version("8.0.22").at_least(8, 0, 22)
    assert not parse_server_version("8.0.9").at_least(8, 0, 22)
    assert parse_server_version("10.0.0").at_least(9, 7)
