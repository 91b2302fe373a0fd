"""``ingest verify``: every row of MySQL against the sinks, by SELECT.

    ends.py        what is compared
    reading.py     both ends read once, as digests: what is in doubt, what is too much in the sink
    comparison.py  what is in doubt, exactly
    settling.py    what is in doubt while writes go on: a difference, or only late?
    frontier.py    waiting until a lane has applied what MySQL has
    lanes.py       one lane of a configuration
    processes.py   several lanes, a process each
    report.py      progress and verdicts for people
    command.py     the command

Place in the data flow: beside it; reads both ends, writes nothing. The comparing itself is pure (``ingest.verify``).
"""
