"""``ingest demo``: real servers, real changes, both sinks compared: one command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from actors.cli.live import LiveView, View
from actors.cli.options import AsJson
from actors.cli.session import Signals
from actors.codec import codec_line
from actors.demo.configuration import NAME
from actors.demo.report import Places, result_json, result_lines
from actors.demo.run import Demo, DemoOptions
from actors.demo.servers import DemoServers
from actors.runtime import known_runs
from ingest.problems import DataProblem, declare

ALREADY_RUNNING = declare(
    "demo.already_running", "A demo runs on this machine.", "End it first (Ctrl-C in its terminal), or look at it."
)
EXIT_DIFFERENT = 1
DEFAULT = DemoOptions()


def demo(
    seconds: Annotated[float, typer.Option(min=1, max=3600, metavar="S", help="How long to write.")] = DEFAULT.seconds,
    rate: Annotated[float, typer.Option(min=1, max=100_000, metavar="N", help="Row changes a second.")] = DEFAULT.rate,
    big_rows: Annotated[
        int, typer.Option(min=0, max=5_000_000, metavar="N", help="Row changes of the one big transaction.")
    ] = DEFAULT.big_rows,
    load_orders: Annotated[
        int, typer.Option(min=200, max=1_000_000, metavar="N", help="Orders that are there before the writing.")
    ] = DEFAULT.load_orders,
    shards: Annotated[int, typer.Option(min=1, max=16, metavar="N", help="Sink actors of each lane.")] = DEFAULT.shards,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of everything that is written.")] = DEFAULT.seed,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Real servers, real changes, both sinks compared: one command.

    Starts MySQL, Elasticsearch, HBase and a Ray of its own on loopback (downloads them at first), keeps changing a
    parcel carrier's tables, shows the changes arrive, stops writing, and compares every row of MySQL with both sinks.
    Nothing is left running afterwards. Exit code 1 when a single row differs.
    """
    if any(run.name == NAME for run in known_runs()):
        raise DataProblem(ALREADY_RUNNING, f"an ingest named {NAME!r} runs already")
    options = DemoOptions(seconds, rate, seed, big_rows, load_orders, shards)
    view = LiveView(sys.stderr if as_json else sys.stdout)
    with Signals() as signals, view, DemoServers(view.phase) as servers, _closing(Demo(servers, options, view)) as run:
        run.start()
        run.launch(signals.take)
        places = _places(servers, run)
        run.catch_up()
        _say(view, codec_line(), "look while it runs:", *places().lines())
        run.write()
        run.compare()
        if not as_json:
            _say(view, *result_lines(run.result))
        if keep:
            _say(view, "look while it runs:", *places().lines())
            _watch(run)
        found = result_json(run.result, places())
        view.phase("stop")
    if as_json:
        typer.echo(json.dumps(found))
    if run.result.differences:
        raise typer.Exit(EXIT_DIFFERENT)


@contextmanager
def _closing(run: Demo) -> Iterator[Demo]:
    try:
        yield run
    finally:
        run.close()


def _say(view: View, *lines: str) -> None:
    for line in lines:
        view.say(line)


def _watch(run: Demo) -> None:
    try:
        run.watch()
    except KeyboardInterrupt:
        return


def _places(servers: DemoServers, run: Demo) -> Callable[[], Places]:
    """Where to look, as far as it is known by then (the metrics' address comes with a status)."""

    def places() -> Places:
        scrapes = [address for status in run.result.statuses for address in status.metrics]
        return Places(
            elasticsearch=servers.elasticsearch.url,
            hbase=f"{servers.hbase.host}:{servers.hbase.thrift_port}",
            mysql=servers.mysql.address,
            dashboard=servers.ray_address.dashboard_url,
            metrics=f"http://{scrapes[0]}/metrics" if scrapes else "",
            config=run.config_file,
        )

    return places
