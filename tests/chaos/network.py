"""Disruptions of the network, by the proxies that stand before every server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.disruption import disruption
from tests.chaos.world import LANES, World
from tests.kit.tcp_proxy import TcpProxy

NOTICED = "a connection without a peer is noticed by its timeout (10 s in this run)"


def some_proxy(world: World, chance: random.Random) -> TcpProxy:
    """The one before MySQL, or a sink's."""
    place = chance.choice(("MySQL", *LANES))
    world.say(f"  before {place if place == 'MySQL' else world.config.lanes[place].sink}")
    return world.mysql_proxy if place == "MySQL" else world.sink_proxies[place]


@contextmanager
def healed(proxy: TcpProxy) -> Iterator[None]:
    """Whatever was done to the proxy is over when the block ends."""
    try:
        yield
    finally:
        proxy.heal()


@disruption(weight=3)
def cut_connections(world: World, chance: random.Random) -> None:
    """All connections to a server are cut a few times: in good order, or by a TCP reset."""
    proxy = some_proxy(world, chance)
    for _ in range(chance.randint(1, 4)):
        proxy.cut(reset=chance.random() < 0.5)
        world.wait(chance.uniform(0, 1))


@disruption()
def cut_in_a_packet(world: World, chance: random.Random) -> None:
    """A connection to a server ends in the middle of what the server says."""
    proxy = some_proxy(world, chance)
    with healed(proxy):
        proxy.cut_after(chance.randint(1, 20_000))
        world.wait(2)


@disruption()
def refuse_connections(world: World, chance: random.Random) -> None:
    """A server can't be reached for some seconds: connections are cut, new ones refused."""
    proxy = some_proxy(world, chance)
    with healed(proxy):
        proxy.refuse()
        proxy.cut()
        world.wait(chance.uniform(1, 6))


@disruption(weight=2, exception=NOTICED)
def half_open_connections(world: World, chance: random.Random) -> None:
    """The peers of all connections to a server vanish without a word; new connections work."""
    some_proxy(world, chance).abandon()


@disruption()
def freeze_network(world: World, chance: random.Random) -> None:
    """Nothing passes to or from a server for some seconds; then all that was held back does."""
    proxy = some_proxy(world, chance)
    with healed(proxy):
        proxy.freeze()
        world.wait(chance.uniform(0.5, 8))


@disruption()
def throttle_network(world: World, chance: random.Random) -> None:
    """A server's bytes come at 20 to 60 kB a second for some seconds."""
    proxy = some_proxy(world, chance)
    with healed(proxy):
        proxy.slow_down(chance.randint(20_000, 60_000))
        world.wait(chance.uniform(2, 6))


@disruption()
def flip_a_bit(world: World, chance: random.Random) -> None:
    """A bit of what MySQL sends flips; the events' checksums tell."""
    with healed(world.mysql_proxy):
        world.mysql_proxy.flip_bit(chance.randint(1_000, 50_000))
        world.wait(2)
