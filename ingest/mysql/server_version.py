"""Version texts of MySQL and its relatives."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, order=True)
class ServerVersion:
    """Numbers first, so that versions compare; ``mariadb`` is another lineage and never compared."""

    major: int
    minor: int
    patch: int
    text: str = ""
    mariadb: bool = False

    def at_least(self, major: int, minor: int, patch: int = 0) -> bool:
        """Whether it is that version or a newer one."""
        return (self.major, self.minor, self.patch) >= (major, minor, patch)

    def __str__(self) -> str:
        return self.text or f"{self.major}.{self.minor}.{self.patch}"


def parse_server_version(text: str) -> ServerVersion:
    """``8.0.36-28``, ``5.6.24-log``, ``8.0.mysql_aurora.3.04.0``; MariaDB puts ``5.5.5-`` in front for old clients."""
    mariadb = "mariadb" in text.lower()
    numbers = _NUMBERS.match(text.removeprefix("5.5.5-") if mariadb else text)
    major, minor, patch = (int(part or 0) for part in numbers.groups()) if numbers else (0, 0, 0)
    return ServerVersion(major, minor, patch, text, mariadb)
