"""The exporters' addresses as a file for Prometheus (``file_sd_configs``).

Format: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ingest.problems import WorldProblem, declare

CANT_WRITE = declare(
    "metrics.cant_write_targets",
    "The file with the addresses to scrape can't be written.",
    "Look at the directory's permissions and free space.",
)


def targets_json(addresses: Iterable[str]) -> str:
    """The file's text: one group with every address once."""
    return json.dumps([{"targets": sorted(set(addresses)), "labels": {"job": "ingest"}}], indent=2) + "\n"


def write_targets(path: Path, addresses: Iterable[str]) -> None:
    """Replace the file in one step, so that Prometheus never reads half of it. WorldProblem
    ``metrics.cant_write_targets``.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(targets_json(addresses), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise WorldProblem(CANT_WRITE, f"{error.strerror or error}", {"file": path}) from error
