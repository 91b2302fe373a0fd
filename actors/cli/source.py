"""CONFIG as given on the command line, to its text, to a Config.

``-`` is standard input. A file's suffix says whether it is TOML or JSON; where there is none (standard input, a shell's
``<(...)``), the first character does: JSON starts with a brace, TOML can't.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actors.cli.options import OnGap
from ingest.config.gaps import gap_mistakes
from ingest.config.load import load
from ingest.config.model import Config
from ingest.problems import DataProblem, ProblemGroup, declare

CONFIG_UNREADABLE = declare(
    "cli.config_unreadable", "The configuration can't be read.", "Give the path of a file you may read, or - for stdin."
)
CONFIG_FORMAT = declare(
    "cli.config_format", "The file's name says neither TOML nor JSON.", "Name it .toml or .json, or give it on stdin."
)

Syntax = Literal["toml", "json"]
STDIN = "-"
STDIN_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class ConfigText:
    """A configuration before it is parsed; ``origin`` names it in messages."""

    text: str
    syntax: Syntax
    origin: str


def load_config(argument: str) -> Config:
    """CONFIG to the configuration. DataProblem when it can't be read; ProblemGroup with all its mistakes."""
    return load_text(read_config(argument))


def load_text(source: ConfigText) -> Config:
    """Text to the configuration. ProblemGroup with all its mistakes."""
    return load(source.text, syntax=source.syntax, origin=source.origin)


def with_on_gap(config: Config, on_gap: OnGap | None) -> Config:
    """The configuration with every lane's ``on_gap`` as a command says; None: as it is. ProblemGroup: rules that don't fit
    it."""
    if on_gap is None:
        return config
    lanes = {name: lane.model_copy(update={"on_gap": on_gap.value}) for name, lane in config.lanes.items()}
    mistakes = [
        mistake.problem.with_where(at=".".join(map(str, mistake.path))) for mistake in gap_mistakes(lanes, config.sinks)
    ]
    if mistakes:
        raise ProblemGroup(mistakes)
    return config.model_copy(update={"lanes": lanes})


def read_config(argument: str) -> ConfigText:
    """CONFIG to its text. DataProblem ``cli.config_unreadable``, ``cli.config_format``."""
    if argument == STDIN:
        text = _decode(sys.stdin.buffer.read(), STDIN_NAME)
        return ConfigText(text, syntax_of_text(text), STDIN_NAME)
    path = Path(argument)
    suffix = path.suffix.lower()
    if suffix not in {"", ".toml", ".json"}:
        raise DataProblem(CONFIG_FORMAT, f"{path.name!r} is neither .toml nor .json", {"file": path})
    try:
        text = _decode(path.read_bytes(), argument)
    except OSError as error:
        raise DataProblem(CONFIG_UNREADABLE, str(error.strerror or error), {"file": path}) from error
    if suffix == ".toml":
        return ConfigText(text, "toml", argument)
    return ConfigText(text, "json" if suffix else syntax_of_text(text), argument)


def syntax_of_text(text: str) -> Syntax:
    """TOML or JSON, by the first character."""
    return "json" if text.lstrip().startswith("{") else "toml"


def _decode(content: bytes, origin: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataProblem(
            CONFIG_UNREADABLE, f"byte {error.start} isn't UTF-8", {"file": origin}, "Save the file as UTF-8."
        ) from error
