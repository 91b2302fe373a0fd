"""A foreground run ends with its own Ray."""

from __future__ import annotations

import threading

from actors.cli.ray_watch import while_alive

WAIT_S = 10.0


def test_a_ray_that_ends_is_noticed() -> None:
    """Once it isn't alive any more, and not before."""
    alive, looked, lost = threading.Event(), threading.Semaphore(0), threading.Event()
    alive.set()

    def is_alive() -> bool:
        looked.release()
        return alive.is_set()

    with while_alive(is_alive, lost.set, look_s=0.001):
        for _ in range(3):
            assert looked.acquire(timeout=WAIT_S)
        assert not lost.is_set()
        alive.clear()
        assert lost.wait(WAIT_S)


def test_a_ray_that_is_ended_on_purpose_is_not_lost() -> None:
    """After the block nobody looks any more: its end is ours."""
    lost, looked = threading.Event(), threading.Event()

    def is_alive() -> bool:
        looked.set()
        return not over

    over = False
    with while_alive(is_alive, lost.set, look_s=0.001):
        assert looked.wait(WAIT_S)
    over = True
    looked.clear()
    assert not looked.wait(0.05)
    assert not lost.is_set()
