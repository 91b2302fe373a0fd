"""``ingest verify``: every row of MySQL against the sinks, by SELECT.

    rows.py        MySQL's side: table schemas, chunks of rows as raw values
    comparison.py  one lane compared: chunk by chunk, then what is too much in the sink, then what was in doubt
    frontier.py    waiting until a lane has applied what MySQL has
    run.py         all lanes of a configuration
    command.py     the command

Place in the data flow: beside it; reads both ends, writes nothing. The comparing itself is pure (``ingest.verify``).
"""
