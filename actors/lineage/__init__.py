"""``ingest trace``: the sink, the store, MySQL's row and its binlogs asked about one document.

``survey.py`` asks all of them, ``search.py`` reads binlogs from the newest back, ``rows.py`` asks MySQL, ``report.py`` shows
the answers. What they mean is decided in ``ingest.lineage``.
"""
