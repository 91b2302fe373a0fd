"""Elasticsearch: documents as bulk requests of ready-made NDJSON, fenced by external versions.

Place in the data flow: ``ingest.rules`` gives Operations, ``encode`` makes the lines of a ``_bulk`` body of them,
``actors.drivers.elasticsearch`` sends the body, ``classify`` reads the answer item by item. ``options`` is what a user
configures, ``mapping`` compares a configured mapping with that of an index.

Invariants: a whole document carries ``version_type: external``, so an older one is refused by the server (409 = NEWER);
results stand in the order of the items; an answer that isn't understood is never taken for success.
"""
