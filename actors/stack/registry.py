"""The servers that can be asked for by name. Adding one means adding its file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from actors.stack.cache import Cache, Progress
from actors.stack.elasticsearch import Elasticsearch
from actors.stack.hbase import Hbase
from actors.stack.mysql import Mysql
from actors.stack.server import Server
from ingest.problems import DataProblem, declare

UNKNOWN_SERVER = declare("stack.unknown_server", "there is no server of this name", "use one of the names listed")


@dataclass(frozen=True, slots=True)
class Offer:
    """A server that can be had by name."""

    name: str
    summary: str
    make: Callable[[Cache, Progress], Server]


_OFFERS = (
    Offer("mysql", "MySQL 9", lambda cache, progress: Mysql("9", cache=cache, progress=progress)),
    Offer("mysql56", "MySQL 5.6", lambda cache, progress: Mysql("5.6", cache=cache, progress=progress)),
    Offer("elasticsearch", "Elasticsearch", lambda cache, progress: Elasticsearch(cache=cache, progress=progress)),
    Offer(
        "elasticsearch-full",
        "Elasticsearch with painless (a download of 1.1 GB)",
        lambda cache, progress: Elasticsearch(full=True, cache=cache, progress=progress),
    ),
    Offer("hbase", "HBase with a Thrift 1 server", lambda cache, progress: Hbase(cache=cache, progress=progress)),
)
OFFERS = {offer.name: offer for offer in _OFFERS}


def check_names(names: Iterable[str]) -> list[str]:
    """The names without repetition, in order. Raises DataProblem for one that is not offered."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in OFFERS:
            raise DataProblem(UNKNOWN_SERVER, f"no server is called {name!r}; there are: {', '.join(OFFERS)}")
    return wanted
