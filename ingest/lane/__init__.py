"""The epoch protocol of one lane, as pure state machines (design: "The tail is applied as one").

    router.py      events of the stream -> the lanes that want them (tables, rules, keys)
    dispatcher.py  one lane: ordinals, tail then live, parcels under credits and reserve, acks -> checkpoint records
    buffers.py     rows waiting for a shard, cut into slices and parcels
    tail.py        what an earlier epoch may have applied: only the last change of each key is kept
    frontier.py    which transactions are wholly applied (the ledger of acks)
    resume.py      a checkpoint record and the source's facts -> where to start, how long the tail is

Invariants kept here: the frontier passes a row change only after its ack (1); nothing is dispatched past a reserve
that isn't durable, so the tail is known (2); bytes buffered are bounded by the plan (6). The shell around it
(actors/reader.py) only moves bytes and calls.
"""
