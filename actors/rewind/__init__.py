"""``ingest rewind``: a lane goes back to an older point of the binlog.

    survey.py    asks store and source what the decision needs (ingest/rewind decides)
    report.py    what is shown before it happens, and after
    command.py   the command: show, ask, carry out (in the lane's supervisor, or on the store when nothing runs)

One step changes anything: the record of a newly claimed epoch, by compare-and-set. Killed before it, the lane has its old
frontier; killed after it, the new one; either way it starts as after any crash.
"""
