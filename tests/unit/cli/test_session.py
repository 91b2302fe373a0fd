"""actors.cli.session: a foreground run until it is asked to stop."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from actors.cli.live import LiveView
from actors.cli.session import SILENT_S, Session, Signals
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.status import ClusterStatus, LaneState
from tests.kit.statuses import cluster, lane

LOST = declare("test.lost", "Lost, in a test.", "")


@dataclass
class ScriptedPipeline:
    """A pipeline whose answers a test gives: ``on_status`` and ``on_drain`` are called for each question."""

    on_status: Callable[[int], Sequence[ClusterStatus]] = lambda _asked: [cluster()]
    on_drain: Callable[[float], bool] = lambda _timeout_s: True
    asked: int = 0
    drains: list[tuple[str | None, float]] = field(default_factory=list)

    def status(self) -> Sequence[ClusterStatus]:
        self.asked += 1
        return self.on_status(self.asked)

    def drain(self, lane: str | None, timeout_s: float) -> bool:
        self.drains.append((lane, timeout_s))
        return self.on_drain(timeout_s)


class FastClock:
    """Each look at it is ten seconds later."""

    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 10
        return self.now_s


@pytest.fixture
def signals() -> Iterator[Signals]:
    with Signals() as taken:
        yield taken


def session(pipeline: ScriptedPipeline, signals: Signals) -> tuple[Session, io.StringIO]:
    stream = io.StringIO()
    return Session(pipeline, LiveView(stream), signals, drain_s=7.0, clock=FastClock(), look_every_s=0.02), stream


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_shows_the_last_state(signals: Signals, number: int) -> None:
    """SIGINT and SIGTERM: drain with the bound given, then one more look; what was shown last is kept."""

    def status(asked: int) -> Sequence[ClusterStatus]:
        if asked == 2:
            send(number)
        return [cluster("a", lane(epoch=asked))]

    pipeline = ScriptedPipeline(status)
    one, stream = session(pipeline, signals)
    assert one.follow() is True
    assert pipeline.drains == [(None, 7.0)]
    assert one.statuses[0].lanes[0].epoch == pipeline.asked > 2
    assert "draining, 7 s at most" in stream.getvalue()


def test_a_second_signal_does_not_wait_for_the_drain(signals: Signals) -> None:
    """While the drain hangs a second signal ends the session at once, not drained."""
    release = threading.Event()

    def hang(_timeout_s: float) -> bool:
        send(signal.SIGTERM)
        release.wait(30)
        return True

    pipeline = ScriptedPipeline(on_drain=hang)
    one, _stream = session(pipeline, signals)
    threading.Timer(0.1, send, [signal.SIGINT]).start()
    assert one.follow() is False
    assert not release.is_set()
    release.set()


def test_a_drain_that_fails_or_runs_out_of_time_is_told(signals: Signals) -> None:
    """Both end the session, as not drained; the reason is shown."""

    def fail(_timeout_s: float) -> bool:
        raise WorldProblem(LOST, "the supervisor is gone")

    for on_drain, text in ((fail, "the supervisor is gone"), (lambda _s: False, "draining")):
        one, stream = session(ScriptedPipeline(on_drain=on_drain), signals)
        threading.Timer(0.1, send, [signal.SIGINT]).start()
        assert one.follow() is False
        assert text in stream.getvalue()
        signals.count = 0


def test_a_supervisor_that_restarts_is_waited_for(signals: Signals) -> None:
    """No answer for a while is shown and forgiven."""

    def status(asked: int) -> Sequence[ClusterStatus]:
        if asked in {2, 3}:
            raise WorldProblem(LOST, "it restarts")
        if asked == 4:
            send(signal.SIGINT)
        return [cluster()]

    one, stream = session(ScriptedPipeline(status), signals)
    assert one.follow() is True
    assert "no answer: it restarts" in stream.getvalue()


def test_a_supervisor_that_stays_away_ends_the_session(signals: Signals) -> None:
    """Nothing hangs: after the bound its problem is raised."""

    def status(_asked: int) -> Sequence[ClusterStatus]:
        raise WorldProblem(LOST, "gone for good")

    pipeline = ScriptedPipeline(status)
    one, _stream = session(pipeline, signals)
    with pytest.raises(WorldProblem, match="gone for good"):
        one.follow()
    assert pipeline.asked >= SILENT_S / 40


def test_it_ends_when_every_lane_has_stopped_and_only_then(signals: Signals) -> None:
    """One stopped lane of two goes on; all stopped is an error that has their problems."""
    bad = lane("bad", state=LaneState.STOPPED, problem="no such table")
    worse = lane("worse", state=LaneState.STOPPED, problem="wrong password")

    def status(asked: int) -> Sequence[ClusterStatus]:
        return [cluster("a", bad, lane("good") if asked < 3 else worse)]

    pipeline = ScriptedPipeline(status)
    one, _stream = session(pipeline, signals)
    with pytest.raises(DataProblem) as caught:
        one.follow()
    assert pipeline.asked == 3
    assert "no such table" in caught.value.what
    assert "wrong password" in caught.value.what


def test_before_there_is_anything_to_drain_a_signal_interrupts() -> None:
    """While things start, SIGTERM acts like Ctrl-C; afterwards the handlers of before are back."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), Signals():
        send(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
