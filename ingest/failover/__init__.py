"""Which host of a cluster is read from: what each says of itself, what the lanes need, a verdict for each, the choice.

    HostFacts (actors/hosts.py asks) + LaneNeed (record, what was read) ─> verdicts ─> Choice: a host, or what to wait for

Pure: the simulation and the real source decide by the same functions.
"""
