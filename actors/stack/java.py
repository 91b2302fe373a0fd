"""Finding a Java runtime of the right version on this machine."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from actors.stack.cache import is_reachable_by_all
from ingest.problems import WorldProblem, declare

JDK_MISSING = declare(
    "stack.jdk_missing",
    "no Java runtime of the needed version was found",
    "install one, or set JAVA_HOME to it",
)
JDK_PARENTS = (
    "/usr/lib/jvm",
    "/usr/java",
    "/opt",
    "/opt/java",
    "~/.sdkman/candidates/java",
    "~/.jdks",
)


def _homes() -> Iterator[Path]:
    """Directories that may be a Java home, the environment's own first."""
    if "JAVA_HOME" in os.environ:
        yield Path(os.environ["JAVA_HOME"])
    for parent in (Path(name).expanduser() for name in JDK_PARENTS):
        if parent.is_dir():
            yield from sorted(parent.iterdir())
    program = shutil.which("java")
    if program is not None:
        yield Path(program).resolve().parent.parent


def version_of(home: Path) -> int | None:
    """The major version that a Java home declares in its ``release`` file; None when it isn't one."""
    try:
        release = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    return int(match.group(1)) if match and os.access(home / "bin" / "java", os.X_OK) else None


def find_jdk(needed_by: str, lowest: int, highest: int, for_all_users: bool = False) -> Path:
    """The Java home with the lowest version between ``lowest`` and ``highest`` (inclusive).

    ``for_all_users``: it must lie where any user can reach it. Raises WorldProblem that lists what was found.
    """
    found = {home.resolve(): version for home in _homes() if (version := version_of(home)) is not None}
    fit = {
        home: version
        for home, version in found.items()
        if lowest <= version <= highest and (not for_all_users or is_reachable_by_all(home))
    }
    if not fit:
        seen = ", ".join(f"{version} at {home}" for home, version in sorted(found.items())) or "none"
        reach = ", in a directory that every user can reach" if for_all_users else ""
        raise WorldProblem(
            JDK_MISSING,
            f"{needed_by} needs a JDK from {lowest} to {highest}; found: {seen}",
            hint=f"install a JDK from {lowest} to {highest}{reach}, or set JAVA_HOME to one",
        )
    return min(fit, key=lambda home: (fit[home], str(home)))
