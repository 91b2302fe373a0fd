"""Where downloads are kept: a directory of entries, each built once and then only read.

The root is ``$INGEST_CACHE``, or ``~/.cache/ray-binlog-ingest``. Below it: the entries; ``partial/`` (being built);
``locks/``; ``run/`` (data and logs of running servers, removed with them); ``logs/`` (kept after a failure);
``state/`` (servers started from the command line).

Invariants: an entry appears complete or not at all (built aside, then renamed); two processes never build the same
entry at the same time (flock(2), which the kernel releases however a process ends).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.problems import WorldProblem, declare

CACHE_UNUSABLE = declare(
    "stack.cache_unusable",
    "the directory for downloads and server data can't be used",
    "set INGEST_CACHE to a directory of yours, on a disk with some 3 GB free",
)
POLL_S = 0.1

Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """A progress callback that says nothing."""


def is_reachable_by_all(path: Path) -> bool:
    """Whether any user can enter ``path``: it and all directories above it are open (x) to others."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache below ``root``."""

    root: Path

    @classmethod
    def default(cls) -> Cache:
        """The cache that the environment names."""
        named = os.environ.get("INGEST_CACHE")
        return cls(Path(named).absolute() if named else Path.home() / ".cache" / "ray-binlog-ingest")

    def directory(self, name: str) -> Path:
        """A directory of the cache, made when missing. Raises WorldProblem when that can't be."""
        path = self.root / name
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorldProblem(
                CACHE_UNUSABLE,
                f"can't create {path}: {error.strerror}",
                {"cache": self.root},
            ) from error
        return path

    def reachable(self) -> Cache:
        """Give this cache, or, when its parents are closed to other users (root's home is), one below /var/tmp.

        For programs that root must run as another user. The directory is ours alone to write.
        """
        if is_reachable_by_all(self.directory("run")):
            return self
        root = Path(f"/var/tmp/ray-binlog-ingest-{os.getuid()}")
        root.mkdir(mode=0o755, exist_ok=True)
        found = root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise WorldProblem(
                CACHE_UNUSABLE,
                f"{root} belongs to someone else, or others can write to it",
            )
        moved = Cache(root)
        for directory in (root, moved.directory("run")):
            directory.chmod(0o755)  # whatever the umask
        return moved

    @contextmanager
    def lock(self, name: str, progress: Progress = silent) -> Iterator[None]:
        """Hold the lock ``name`` against other processes and threads; waits for it, and says so."""
        path = self.directory("locks") / f"{name}.lock"
        with path.open("w") as file:
            told = False
            while not _try_lock(file.fileno()):
                if not told:
                    progress(f"{name}: waiting for another process that is getting it")
                    told = True
                time.sleep(POLL_S)
            yield

    def ensure(self, name: str, build: Callable[[Path], None], progress: Progress = silent) -> Path:
        """The entry ``name``; when missing, ``build`` fills the empty directory that it is given."""
        entry = self.root / name
        if entry.is_dir():
            return entry
        with self.lock(name, progress):
            if entry.is_dir():
                return entry
            aside = self.directory("partial") / name
            shutil.rmtree(aside, ignore_errors=True)
            partial = aside / secrets.token_hex(
                4
            )  # never the same path twice: an older build may still clean up its own
            partial.mkdir(parents=True)
            try:
                build(partial)
                partial.rename(entry)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        return entry


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
