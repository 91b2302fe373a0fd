"""What the supervisor of a replay is made of: that of ``ingest run`` for one lane, but for where its reader reads.

It keeps no wishes: a lane that a person paused is replayed because a person says so, and stays paused for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.drivers.store import SqlCheckpointStore
from actors.host import SystemHost
from actors.mailbox import ActorPeer
from actors.parts.source import ConfiguredSource
from actors.parts.store import store_url
from actors.parts.supervisor import ConfiguredSupervisor
from actors.wiring import spawn
from ingest.config.model import Config
from ingest.replay.archive import ArchivedFile

if TYPE_CHECKING:
    from actors.snapshot.gap import SnapshotEnds
    from actors.source import MysqlStreamSource
    from ingest.status import ClusterStatus

GROUP = "replay"
"""Whose server_id the server is read under: no reader's of a running ingest."""


class WishlessStore(SqlCheckpointStore):
    """See the module."""

    def wish(self, lane: str) -> str | None:
        """None."""
        return None

    def set_wish(self, lane: str, wish: str | None) -> None:
        """Not here."""


class ReplaySource(ConfiguredSource):
    """``actors.reader.StreamSource`` over files. ``alone``: nothing behind them is read (a shadow)."""

    def __init__(self, config: Config, cluster: str, files: Sequence[ArchivedFile], *, alone: bool) -> None:
        super().__init__(config, cluster, GROUP)
        self._files = files
        self._alone = alone

    def _make(self) -> Callable[..., MysqlStreamSource]:
        from actors.replay.source import ArchivedStreamSource, FilesStreamSource

        return partial(FilesStreamSource if self._alone else ArchivedStreamSource, self._files)

    def _ends(self) -> SnapshotEnds | None:
        """None: a replay reads what its files hold, and stops where they leave a gap."""
        return None


class ReplaySupervisor(ConfiguredSupervisor):
    """``actors.supervisor.SupervisorParts`` of one lane's replay. ``node``: where the files are, and the reader."""

    def __init__(self, config: Config, lane: str, files: Sequence[ArchivedFile], *, alone: bool, node: str) -> None:
        super().__init__(config, config.lanes[lane].cluster)
        self.lanes = (lane,)
        self._files = files
        self._alone = alone
        self._node = node

    def store(self) -> WishlessStore:
        """The checkpoint store."""
        return WishlessStore(store_url(self._config), self._config.name)

    def spawn_reader(self, group: str) -> ActorPeer:
        """A reader of the files."""
        from actors.reader import BinlogReader

        source = ReplaySource(self._config, self.cluster, self._files, alone=self._alone)
        name = f"reader:{self.cluster}/{GROUP}"
        joining = partial(ConfiguredSource, self._config, self.cluster)  # a replay has one lane: nobody joins
        return spawn(BinlogReader, name, self.cluster, group, source, joining, SystemHost(), node=self._node)

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """None: a replay ends, and who started it sees it."""
        return lambda _status: ()
