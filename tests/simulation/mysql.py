"""A MySQL topology, simulated: an application that writes, replicas that follow, dumps of real binlog bytes.

Each document (table, primary key) has a history: the states that it had, one after the other (None: it wasn't there).
Every state that is a row is unique, so that what a sink shows can be placed in the history; but where the newest states were
lost with the server that had them alone, the one before them comes once more.

A replica applies independent transactions in any order, those that share a document in theirs; a failover lets another
server be the primary once it has all that the old one had (or, where it was lost, all that is left). GTIDs carry the uuid of
the server that was written to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.binlog.gtid import GtidSet, GtidSetBuilder, split_gtid
from ingest.failover.facts import HostFacts
from ingest.mysql.facts import ReplicaChannel
from ingest.mysql.framing import PureEventPackets
from ingest.mysql.replies import CONNECTION_LOST, PURGED
from ingest.problems import DataProblem, WorldProblem
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec
from tests.simulation.scheduler import Scheduler, Wait

DATABASE = "shop"
TABLES = tuple(
    TableSpec(DATABASE, name, (ColumnSpec("id"), ColumnSpec("v")), table_id=100 + number)
    for number, name in enumerate("tu")
)
KEYS = 4

Document = tuple[str, str]
"""(table, key)."""


@dataclass(frozen=True)
class Transaction:
    """``changes``: the rows; ``steps``: per row change, the states that it leads to, as (document, place in history)."""

    gtid: str
    number: int
    changes: tuple[Change, ...]
    steps: tuple[tuple[tuple[Document, int], ...], ...]
    events: tuple[bytes, ...]
    at_ms: float

    @property
    def documents(self) -> set[Document]:
        """The documents that it changes."""
        return {document for step in self.steps for document, _ in step}


@dataclass(eq=False)
class Server:
    """One server: its binlog, and who waits for more of it. ``hole``: a transaction that it will never have (it was
    restored from a backup); ``purged``: how many of its first transactions it has thrown away; ``stuck``: it gets no more;
    ``retired``: it never comes back."""

    uuid: str
    log: list[Transaction] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    executed: GtidSetBuilder = field(default_factory=lambda: GtidSetBuilder(GtidSet.parse("")))
    alive: bool = True
    starts: int = 0
    waiting: list[Wait] = field(default_factory=list)
    hole: str = ""
    purged: int = 0
    stuck: bool = False
    retired: bool = False

    def take(self, transaction: Transaction) -> None:
        """Write it to the binlog."""
        self.log.append(transaction)
        self.held.add(transaction.gtid)
        self.executed.add(transaction.gtid)
        self._wake()

    def has_later(self, place: int) -> bool:
        """Is there a later transaction of the same source? (The newest one that is missing is asked for again, by GTID.)"""
        uuid, number = split_gtid(self.log[place].gtid)
        return any(one == uuid and other > number for one, other in map(split_gtid, self.held))

    def lose(self, place: int) -> None:
        """A restore that left a transaction out; connections from before it are lost."""
        self.hole = self.log.pop(place).gtid
        self.held.discard(self.hole)
        self.executed = GtidSetBuilder(GtidSet.parse(",".join(sorted(self.held))))
        self.purged = min(self.purged, place)
        self.starts += 1
        self._wake()

    def facts(self, primary: Server) -> HostFacts:
        """What it says of itself; ``primary``: whom it follows, if it isn't that itself."""
        if not self.alive:
            return HostFacts(self.uuid, silence=WorldProblem(CONNECTION_LOST, "the simulated server doesn't answer"))
        follows = self is not primary
        purged = GtidSet.parse(",".join(one.gtid for one in self.log[: self.purged]))
        channels = (ReplicaChannel(primary.uuid, running=True),) if follows else ()
        return HostFacts(self.uuid, self.uuid, self.executed.freeze(), purged, follows, channels)

    def stop(self) -> None:
        """Kill -9."""
        self.alive = False
        self._wake()

    def retire(self) -> None:
        """End it for good."""
        self.retired = True
        self.stop()

    def start(self) -> None:
        """After a stop; connections from before it are lost."""
        self.alive = not self.retired
        self.starts += 1

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for wait in waiting:
            wait.resume(True)


class Topology:
    """See the module."""

    def __init__(self, scheduler: Scheduler, servers: int) -> None:
        self._scheduler = scheduler
        self._random = scheduler.random
        self.servers = [Server(f"{number + 1:08x}-1111-1111-1111-111111111111") for number in range(servers)]
        self.primary = self.servers[0]
        self.transactions: list[Transaction] = []
        self.lost: list[Transaction] = []
        self.history: dict[Document, list[int | None]] = {}
        self.made_by: dict[int, Transaction] = {}
        self._rows: dict[Document, int] = {}
        self._values = 0
        self.gaps = False

    # --- the application ----------------------------------------------------------------------------------------

    def write(self) -> None:
        """A transaction of some row changes, on the primary."""
        if not self.primary.alive:
            return
        rows = self._random.choice((1, 1, 1, 2, 3, 12))
        made = [self._row_change() for _ in range(rows)]
        changes, steps = tuple(change for change, _ in made), tuple(step for _, step in made)
        number = 1 + sum(one.gtid.startswith(self.primary.uuid) for one in self.transactions)
        gtid = f"{self.primary.uuid}:{number}"
        writer = BinlogWriter(self.primary.uuid, position=4 + 10_000 * len(self.transactions))
        if self._random.random() < 0.1:
            writer.compressed(number, changes)
        else:
            writer.transaction(number, changes, states_length=number % 3 > 0)  # now and then as before MySQL 8.0.2
        transaction = Transaction(
            gtid, len(self.transactions), changes, steps, tuple(writer.events()), self._scheduler.now_ms
        )
        self.transactions.append(transaction)
        self.made_by.update((change.after[1], transaction) for change in changes if change.after)  # type: ignore[misc]
        self.primary.take(transaction)

    def _row_change(self) -> tuple[Change, tuple[tuple[Document, int], ...]]:
        table = self._random.choice(TABLES)
        key = self._random.randrange(KEYS)
        document = (table.name, str(key))
        now = self._rows.get(document)
        self._values += 1
        new = (key, self._values)
        if now is None:
            return Change(table, None, new), (self._step(document, self._values),)
        before = (key, now)
        act = self._random.random()
        if act < 0.25:
            return Change(table, before, None), (self._step(document, None),)
        other = (table.name, str((key + 1) % KEYS))
        if act < 0.4 and other not in self._rows:
            moved = Change(table, before, ((key + 1) % KEYS, self._values))
            return moved, (self._step(document, None), self._step(other, self._values))
        return Change(table, before, new), (self._step(document, self._values),)

    def _step(self, document: Document, value: int | None) -> tuple[Document, int]:
        if value is None:
            del self._rows[document]
        else:
            self._rows[document] = value
        states = self.history.setdefault(document, [])
        states.append(value)
        return document, len(states) - 1

    # --- the replicas -------------------------------------------------------------------------------------------

    def replicate(self, server: Server) -> None:
        """A replica applies one more transaction: any that no missing earlier one shares a document with."""
        missing = [one for one in self.transactions if one.gtid not in server.held and one.gtid != server.hole]
        ready = [
            one
            for place, one in enumerate(missing)
            if not any(one.documents & earlier.documents for earlier in missing[:place])
        ]
        if ready and server.alive and not server.stuck:
            server.take(self._random.choice(ready))

    def fail_over(self) -> None:
        """The primary dies; another server takes its place, with all that was written. The old one comes back later."""
        old = self._promote(self._promotable())
        if old is not None:
            old.stop()
            self._scheduler.later(self._random.random() * 1_000, old.start)

    def demote(self) -> None:
        """Another server takes the primary's place, which goes on as a replica, or gets no more."""
        old = self._promote(self._promotable())
        if old is not None:
            old.stuck = self._random.random() < 0.5

    def _promotable(self) -> list[Server]:
        others = [one for one in self.servers if one is not self.primary and one.alive and not one.hole]
        return [one for one in others if self.gaps or not one.purged]

    def _promote(self, others: list[Server]) -> Server | None:
        if not others:
            return None
        chosen = self._random.choice(others)
        chosen.stuck = False
        while len(chosen.log) < len(self.transactions):
            self.replicate(chosen)
        old, self.primary = self.primary, chosen
        return old

    def lose_primary(self) -> None:
        """The primary dies for good, and nobody has the last of what it wrote. Another takes its place, with all that the
        rest have."""
        others = [one for one in self.servers if one is not self.primary]
        if not others or not all(one.alive and one.log for one in others):
            return
        self.primary.retire()
        self.servers = others
        for gone in [one for one in self.transactions if not any(one.gtid in server.held for server in others)]:
            self.transactions.remove(gone)
            self.lost.append(gone)
        for document in sorted({document for gone in self.lost for document in gone.documents}):
            self._show_again(document)
        self._promote(others)

    def _show_again(self, document: Document) -> None:
        """A document is what the transactions that are left made of it."""
        place = self._newest_place(document)
        state = self.history[document][place] if place >= 0 else None
        if self._rows.get(document) != state:
            self.history[document].append(state)
        if state is None:
            self._rows.pop(document, None)
        else:
            self._rows[document] = state

    def _newest_place(self, document: Document) -> int:
        places = (at for one in self.transactions for step in one.steps for found, at in step if found == document)
        return max(places, default=-1)

    def lost_states(self, document: Document) -> list[int | None]:
        """What a document may show for ever: it was applied before it was lost, and nothing has come after it."""
        newest, states = self._newest_place(document), self.history[document]
        steps = [pair for one in self.lost for step in one.steps for pair in step]
        return [states[place] for found, place in steps if found == document and place > newest]

    def restore(self) -> None:
        """A replica comes back from a backup without one of its newest transactions, once; it may be that the primary dies
        when nobody but this replica has them."""
        replicas = [one for one in self.servers if one is not self.primary and one.alive]
        if not replicas or any(one.hole for one in self.servers):
            return
        chosen, dies = self._random.choice(replicas), self._random.random() < 0.5
        for _ in range(3 if dies else 0):
            self.write()
        while dies and len(chosen.log) < len(self.transactions):
            chosen.stuck = False
            self.replicate(chosen)
        missed = [place for place in range(len(chosen.log))[-4:] if chosen.has_later(place)]
        if missed:
            chosen.lose(self._random.choice(missed))
            chosen.purged = len(chosen.log) if self.gaps else chosen.purged
        if dies and self.primary.alive:
            self.primary.stop()
            self._scheduler.later(self._random.random() * 2_000, self.primary.start)

    def purge_all(self) -> None:
        """Every server throws old binlogs away; from now on a purged one may become the primary."""
        self.gaps = True
        for server in self.servers:
            kept = 0 if server.hole or server.stuck else self._random.choice((0, 0, 1, 3))
            server.purged = max(server.purged, len(server.log) - kept)

    def retire(self) -> None:
        """Servers that will never have everything are taken out of the cluster's hosts, and ended: who reads from one notices."""
        for server in self.servers:
            if server is not self.primary and (server.hole or server.stuck):
                server.retire()
        self.servers = [one for one in self.servers if not one.retired]

    def purge(self) -> None:
        """A replica throws old binlogs away."""
        replicas = [one for one in self.servers if one is not self.primary]
        if replicas:
            chosen = self._random.choice(replicas)
            chosen.purged = self._random.randrange(chosen.purged, len(chosen.log) + 1)

    def state(self, document: Document) -> int | None:
        """What the source shows."""
        return self._rows.get(document)


class Dump:
    """A replica's connection: ``actors.stream.PacketSource``."""

    def __init__(self, scheduler: Scheduler, server: Server, held: GtidSet) -> None:
        self._random = scheduler.random
        self._server = server
        self._starts = server.starts
        self._held = held
        self._place = server.purged
        self._refused = any(one.gtid not in held for one in server.log[: server.purged])
        writer = BinlogWriter(server.uuid)
        writer.format_description()
        self._ready = [writer.fake_rotate(), *writer.events()]
        self.broken = False
        self.on_read: Callable[[], None] = lambda: None

    def fileno(self) -> int:
        """No socket."""
        raise AssertionError("a simulated dump has no descriptor")

    def is_readable(self) -> bool:
        """See ``machine.SimSource``."""
        return self._is_over() or self._refused or bool(self._ready) or self._place < len(self._server.log)

    def on_readable(self, wait: Wait) -> None:
        """See ``machine.SimSource``."""
        self._server.waiting.append(wait)

    def read_available(self) -> PureEventPackets:
        """Some of the events that are there."""
        self.on_read()
        if self._is_over():
            raise WorldProblem(CONNECTION_LOST, "the simulated server closed the connection")
        if self._refused:
            raise DataProblem(PURGED, "the simulated server has purged what the frontier lacks")
        while not self._ready and self._place < len(self._server.log):
            transaction = self._server.log[self._place]
            self._place += 1
            if transaction.gtid not in self._held:
                self._ready = list(transaction.events)
        count = self._random.randint(1, len(self._ready)) if self._ready else 0
        taken, self._ready = self._ready[:count], self._ready[count:]
        return PureEventPackets(tuple(taken))

    def close(self) -> None:
        """Nothing to let go."""

    def _is_over(self) -> bool:
        return self.broken or not self._server.alive or self._server.starts != self._starts
