"""Taking a lane back to an older point of the binlog: pure decisions.

    moment.py     what a person writes behind --to: a GTID set or a moment
    boundary.py   which place in the source's binlogs that is (few looks at them, through a protocol)
    plan.py       whether the lane may go there, what will be read again, and the record that takes it there

The shell is actors/rewind. The new epoch's tail goes to the source's end and is applied as one (``ingest.lane.resume``), so
no document is seen going back although older changes are read again (invariant 2).
"""
