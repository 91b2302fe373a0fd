"""One package per outside system: sockets, client libraries and their hazards, behind the contracts of ``ingest/``."""
