"""The reference pages of the command line and of the problems: pure, from the commands and the catalogue themselves.

configs/commands.md has every command with its options and the shape of ``status --json``; configs/problems.md has every
code that an error can carry.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import actors
import ingest
from actors.cli.main import COMMANDS, load
from actors.cli.status_json import shape
from ingest.problems import ProblemCode, catalogue

_COMMANDS_HEAD = """\
<!-- Generated from the commands by `make docs`; don't edit. -->

# Commands

CONFIG is a path (`.toml` or `.json`) or `-` for standard input. NAME is a running ingest (the `name` of its
configuration), or INGEST/LANE for one of its lanes. Data goes to stdout, all else to stderr; without a terminal there
are plain lines instead of tables. Exit status: 0 fine, 1 a problem or a difference, 2 wrong use or a bad configuration,
130 interrupted.
"""

_SHAPE_HEAD = """
## The shape of `ingest status --json`

`{"clusters": [ClusterStatus, ...], "lag_bounds_ms": [...]}`. Each LaneStatus also has `applied` (row changes applied by
its present shards), `open_letters` (dead letters that wait for a person) and `lag_ms` (`{"p50": ..., "p99": ...}`, from the commit to the sink's yes; null before the first).
LagHistogram's `counts` has one number per entry of `lag_bounds_ms` (upper bounds), and one for the rest.
"""

_PROBLEMS_HEAD = """\
<!-- Generated from the code by `make docs`; don't edit. -->

# Problems

Every error names what happened, where, and what to do next, and carries one of these codes.
"""


def commands_page() -> str:
    """The text of configs/commands.md."""
    parts = [_COMMANDS_HEAD]
    for command in COMMANDS:
        if not command.hidden:
            parts += _command(f"ingest {command.name}", load(command))
    parts.append(_SHAPE_HEAD)
    for cls, fields in shape():
        rows = "".join(f"| `{name}` | {text} |\n" for name, text in fields)
        parts.append(f"\n**{cls}**\n\n| field | type |\n|---|---|\n{rows}")
    return "".join(parts)


def problems_page(codes: Mapping[str, ProblemCode]) -> str:
    """The text of configs/problems.md."""
    parts = [_PROBLEMS_HEAD]
    for family, group in groupby(sorted(codes.values(), key=lambda one: one.name), lambda one: one.name.split(".")[0]):
        rows = "".join(f"| `{code.name}` | {_cell(code.summary)} | {_cell(code.remedy)} |\n" for code in group)
        parts.append(f"\n## {family}\n\n| code | what it says | what to do |\n|---|---|---|\n{rows}")
    return "".join(parts)


def every_problem_code() -> Mapping[str, ProblemCode]:
    """All codes: those of every module of the project, each imported."""
    for package in (ingest, actors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    return catalogue()


def _command(name: str, command: Any) -> Iterator[str]:
    below = getattr(command, "commands", {})
    if below:
        yield f"\n## {name}\n\n{_prose(command.help)}\n"
        for inner_name, inner in below.items():
            yield from _command(f"{name} {inner_name}", inner)
        return
    shown = [param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    usage = " ".join([name, *(_argument(param) for param in arguments)])
    options = [param for param in shown if param.param_type_name == "option"]
    level = "##" if name.count(" ") == 1 else "###"
    yield f"\n{level} {usage}{' [OPTIONS]' if options else ''}\n\n{_prose(command.help)}\n"
    if shown:
        yield "\n| argument or option | default | what it is |\n|---|---|---|\n"
        yield "".join(f"| `{_argument(param)}` | {_default(param)} | {_cell(param.help)} |\n" for param in arguments)
        yield "".join(f"| {_option(param)} | {_default(param)} | {_cell(param.help)} |\n" for param in options)


def _argument(param: Any) -> str:
    metavar = param.metavar or param.name.upper()
    bare = metavar.strip("[]") + ("..." if param.nargs == -1 else "")
    return bare if param.required else f"[{bare}]"


def _option(param: Any) -> str:
    names = " / ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    return names if param.is_flag else f"{names} {_cell(param.metavar or param.type.name.upper())}"


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if getattr(param, "is_flag", False) or param.default is None:
        return f"`{param.opts[0]}`" if param.default is True else ""
    return f"`{param.default:g}`" if isinstance(param.default, float) else f"`{param.default}`"


def _prose(text: str | None) -> str:
    return inspect.cleandoc(text or "")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
