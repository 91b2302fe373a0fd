"""What the calling process uses, for the status."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from ingest.status import ProcessStatus


def this_process_status(role: str) -> ProcessStatus:
    """Resident memory (from /proc) and CPU time of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    node = os.uname().nodename
    return ProcessStatus(role, node, os.getpid(), pages * resource.getpagesize(), usage.ru_utime + usage.ru_stime)
