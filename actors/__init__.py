"""Everything that runs: Ray actors, sockets, clocks, disks, the command line.

The actors are plain classes; ``wiring.py`` is the one place that applies ``ray.remote`` and ``mailbox.py`` the one
place that waits for an answer. Invariant of the package: no decision about data is taken here; ``ingest/`` takes it
and this package carries it out.
"""
