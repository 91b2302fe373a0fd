"""The shape of the code, checked by code: purity of the core, one place for Ray, sizes, docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "ingest").rglob("*.py"))
SHELL = sorted((ROOT / "actors").rglob("*.py"))
IMPURE = {
    "ray",
    "socket",
    "asyncio",
    "threading",
    "time",
    "random",
    "subprocess",
    "os",
    "pymysql",
    "requests",
    "select",
}
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
EMPTY_NAMES = {"utils", "util", "helpers", "common", "misc", "base", "constants"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    """ingest/ imports nothing that does I/O, reads a clock or draws lots, and nothing of actors/."""
    assert not {name.partition(".")[0] for name in imports(path)} & (IMPURE | {"actors"})


def test_ray_remote_stands_in_one_place() -> None:
    """Plain classes become actors in wiring.py only."""
    users = [
        name_of(path) for path in SHELL if re.search(r"ray\.remote\(|@ray\.remote", path.read_text(encoding="utf-8"))
    ]
    assert users == ["actors/wiring.py"]


def test_ray_is_waited_for_in_one_place() -> None:
    """ray.get and ray.wait stand in mailbox.py only."""
    users = [name_of(path) for path in SHELL if re.search(r"ray\.(get|wait)\(", path.read_text(encoding="utf-8"))]
    assert users == ["actors/mailbox.py"]


@pytest.mark.parametrize("path", [*CORE, *SHELL], ids=name_of)
def test_sizes_names_and_docstrings(path: Path) -> None:
    """A file is one room, a function one thought; each module says what it owns; no name says nothing."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= FILE_LINES_MAX
    assert path.stem not in EMPTY_NAMES
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, f"{node.name} is too long"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_nothing_depends_on_hash_order(path: Path) -> None:
    """hash() differs between processes: the core never calls it (but for defining __hash__)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            assert path.name in {"gtid.py", "key_set.py", "digests.py"}  # a hash of a value in its own process
