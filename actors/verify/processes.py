"""Several lanes compared at the same time, each in a process of its own: comparing costs a processor core per lane.

A child says how far it is, and in the end its verdict or the problem that ended it, through a pipe. It ends with its
parent: the next thing it says finds the pipe closed.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from actors.clock import SystemClock
from actors.verify.lanes import LaneProgress, VerifyOptions, verify_lane
from ingest.config.model import Config
from ingest.problems import Problem, WorldProblem, declare
from ingest.verify.verdict import LaneVerdict

LANES_AT_ONCE = 4

PROCESS_DIED = declare(
    "verify.process_died", "The process that compares a lane ended too soon.", "Is there enough memory? Run it again."
)

_Progress = tuple[str, str, int, int]
_Message = _Progress | LaneVerdict | Problem


def verify_lanes(
    config: Config, names: Sequence[str], options: VerifyOptions, progress: LaneProgress
) -> Iterator[LaneVerdict]:
    """Compare lanes, several at a time; the verdicts come in the order of the names. Raises Problem: the first lane's
    that has one; the others are not waited for."""
    if len(names) < 2:
        yield from (verify_lane(config, name, options, progress, SystemClock()) for name in names)
        return
    waiting = list(names)
    running: dict[Connection, _Child] = {}
    verdicts: dict[str, LaneVerdict] = {}
    try:
        for name in names:
            while name not in verdicts:
                while waiting and len(running) < LANES_AT_ONCE:
                    child = _Child.start(config, waiting.pop(0), options)
                    running[child.messages] = child
                for ready in wait(list(running)):
                    assert isinstance(ready, Connection)
                    verdict = running[ready].listen(progress)
                    if verdict is not None:
                        verdicts[running.pop(ready).lane] = verdict
            yield verdicts[name]
    finally:
        for child in running.values():
            child.process.terminate()
        for child in running.values():
            child.process.join()


@dataclass(frozen=True, slots=True)
class _Child:
    lane: str
    process: SpawnProcess
    messages: Connection

    @classmethod
    def start(cls, config: Config, lane: str, options: VerifyOptions) -> _Child:
        context = multiprocessing.get_context("spawn")
        messages, mouth = context.Pipe(duplex=False)
        process = context.Process(target=_compare, args=(mouth, config, lane, options), daemon=True)
        process.start()
        mouth.close()  # the child holds it now: when it dies, there is nothing more to read
        return cls(lane, process, messages)

    def listen(self, progress: LaneProgress) -> LaneVerdict | None:
        """The next message; the verdict if it is that. Raises Problem."""
        try:
            message: _Message = self.messages.recv()
        except EOFError:
            self.process.join()
            what = f"lane {self.lane!r}: exit code {self.process.exitcode}"
            raise WorldProblem(PROCESS_DIED, what, {"lane": self.lane}) from None
        if isinstance(message, Problem):
            raise message
        if isinstance(message, LaneVerdict):
            self.process.join()
            return message
        progress(*message)
        return None


def _compare(mouth: Connection, config: Config, lane: str, options: VerifyOptions) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    try:
        mouth.send(verify_lane(config, lane, options, lambda *far: mouth.send(far), SystemClock()))
    except Problem as problem:
        mouth.send(problem)
    except BrokenPipeError:
        return  # the parent is gone
