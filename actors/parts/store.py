"""Where checkpoints and dead letters are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.config.model import Config

if TYPE_CHECKING:
    from actors.drivers.store import SqlCheckpointStore


def store_url(config: Config) -> str:
    """The store's URL, its secret resolved here."""
    from actors.secrets import resolve

    store = config.checkpoint.store
    return store if isinstance(store, str) else resolve(store) or ""


def store_of(config: Config) -> SqlCheckpointStore:
    """The checkpoint store."""
    from actors.drivers.store import SqlCheckpointStore

    return SqlCheckpointStore(store_url(config), config.name)
