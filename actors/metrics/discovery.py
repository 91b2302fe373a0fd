"""The exporters' addresses as a file for Prometheus (``file_sd_configs``), one group per exporter.

Format: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ingest.problems import WorldProblem, declare

CANT_WRITE = declare(
    "metrics.cant_write_targets",
    "The file with the addresses to scrape can't be written.",
    "Look at the directory's permissions and free space.",
)


def targets_json(ingest: str, address_by_node: Mapping[str, str]) -> str:
    """The file's text: the address of each node's exporter, labelled with the ingest's name and the node."""
    groups = [
        {"targets": [address], "labels": {"job": "ingest", "ingest": ingest, "node": node}}
        for node, address in sorted(address_by_node.items())
    ]
    return json.dumps(groups, indent=2) + "\n"


def write_targets(path: Path, ingest: str, address_by_node: Mapping[str, str]) -> None:
    """Replace the file in one step, so that Prometheus never reads half of it. WorldProblem
    ``metrics.cant_write_targets``.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(targets_json(ingest, address_by_node), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise WorldProblem(CANT_WRITE, f"{error.strerror or error}", {"file": path}) from error
