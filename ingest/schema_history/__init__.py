"""What the binlog of a server without full row metadata leaves out: names, signs, character sets, members, keys.

    snapshot (information_schema at a GTID set)  ──┐
    statements of the stream ─> statements.py ─────┼─> evolve.py ─> History ─> tracker.py ─> SchemaSupplement per table map
    (definitions.py, alterations.py, options.py)  ─┘

The reader asks the ``SchemaTracker`` for each table map that doesn't describe itself, and hands it each statement. The
``History`` is stored with the frontier, so that both always belong together.

Invariants: nothing is guessed: a statement that isn't understood in full leaves its tables unclear, and rows of an
unclear table stop the lane with the statement's text; a row is never described by a schema of another position without
the lane being stopped when that shows. The statements are read by a small reader of our own over tokens, since
sqlglot's MySQL grammar (30.30) gives up silently on much of it: several actions in one ALTER, RENAME TABLE, spatial
columns, ``ADD (...)``, partitions.
"""
