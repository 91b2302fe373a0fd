""".ci/setup: what it says where an environment can't be made, and what it installs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone's setup script, in a place with a space in its path."""
    place = tmp_path / "a clone"
    (place / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/setup", place / ".ci/setup")
    shutil.copy(ROOT / "requirements.lock", place)
    return place


def setup(clone: Path, python: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / ".ci/setup"],
        check=False,
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        timeout=60,
    )


def fake_python(clone: Path, fails_on: str) -> str:
    """This Python, except that a `-c` program that holds ``fails_on`` fails."""
    program = clone / "python3"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *"{fails_on}"*) exit 1;; esac\nexec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("fails_on", "error", "hint"),
    [
        ("import venv, ensurepip", "can't make virtual environments", "apt install python3-venv"),
        ("version_info < (3, 10)", "Python 3.10 or later is needed", "make setup PYTHON="),
    ],
)
def test_a_python_that_will_not_do_is_told_with_what_to_install(
    clone: Path, fails_on: str, error: str, hint: str
) -> None:
    """Debian's Python without venv, and an old Python: an error with a hint on stderr, and no environment is begun."""
    result = setup(clone, fake_python(clone, fails_on))
    assert result.returncode == 1
    assert result.stdout == ""
    assert error in result.stderr
    assert hint in result.stderr
    assert not (clone / ".venv").exists()


def test_a_missing_python_is_told(clone: Path) -> None:
    """PYTHON that names no program is said as it was given."""
    result = setup(clone, "python-of-nowhere")
    assert result.returncode == 1
    assert "there is no program python-of-nowhere" in result.stderr


def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    """Every requirement has hashes; no index, link or path stands in the lock; uv itself is in it."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    requirements = re.findall(r"^([a-z0-9][a-z0-9._-]*)==.*?(?=^[a-z0-9]|\Z)", lock, re.MULTILINE | re.DOTALL)
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    assert len(requirements) > 50
    assert {"uv", "ray", "pytest", "hatchling"} <= set(requirements)
    assert all("--hash=sha256:" in block for block in blocks if block.strip() and not block.startswith("#"))
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "file:" not in lock


def test_the_targets_of_the_makefile_are_listed_with_a_description() -> None:
    """`make` alone lists every public target."""
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    assert targets == set(re.findall(r"^  ([a-z-]+)  +\S", listed, re.MULTILINE))
