"""Builds the native core when there is a Rust compiler; without one, or when the build fails, the package is built all the
same and runs on the pure path. hatchling calls it for every wheel, also the editable one of ``make setup``.

``INGEST_NATIVE``: ``auto`` (the default), ``off`` (don't build), ``require`` (a failed build is an error).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = "_core.abi3.so"
NAMES = ("libingest_core.so", "libingest_core.dylib")


class NativeCoreHook(BuildHookInterface):  # type: ignore[type-arg]
    """See the module."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library into the package."""
        wanted = os.environ.get("INGEST_NATIVE", "auto")
        crate = Path(self.root) / "ingest" / "native"
        library = crate / LIBRARY
        library.unlink(missing_ok=True)
        if wanted == "off":
            return
        problem = build(crate, library)
        if problem is None:
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            return
        if wanted == "require":
            raise RuntimeError(f"the native core wasn't built: {problem}")
        self.app.display_warning(f"the native core isn't built ({problem}): all works, at the speed of pure Python")


def build(crate: Path, library: Path) -> str | None:
    """Compile the crate to ``library``; what went wrong, or None."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "there is no cargo; install Rust and run this again"
    command = [cargo, "build", "--release", "--lib", "--manifest-path", str(crate / "Cargo.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"cargo failed: {done.stderr.strip()[-2000:]}"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or crate / "target")
    fresh = library.with_suffix(".new")
    built = next(path for path in (target / "release" / name for name in NAMES) if path.exists())
    shutil.copy2(built, fresh)
    fresh.replace(library)
    return None
