"""The machine that figures belong to: cores, memory, kernel, Python. No host name, no path."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """As in the results file."""

    cores: int
    cpu: str
    memory_gb: int
    kernel: str
    python: str

    def __str__(self) -> str:
        return f"{self.cores} cores ({self.cpu}), {self.memory_gb} GB, Linux {self.kernel}, Python {self.python}"


def this_machine() -> Machine:
    """What /proc and Python say."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    kernel = platform.release().partition("-")[0]
    return Machine(len(os.sched_getaffinity(0)), _cpu(), round(memory / 2**30), kernel, platform.python_version())


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()
