"""Ray as the actors see it, simulated: processes with a data and a control group, calls with delays, restarts.

    SimPeer.send -> (network: delayed, lost, doubled) -> queue of the process -> the plain class -> (network) -> done

A call's answer never comes twice. A process that ends is started anew after a moment, as an empty one; calls that were
under way end in ``actor.lost`` sooner or later, whether or not they ran. The actors of a supervisor that ends are ended
too, but some of them late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from actors.mailbox import ACTOR_BUG, ACTOR_LOST, ACTOR_SILENT, CONTROL, DATA, Answer
from ingest.problems import Problem, WorldProblem
from tests.simulation.machine import SimHost, SimInbox
from tests.simulation.scheduler import Home, Killed, Scheduler

Factory = Callable[[SimHost], Any]
Call = Callable[[Any], None]


@dataclass(frozen=True)
class NetworkFaults:
    """How calls fare: how long one takes at most, and how often it comes late, is lost or comes twice."""

    delay_ms: float = 2.0
    late: float = 0.0
    late_ms: float = 3_000.0
    lost: float = 0.0
    doubled: float = 0.0


@dataclass(eq=False)
class Process:
    """One life of an actor. ``instance``: the plain class, once it is constructed."""

    home: Home
    host: SimHost
    calls: SimInbox[Call]
    instance: Any = None
    unanswered: list[Callable[[Answer], None]] = field(default_factory=list)


class Actors:
    """All processes of a world; ``processes`` of ``machine.SimHost``."""

    def __init__(self, scheduler: Scheduler, nodes: int) -> None:
        self.scheduler = scheduler
        self.faults = NetworkFaults()
        self.nodes = nodes
        self.bugs: list[BaseException] = []
        self.owned: dict[Home, list[SimPeer]] = {}
        self._homes: dict[int, Home] = {}
        self._pids = 0

    def process(self, name: str, node: str | None = None) -> tuple[Home, SimHost]:
        """A new, empty process."""
        self._pids += 1
        home = Home(f"{name}#{self._pids}")
        self._homes[self._pids] = home
        place = node or f"node{self.scheduler.random.randrange(self.nodes)}"
        return home, SimHost(self.scheduler, self, home, self._pids, place)

    def home_of(self, pid: int) -> Home | None:
        """The process, if it is still there."""
        home = self._homes.get(pid)
        return home if home is not None and home.alive else None

    def end(self, home: Home) -> None:
        """Kill -9."""
        if home.alive:
            self.scheduler.kill(home)


class SimPeer:
    """An actor that is started anew whenever it ends; ``actors.mailbox.ActorPeer``."""

    def __init__(self, actors: Actors, name: str, factory: Factory, owner: Home | None) -> None:
        self.name = name
        self.actors = actors
        self.owner = owner
        self.life: Process | None = None
        self.wanted = True
        self._newest_ms: dict[tuple[Home, str], float] = {}
        self._factory = factory
        self._scheduler = actors.scheduler
        if owner is not None:
            actors.owned.setdefault(owner, []).append(self)
        self._spawn()

    def __repr__(self) -> str:
        return f"SimPeer({self.name})"

    # --- as a Peer ----------------------------------------------------------------------------------------------

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = CONTROL) -> Any:
        """See ``Peer``."""
        wait = self._scheduler.wait()
        self.send(method, *arguments, done=wait.resume, group=group)
        answer = self._scheduler.block(wait, timeout_s * 1000)
        if answer is None:
            raise WorldProblem(ACTOR_SILENT, f"{self.name} didn't answer in time", {"actor": self.name})
        assert isinstance(answer, Answer)
        if answer.problem is not None:
            raise answer.problem
        return answer.value

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """See ``Peer``."""
        caller = self._scheduler.task().home
        faults, random = self.actors.faults, self._scheduler.random
        answered: list[Answer] = []

        def settle(answer: Answer) -> None:
            """On a thread of the caller, once."""
            if not answered:
                answered.append(answer)
                self._scheduler.spawn(caller, lambda: done(answer))

        def answer_soon(answer: Answer) -> None:
            self._scheduler.later(self._delay_ms(), lambda: settle(answer), caller)

        def lose() -> None:
            answer_soon(Answer(problem=WorldProblem(ACTOR_LOST, f"{self.name} died", {"actor": self.name})))

        def run(instance: Any) -> None:
            try:
                answer = Answer(getattr(instance, method)(*arguments))
            except Problem as problem:
                answer = Answer(problem=problem)
            except Killed:
                raise
            except Exception as error:  # noqa: BLE001 - a bug; kept, so that the run fails with it
                self.actors.bugs.append(error)
                answer = Answer(problem=WorldProblem(ACTOR_BUG, f"{type(error).__name__}: {error}"))
            answer_soon(answer)

        def arrive() -> None:
            life = self.life
            if life is None or not life.home.alive or random.random() < faults.lost:
                lose()
                return
            life.unanswered.append(lambda answer: None if answered else settle(answer))
            self._take(life, run, group)

        self._in_order(caller, group, arrive)
        if random.random() < faults.doubled:
            self._scheduler.later(self._delay_ms(), arrive)

    def end(self, *, restart: bool) -> None:
        """See ``ActorPeer``."""
        self.wanted = self.wanted and restart
        self.kill()

    # --- as a process -------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """Kill -9; started anew in a moment if it is still wanted."""
        if self.life is not None:
            self.actors.end(self.life.home)

    def _died(self) -> None:
        life, self.life = self.life, None
        assert life is not None
        for peer in self.actors.owned.pop(life.home, []):
            self._scheduler.later(self._orphan_ms(), lambda peer=peer: peer.end(restart=False))  # type: ignore[misc]
        lost = Answer(problem=WorldProblem(ACTOR_LOST, f"{self.name} died", {"actor": self.name}))
        for done in life.unanswered:
            self._scheduler.later(self._delay_ms(), lambda done=done: done(lost))  # type: ignore[misc]
        self._scheduler.later(50 + self._scheduler.random.random() * 400, self._spawn)

    def _orphan_ms(self) -> float:
        """How long an actor outlives its owner: Ray ends it, sooner or later."""
        random = self._scheduler.random
        return random.random() * (300 if random.random() < 0.7 else 20_000)

    def _spawn(self) -> None:
        if self.life is not None or not self.wanted or (self.owner is not None and not self.owner.alive):
            return
        home, host = self.actors.process(self.name)
        calls: SimInbox[Call] = SimInbox(self._scheduler)
        self.life = life = Process(home, host, calls)
        home.on_killed = self._died
        self._scheduler.spawn(home, lambda: self._main(life))

    def _main(self, life: Process) -> None:
        life.instance = self._factory(life.host)
        while True:
            life.calls.get()(life.instance)

    def _take(self, life: Process, run: Call, group: str) -> None:
        if group == DATA:
            life.calls.put(run)
        else:
            self._scheduler.spawn(life.home, lambda: self._control(life, run))

    @staticmethod
    def _control(life: Process, run: Call) -> None:
        if life.instance is None:
            life.calls.put(run)  # not constructed yet
        else:
            run(life.instance)

    def _in_order(self, caller: Home, group: str, arrive: Callable[[], None]) -> None:
        """A caller's calls of a group arrive in order, as Ray has it; one that is late is overtaken."""
        at_ms = self._scheduler.now_ms + self._delay_ms()
        if at_ms <= self._scheduler.now_ms + self.actors.faults.delay_ms:
            at_ms = max(at_ms, self._newest_ms.get((caller, group), 0.0))
            self._newest_ms[caller, group] = at_ms
        self._scheduler.at(at_ms, arrive)

    def _delay_ms(self) -> float:
        faults, random = self.actors.faults, self._scheduler.random
        if random.random() < faults.late:
            return random.random() * faults.late_ms
        return random.random() * faults.delay_ms
