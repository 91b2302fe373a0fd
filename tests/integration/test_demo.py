"""``ingest demo`` from start to end, with one document slipped into a sink: exactly that one is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from actors.stack.process import ProcessId

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
ARGUMENTS = ["--json", "--seconds", "5", "--rate", "1000", "--load-orders", "400", "--big-rows", "1000"]


def test_demo_finds_exactly_what_was_slipped_in(tmp_path: Path) -> None:
    """All row changes are applied to both sinks and equal; one foreign document gives one difference and exit code 1;
    standard output is one JSON object; nothing is left running."""
    said = tmp_path / "stderr"
    with said.open("w", encoding="utf-8") as stderr:
        command = [sys.executable, "-m", "actors.cli.main", "demo", *ARGUMENTS]
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT)
        try:
            url = _find(said, r"curl -s '(http://[^/]+)/parcel-orders", demo)
            _slip_in(url)
            printed, _ = demo.communicate(timeout=800)
        finally:
            demo.kill()
            demo.wait()
    result = json.loads(printed)
    text = said.read_text(encoding="utf-8")
    assert demo.returncode == 1, text
    assert result["verdict"] == "different"
    assert result["differences"] == 1
    search, archive = result["sinks"]["elasticsearch"], result["sinks"]["hbase"]
    assert search["details"] == [{"kind": "surplus", "target": "parcel-stations", "key": "nowhere"}]
    assert archive["differences"] == 0
    assert result["changes"] > 400 * 4 + 5 * 1000
    assert archive["applied"] >= result["changes"]
    assert search["applied"] >= result["changes"] - search["filtered"] > 0
    assert result["lag_ms"]["p50"] is not None
    roles = {actor["role"].partition(":")[0] for actor in result["actors"]}
    assert {"supervisor", "reader", "sink", "checkpoint"} <= roles
    assert all(actor["rss_mb"] > 0 for actor in result["actors"])
    assert set(result["seconds"]) >= {"start", "launch", "catch_up", "write", "settle", "compare"}
    assert not Path(result["look"]["config"]).exists()
    assert [actor["pid"] for actor in result["actors"] if ProcessId.of(actor["pid"]) is not None] == []


def _find(said: Path, pattern: str, demo: subprocess.Popen[str]) -> str:
    """What the demo says of where to look, once it does."""
    while demo.poll() is None:
        match = re.search(pattern, said.read_text(encoding="utf-8"))
        if match is not None:
            return match.group(1)
        time.sleep(0.2)
    raise AssertionError(said.read_text(encoding="utf-8"))


def _slip_in(url: str) -> None:
    """A document that no row asks for; a station that the writer never touches."""
    request = urllib.request.Request(
        f"{url}/parcel-stations/_doc/nowhere",
        b'{"code": "nowhere"}',
        {"Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=120).close()
