"""The checkpoint actor: keeps one lane's records durable.

Place in the flow: the reader hands it a record, it writes it by compare-and-set on the epoch, and the answer is the
reader's leave to dispatch further. A store that fails is tried again with backoff: meanwhile the lane stands still at
its reserve and nothing is lost. A record of an older epoch is refused by the store (invariant 4); one that comes once more,
after a later one of its epoch, is refused here: it would take the frontier (and a sink's state) back.
"""

from __future__ import annotations

from actors.host import Host
from ingest.checkpoint.contract import FENCED, CheckpointStore, Member
from ingest.checkpoint.record import CheckpointRecord
from ingest.problems import WorldProblem
from ingest.status import ProcessStatus

RETRY_FIRST_MS = 50.0
RETRY_MOST_MS = 2_000.0


class Checkpointer:
    """Plain class; an actor per lane. No I/O before ``commit``."""

    def __init__(self, lane: str, store: CheckpointStore, host: Host) -> None:
        self._lane = lane
        self._store = store
        self._host = host
        self._ended = host.event()
        self._epoch = 0
        self._number = 0
        self._trouble: WorldProblem | None = None

    def __repr__(self) -> str:
        return f"Checkpointer({self._lane}, epoch {self._epoch}{', ' + self._trouble.what if self._trouble else ''})"

    def start(self, epoch: int) -> Member:
        """Serve a new epoch; what the older one left unfinished is over."""
        if epoch != self._epoch:
            self._epoch, self._number = epoch, 0
        self._ended.clear()
        return self._host.this_process(f"checkpoint:{self._lane}")

    def end_epoch(self, epoch: int) -> None:
        """Stop trying for an epoch that is over (control group: a commit may be waiting for the store)."""
        if epoch >= self._epoch:
            self._ended.set()

    def commit(self, record: CheckpointRecord, number: int) -> None:
        """Durable when it returns, it or a later one. ``number``: rises by record within the epoch. DataProblem
        ``checkpoint.fenced`` when a newer epoch has the lane; a WorldProblem when this process doesn't serve its epoch, or the
        store's when the epoch ended while it failed."""
        if record.epoch != self._epoch:
            what = f"this process serves epoch {self._epoch}"
            raise WorldProblem(FENCED, what, {"lane": self._lane, "epoch": record.epoch})
        if number <= self._number:
            return
        delay_ms = RETRY_FIRST_MS
        while True:
            try:
                self._store.commit(record)
            except WorldProblem as problem:
                self._trouble = problem
                if self._ended.wait(delay_ms / 1000):
                    raise
                delay_ms = min(RETRY_MOST_MS, 2 * delay_ms)
            else:
                self._trouble = None
                self._number = number
                return

    def status(self) -> tuple[ProcessStatus, str]:
        """This process, and what the store's trouble is ("" when none)."""
        return self._host.process_status(f"checkpoint:{self._lane}"), str(self._trouble or "")
