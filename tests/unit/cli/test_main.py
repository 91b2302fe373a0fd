"""actors.cli.main: the table of commands, and what is the same for all of them."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from actors.cli import main, version
from actors.cli.main import COMMANDS, app, load
from ingest.problems import DataProblem, ProblemGroup, WorldProblem, declare

ROOT = Path(__file__).parents[3]
BAD_KEY = declare("config.test_bad_key", "A key for tests.", "Mend it.")
DOWN = declare("test.down", "A server for tests is down.", "Start it.")


def in_new_process(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "actors.cli.main", *args], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("args", [["--help"], [], ["no-such-command"], ["--no-such-option"]])
def test_help_and_wrong_use_import_nothing_heavy(args: list[str]) -> None:
    """Help comes at once: neither Ray nor pydantic nor any sink's client is imported for it. (Typer itself imports
    pydantic, where it is installed, to say that a command is unknown.)
    """
    by_typer = {"pydantic"} if args == ["no-such-command"] else set()
    program = (
        "import sys; from actors.cli.main import app\n"
        f"try: app({args!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'pydantic', 'pyarrow', 'sqlglot', 'rich', 'elasticsearch', 'structlog', 'sqlalchemy'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(result.stdout.splitlines()[-1].removeprefix("HEAVY "))) <= by_typer


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_loads_and_its_summary_is_its_own_words(command: main.Command) -> None:
    """What the table says of a command is the first line of its docstring (or of its app's help)."""
    loaded: Any = load(command)
    assert inspect.cleandoc(loaded.help).splitlines()[0] == command.summary


def test_help_lists_every_public_command_under_its_heading() -> None:
    """All but the hidden ones, each with its summary."""
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in COMMANDS:
        assert (f"  {command.name} " in result.stdout) is not command.hidden
        assert (command.summary in result.stdout) is not command.hidden


def test_wrong_use_exits_with_2_and_names_the_nearest() -> None:
    """A mistyped command or option: exit 2, on stderr, with a suggestion."""
    command = in_new_process("stauts")
    assert (command.returncode, command.stdout) == (2, "")
    assert "Did you mean 'status'" in command.stderr
    option = in_new_process("version", "--jsno")
    assert (option.returncode, option.stdout) == (2, "")
    assert "--json" in option.stderr


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def invoke_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Any:
    monkeypatch.setattr(version, "version", raising(error))
    return CliRunner().invoke(app, ["version"])


PROBLEM = WorldProblem(DOWN, "it is down", {"host": "db:3306", "try": 3})


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PROBLEM, 1, "error: it is down\n  host: db:3306\n  try: 3\n  code: test.down\n\nhint: Start it.\n"),
        (DataProblem(BAD_KEY, "bad key", hint=""), 2, "error: bad key\n  code: config.test_bad_key\n"),
        (
            ProblemGroup([DataProblem(BAD_KEY, "bad 'a'"), DataProblem(BAD_KEY, "bad 'b'")]),
            2,
            "error: bad 'a'\n  code: config.test_bad_key\n\nhint: Mend it.\n\n"
            "error: bad 'b'\n  code: config.test_bad_key\n\nhint: Mend it.\n\n2 problems\n",
        ),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
    ids=["world", "config", "group", "interrupt"],
)
def test_problems_become_messages_and_exit_codes(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
) -> None:
    """All problems, each with place and hint, on stderr without a traceback; 2 for a bad configuration, else 1."""
    result = invoke_with(monkeypatch, error)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == text


def test_a_group_with_a_servers_problem_is_no_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 only when everything wrong is in what was asked."""
    assert invoke_with(monkeypatch, ProblemGroup([DataProblem(BAD_KEY, "bad"), PROBLEM])).exit_code == 1


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sink's client that isn't installed is a message, any other failed import is a bug."""
    result = invoke_with(monkeypatch, ModuleNotFoundError("No module named 'happybase'", name="happybase"))
    assert result.exit_code == 2
    assert "ray-binlog-ingest[hbase]" in result.stderr
    error = ModuleNotFoundError("No module named 'ingest.gone'", name="ingest.gone")
    assert invoke_with(monkeypatch, error).exception is error


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No escape sequence reaches a pipe."""
    assert "\x1b" not in invoke_with(monkeypatch, PROBLEM).stderr


def test_version_names_what_it_runs_on() -> None:
    """Plain lines, or one JSON object."""
    lines = in_new_process("version").stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["ray-binlog-ingest", "python", "ray"]
    result = CliRunner().invoke(app, ["version", "--json"])
    assert '"ray-binlog-ingest": "' in result.stdout
    assert isinstance(app, typer.Typer)
