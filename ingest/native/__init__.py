"""The native core: the hot path in Rust, where it was built; without it everything works on the pure path, slower.

``_core`` is the extension (its stub says what it holds); the modules beside it give it the forms of ``ingest.codec``.
``core()`` is None where it wasn't built.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType


@cache
def core() -> ModuleType | None:
    """The extension, or None when it wasn't built (no Rust compiler at install)."""
    try:
        from ingest.native import _core
    except ImportError:
        return None
    return _core
