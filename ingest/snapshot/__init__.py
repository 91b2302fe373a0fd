"""Tables as they stand: rows that SELECT gives, brought into the forms that a stream's changes have.

    TableSchema -> SELECT in key chunks -> texts -> row images -> keys, shapes -> tail rows
    the sink's keys that no row asked for --------------------> deletions ----> tail rows

    chunks.py         SELECT statements: chunks by key, rows by key
    images.py         selected values -> the row images that the binlog would hold
    binary_json.py    a JSON text -> MySQL's binary form
    packed_values.py  decimals, dates and times -> their stored bytes
    table_map.py      a table's schema -> what a slice says of its table
    rows.py           images -> tail rows, as the router would have made them
    surplus.py        documents that no row asks for -> tail rows that delete them

Place in the data flow: before a lane's stream, for a lane whose gap the binlog can't fill (``on_gap = "resnapshot"``); the
rows are the beginning of the epoch's tail, and the stream since then supersedes them (``ingest.lane.tail``).

Invariants: an image decodes to what SELECT showed, else a DataProblem names the column (5); a row's key, shard and place
are those that a change of it would have.
"""
