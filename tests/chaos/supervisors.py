"""A second supervisor."""

from __future__ import annotations

import random
import subprocess

from tests.chaos.disruption import disruption
from tests.chaos.product import Product
from tests.chaos.world import LANES, World

AFTER_RESUME = "an operator resumes the lanes that gave way"


@disruption(exception=AFTER_RESUME)
def second_supervisor(world: World, chance: random.Random) -> None:
    """Somebody starts the same configuration a second time, where the first one isn't known: it takes the lanes, and the
    first one's stop and say so. It is ended, and the first one's lanes are resumed."""
    product = world.product
    argv = Product.argv(["run", str(product.config_file), "--json", "--log-level", "warning"])
    elsewhere = {**product.environment, "XDG_STATE_HOME": str(world.directory / "elsewhere")}
    starts = product.starts
    epochs = {lane: world.status_of(lane)["epoch"] for lane in LANES}
    with (world.directory / "second.log").open("ab") as log:
        second = subprocess.Popen(argv, env=elsewhere, stdout=log, stderr=log, cwd=world.directory)
        try:
            world.until(
                lambda: all(world.claimed_elsewhere(lane, epochs[lane]) for lane in LANES), "the second takes the lanes"
            )
            world.until(
                lambda: product.starts > starts or any("checkpoint.fenced" in world.problem_of(lane) for lane in LANES),
                "the first one's lanes stop and name the other",
            )
            world.wait(chance.uniform(0, 5))
        finally:
            second.terminate()
            second.wait(timeout=90)
    world.until_running_or(lambda: world.resume(*LANES))
