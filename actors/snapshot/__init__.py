"""Tables as they stand, read by SELECT.

    rows.py     a server's side: table schemas, chunks of rows as raw values, its GTIDs
    ends.py     a server and a sink, opened for a lane
    filling.py  both read into the beginning of a lane's tail
    gap.py      a stream that begins with that: for a lane whose gap the binlog can't fill

Place in the data flow: before a lane's stream (``actors/source.py``); ``ingest verify`` and ``ingest trace`` read rows, too.
What the rows become is pure (``ingest.snapshot``).
"""
