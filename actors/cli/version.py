"""``ingest version``."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import Annotated

import typer

PACKAGES = ("ray", "pyarrow", "mysql-replication", "pymysql", "elasticsearch", "happybase", "confluent-kafka")


def version(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """The versions of this program and of what it runs on."""
    found = {"ray-binlog-ingest": _version("ray-binlog-ingest"), "python": platform.python_version()}
    found |= {name: _version(name) for name in PACKAGES}
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, number in found.items():
        typer.echo(f"{name:18} {number or 'not installed'}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
