"""The native core: the hot path in Rust, where it was built; without it everything works on the pure path, slower.

``_core`` is the extension (its stub says what it holds); the modules beside it give it the forms of ``ingest.codec``.
``core()`` is None where it wasn't built.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

_UNWANTED: set[bool] = set()


@cache
def core() -> ModuleType | None:
    """The extension, or None when it wasn't built (no Rust compiler at install) or isn't wanted (``do_without``)."""
    if _UNWANTED:
        return None
    try:
        from ingest.native import _core
    except ImportError:
        return None
    return _core


def do_without() -> None:
    """From now on this process takes the pure path."""
    _UNWANTED.add(True)
    core.cache_clear()
