"""``ingest replay``: archived binlog files as a lane's stream, for its own targets or into a shadow beside them.

    files.py     looks through files, and reads them as packets
    source.py    opens the stream of a lane: files, then the server (the lane's own), or files alone (a shadow)
    parts.py     what the supervisor of a replay is made of: that of ``ingest run``, but for where its reader reads
    follow.py    watches it until all that was asked for is durable
    command.py   the command

A replay is an epoch of its lane like any other. It ends when the frontier holds what the files hold; killed before, the
lane has the frontier that is durable, and the same command goes on from there.
"""
