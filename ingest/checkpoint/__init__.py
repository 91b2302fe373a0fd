"""The durable record of a lane and the rules for writing it.

Owns the record's format (versioned, checksummed) and the store's contract; the store itself, a URL, is in
actors/drivers/store.py. Last stop of the data flow: what the record's frontier holds is never read again.

Invariants: a record is written only by the epoch that holds the lane (compare-and-set, invariant 4); the new one is
durable before the old one goes; a record that doesn't fit its checksum is refused, never guessed at.
"""
