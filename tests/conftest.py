"""What holds for every test: hypothesis sets no deadlines, since this machine's speed says nothing about the code; real
servers and Ray are shared by the session and start when a test first asks for them.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ingest", deadline=None)
settings.load_profile("ingest")

pytest_plugins = ["tests.stack_fixtures", "tests.pipeline_fixtures"]
