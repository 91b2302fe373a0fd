"""A Ray of our own: whoever runs on it learns when it has ended, in whatever way."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from actors.runtime import RAYLET, LocalRay, RayAddress

pytestmark = pytest.mark.integration

PATIENCE_S = 60.0


def agents_of(ray: RayAddress) -> list[psutil.Process]:
    """Ray's agent of the node, once it runs; other tests' Rays may run below this process too."""
    home = str(Path(ray.token_path).parent)
    raylets = [one for one in psutil.Process().children(recursive=True) if one.name() == RAYLET]
    [raylet] = [one for one in raylets if home in " ".join(one.cmdline())]
    return [one for one in raylet.children() if one.name() == "ray::DashboardAgent"]


def until(condition: Callable[[], bool]) -> None:
    """It holds soon."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_the_end_of_its_raylet_is_the_end_of_ray() -> None:
    """A raylet whose agent was killed ends in good order, and the rest of Ray stays: not alive all the same."""
    ray = LocalRay()
    try:
        address = ray.start()
        assert ray.is_alive
        until(lambda: bool(agents_of(address)))
        [agent] = agents_of(address)
        agent.kill()
        until(lambda: not ray.is_alive)
    finally:
        ray.close()
    assert not ray.is_alive
