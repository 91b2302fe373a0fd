"""What holds for every test: hypothesis sets no deadlines, since this machine's speed says nothing about the code; real
servers and Ray are shared by the session and start when a test first asks for them; whichever test imports Ray first, it
finds the settings of a local one.
"""

from __future__ import annotations

import os

from hypothesis import settings

from actors.runtime import LOCAL_SETTINGS

os.environ.update(LOCAL_SETTINGS)

settings.register_profile("ingest", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=8)  # make test-unit: a look while working
settings.load_profile("ingest")

pytest_plugins = ["tests.stack_fixtures", "tests.pipeline_fixtures"]
