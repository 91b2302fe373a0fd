"""What holds for every test: hypothesis sets no deadlines, since this machine's speed says nothing about the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ingest", deadline=None)
settings.load_profile("ingest")
