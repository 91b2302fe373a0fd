"""A second supervisor."""

from __future__ import annotations

import random
import subprocess

from tests.chaos.disruption import disruption
from tests.chaos.product import Product
from tests.chaos.world import LANES, World

NAMES = ("checkpoint.fenced", "mysql.server_id_taken")
"""How a lane that was taken stops: it is told by the store, or by MySQL."""

AFTER_RESUME = "an operator resumes the lanes that gave way"


@disruption(exception=AFTER_RESUME)
def second_supervisor(world: World, chance: random.Random) -> None:
    """Somebody starts the same configuration a second time, where the first one isn't known: it takes the lanes, and the
    first one's stop and say so. It is ended, and the first one's lanes are resumed."""
    product = world.product
    argv = Product.argv(["run", str(product.config_file), "--json", "--log-level", "warning"])
    elsewhere = {**product.environment, "XDG_STATE_HOME": str(world.directory / "elsewhere")}
    mark, taken = product.mark, set[str]()
    epochs = {lane: world.status_of(lane)["epoch"] for lane in LANES}

    def all_taken() -> bool:
        taken.update(lane for lane in LANES if world.claimed_elsewhere(lane, epochs[lane]))
        return len(taken) == len(LANES)

    with (world.directory / "second.log").open("ab") as log:
        second = subprocess.Popen(argv, env=elsewhere, stdout=log, stderr=log, cwd=world.directory)
        try:
            world.until(all_taken, "the second one takes the lanes")
            world.until(
                lambda: any(product.said(name, mark) for name in NAMES), "the first one's lanes stop and say why"
            )
            world.wait(chance.uniform(0, 5))
        finally:
            second.terminate()
            second.wait(timeout=90)
    world.until_running_or(lambda: world.resume(*LANES))
