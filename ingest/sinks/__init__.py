"""Sinks: document operations to requests, answers to outcomes, item by item. Pure; the sockets are in actors/drivers.

What every sink MUST do (tests/conformance checks it):
1. encode: one RequestItem per operation, carrying the version, so that the sink refuses or ignores a stale one.
2. classify: read every item's answer; HTTP 200 or a missing error isn't success by itself.
3. an item already applied, or a newer one in its place, is success (NEWER), never an error and never retried.
4. RETRY only what may succeed later; POISON names the document and the sink's own words.
5. applying a request twice, late, or after a newer one changes nothing that can be seen.

To add a sink: options.py, encode.py, classify.py in a folder of its own here, a driver in actors/drivers, one line
in registry.py, and the conformance suite passes.
"""
