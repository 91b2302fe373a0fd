"""The commands as a table, and what is the same for all: problems become messages and exit codes.

A command's module is imported when the command is chosen, not before: ``ingest --help`` imports neither Ray nor
pydantic. The summaries stand here for the same reason; a test compares them with the functions' docstrings.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
import typer.core
import typer.main

from actors.cli.reporting import EXIT_INTERRUPTED, exit_code, missing_extra, report
from ingest.problems import Problem, ProblemGroup


@dataclass(frozen=True, slots=True)
class Command:
    """A command: where it is (``module:attribute``; a function, or a typer app with commands below it)."""

    name: str
    target: str
    summary: str
    panel: str
    hidden: bool = False


_TRY = "Try it"
_RUN = "Run"
_LOOK = "Look and check"

COMMANDS = (
    Command("demo", "actors.demo.command:demo", "Real servers, real changes, both sinks compared: one command.", _TRY),
    Command(
        "stack",
        "actors.stack.command:app",
        "Real MySQL, Elasticsearch and HBase on this machine, without Docker.",
        _TRY,
    ),
    Command("run", "actors.cli.run:run", "Run a configuration in the foreground, with a live view.", _RUN),
    Command("submit", "actors.cli.submit:submit", "Run a configuration on a Ray cluster, as a Ray job.", _RUN),
    Command("pause", "actors.cli.steer:pause", "Stop applying changes, keeping the place.", _RUN),
    Command("resume", "actors.cli.steer:resume", "Go on after `pause`, or after a lane has stopped.", _RUN),
    Command("drain", "actors.cli.steer:drain", "Stop reading, and wait until all that was read is applied.", _RUN),
    Command(
        "rewind",
        "actors.rewind.command:rewind",
        "Take a lane back to an older point of the binlog, in a new epoch.",
        _RUN,
    ),
    Command("replay", "actors.replay.command:replay", "Apply archived binlog files that a lane lacks.", _RUN),
    Command("stop", "actors.cli.steer:stop", "End an ingest: its supervisors and all their actors.", _RUN),
    Command("status", "actors.cli.status:status", "What runs: lanes, shards, readers, lag, problems.", _LOOK),
    Command(
        "targets", "actors.cli.targets:targets", "Where Prometheus scrapes, as a file for its service discovery.", _LOOK
    ),
    Command("dlq", "actors.cli.dlq:app", "Dead letters: what a sink refused, and what waits behind.", _LOOK),
    Command("check", "actors.cli.check:check", "Check a configuration, and with --connect its servers too.", _LOOK),
    Command("plan", "actors.plan.command:plan", "Show what would be sent for real rows, without sending it.", _LOOK),
    Command(
        "trace",
        "actors.lineage.command:trace",
        "Say where a document came from, or why it isn't there.",
        _LOOK,
    ),
    Command("verify", "actors.verify.command:verify", "Compare every row of MySQL with the sinks.", _LOOK),
    Command("config", "actors.cli.configuration:app", "What a configuration may hold.", _LOOK),
    Command("version", "actors.cli.version:version", "The versions of this program and of what it runs on.", _LOOK),
    Command("launch-job", "actors.cli.launch_job:launch_job", "What `submit` runs on the cluster.", _RUN, hidden=True),
)

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
_BY_NAME = {command.name: command for command in COMMANDS}


def load(command: Command) -> typer.core.TyperGroup | typer.core.TyperCommand:
    """Import a command's module and build the command."""
    module, _, attribute = command.target.partition(":")
    found: Any = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode = None
        loaded: Any = typer.main.get_group(found)
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_CONTEXT)
        single.command(command.name)(found)
        loaded = typer.main.get_command(single)
    loaded.name = command.name
    loaded.hidden = command.hidden
    return loaded  # type: ignore[no-any-return]


class _Commands(typer.core.TyperGroup):
    """Loads the command that was chosen, and turns what it raises into a message and an exit code."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As the base class, after the stand-in has been replaced by the command itself."""
        command = _BY_NAME.get(args[0]) if args else None
        if command is not None:
            self.commands[command.name] = load(command)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands under their headings."""
        for panel in dict.fromkeys(command.panel for command in COMMANDS):
            with formatter.section(panel):
                formatter.write_dl([(c.name, c.summary) for c in COMMANDS if c.panel == panel and not c.hidden])

    def invoke(self, ctx: Any) -> Any:
        """Run; problems are told on stderr."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise _exit_with(problem, (problem,)) from None
        except ProblemGroup as group:
            raise _exit_with(group, group.problems) from None
        except ModuleNotFoundError as error:
            extra = missing_extra(error)
            if extra is None:
                raise
            raise _exit_with(error, (extra,)) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _exit_with(_error: BaseException, problems: tuple[Problem, ...]) -> typer.Exit:
    report(problems)
    return typer.Exit(exit_code(problems))


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    context_settings=_CONTEXT,
    rich_markup_mode=None,  # rich's own help takes 0.3 s to import
    pretty_exceptions_enable=False,
    help="Keeps Elasticsearch and HBase in step with MySQL: tails binlogs by GTID, in parallel on Ray.",
)


@app.callback()
def _root() -> None:
    return


def _stand_in() -> None:
    raise AssertionError("the command should have been loaded")


for _command in COMMANDS:
    app.command(_command.name, help=_command.summary, rich_help_panel=_command.panel, hidden=_command.hidden)(_stand_in)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="ingest")


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[func-returns-value]
