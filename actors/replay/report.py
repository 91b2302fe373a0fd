"""A replay as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from actors.cli.figures import size

if TYPE_CHECKING:
    from actors.replay.command import Replay
    from actors.replay.follow import Finished


def plan_lines(planned: Replay) -> list[str]:
    """What is read, before it is."""
    lines = [f"lane {planned.lane}", f"  frontier now  {planned.frontier or 'nothing'}"]
    fresh = {reading.file.path: reading.fresh.count() for reading in planned.readings}
    for reading in planned.readings:
        file = reading.file
        unread = file.size_bytes - file.end
        cut = f", {unread:,} bytes behind the last whole transaction aren't read" if unread > _END_BYTES else ""
        lines.append(f"  read          {file.path}: {fresh[file.path]:,} transactions, {size(file.size_bytes)}{cut}")
    passed = len(planned.files) - len(fresh)
    if passed:
        lines.append(f"  passed over   {passed} file{'' if passed == 1 else 's'}: the frontier holds all of them")
    if fresh and not planned.shadow:
        lines.append("  then          the server's binlog up to its end; all of it is applied as one")
    return lines


_END_BYTES = 200
"""A file ends with an event that names the next one."""


def plan_json(planned: Replay, finished: Finished | None) -> Mapping[str, object]:
    """What was read and where the lane is, for programs."""
    return {
        "lane": planned.lane,
        "frontier": str(planned.frontier),
        "files": [
            {
                "file": reading.file.path,
                "transactions": reading.fresh.count(),
                "bytes": reading.file.size_bytes,
                "read_bytes": reading.file.end,
            }
            for reading in planned.readings
        ],
        "transactions": sum(reading.fresh.count() for reading in planned.readings),
        "done": finished is not None or not planned.readings,
        "epoch": finished.epoch if finished else None,
        "new_frontier": finished.frontier if finished else str(planned.frontier),
        "row_changes": finished.applied if finished else 0,
    }
