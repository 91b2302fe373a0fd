"""A bounded part of ``make chaos``: some disruptions of every family, each followed by recovery and the whole comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
SOME = (
    "kill_reader", "kill_sink", "kill_sink", "kill_checkpoint", "kill_supervisor", "cut_connections", "kill_thrift",
    "write_block", "mapping_conflict", "fail_over_twice",
)  # fmt: skip


def test_disruptions_of_every_family() -> None:
    """Invariants 1 to 5: after each one the lanes go on by themselves, no document was seen going back, and every row is
    equal in both sinks."""
    argv = [sys.executable, "-m", "tests.chaos", "--seed", "1", "--json", "--only", *SOME]
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    result = json.loads(done.stdout)
    assert result["details"] == []
    assert result["backward"] == []
    assert (result["disruptions"], result["differences"], done.returncode) == (len(SOME), 0, 0)
    assert result["looks"] > 0
    assert result["changes"] > 0
