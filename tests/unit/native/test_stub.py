"""The stub of the native core says what the library holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.kit.codecs import needs_native

ROOT = Path(__file__).parents[3]


@needs_native
def test_the_stub_is_the_library() -> None:
    """Every class, method and argument of the extension, and nothing else."""
    command = [sys.executable, "-m", "mypy.stubtest", "ingest.native._core", "--concise"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
