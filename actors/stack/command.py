"""The command line of the stack: ``up NAME...``, ``status``, ``down [NAME...]``.

Servers started here outlive the command, until ``down``. While ``up`` is under way they still belong to it: Ctrl-C,
a failure or ``kill -9`` leaves nothing behind. Data goes to stdout (``--json``: one JSON object), all else to stderr.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from actors.stack import state
from actors.stack.cache import Cache, Progress
from actors.stack.registry import OFFERS, check_names
from actors.stack.server import start_all
from ingest.problems import Problem

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Real MySQL, Elasticsearch and HBase on this machine, without Docker.",
)
Names = Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(OFFERS)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
EXIT_PROBLEM = 1
EXIT_INTERRUPTED = 130


@contextmanager
def _reporting() -> Iterator[Progress]:
    """A progress callback for stderr (a live line on a terminal); problems become a message and an exit code."""
    console = Console(stderr=True, highlight=False)
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            if live is not None:
                live.update(line)
            else:
                print(line, file=sys.stderr, flush=True)  # noqa: T201

    live = console.status("") if console.is_terminal else None
    try:
        if live is not None:
            live.start()
        yield say
    except Problem as problem:
        console.print(str(problem), markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_PROBLEM) from problem
    except KeyboardInterrupt:
        console.print("interrupted: what this command started has been ended")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        if live is not None:
            live.stop()


def _print(servers: list[state.Running], as_json: bool) -> None:
    if as_json:
        found = {
            server.name: {
                "alive": server.is_alive,
                "address": server.address,
                **server.endpoint,
                "pids": {name: process.pid for name, process in server.processes.items()},
                "directory": server.directory,
            }
            for server in servers
        }
        typer.echo(json.dumps(found, indent=1))
        return
    for server in servers:
        health = "up" if server.is_alive else "DEAD (see its logs; `down` clears it)"
        pids = " ".join(str(process.pid) for process in server.processes.values())
        where = server.endpoint.get("url", server.address)
        typer.echo(f"{server.name:20} {where:34} {server.endpoint['version']:14} pid {pids}  {health}")
        if not server.is_alive:
            typer.echo(f"{'':20} {server.directory}/logs")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@app.command()
def up(names: Names = None, as_json: AsJson = False) -> None:
    """Fetch what is missing and start servers, in parallel; those that run already are left alone."""
    signal.signal(signal.SIGTERM, _interrupt)
    cache = Cache.default()
    with _reporting() as progress:
        wanted = check_names(names or ["mysql", "elasticsearch", "hbase"])
        with cache.lock("stack-up", progress):
            known = state.read_all(cache)
            for name in wanted:
                if name in known and not known[name].is_alive:
                    state.end(cache, known.pop(name))
            servers = [OFFERS[name].make(cache, progress) for name in wanted if name not in known]
            start_all(servers)
            try:
                for server in servers:
                    known[server.name] = state.describe(server)
                    state.write(cache, known[server.name])
                for server in servers:
                    server.detach()
            except BaseException:
                for server in servers:
                    server.close()
                    state.forget(cache, server.name)
                raise
    _print([known[name] for name in wanted], as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What `up` left running."""
    _print(list(state.read_all(Cache.default()).values()), as_json)


@app.command()
def down(names: Names = None, as_json: AsJson = False) -> None:
    """End servers that `up` started (all, unless named) and remove their data."""
    cache = Cache.default()
    with _reporting() as progress, cache.lock("stack-up", progress):
        known = state.read_all(cache)
        wanted = check_names(names) if names else list(known)
        ended = [name for name in wanted if name in known]
        for name in ended:
            progress(f"{name}: ending")
            state.end(cache, known[name])
    typer.echo(json.dumps({"ended": ended}) if as_json else f"ended: {' '.join(ended) or 'nothing was running'}")


if __name__ == "__main__":
    app()
