"""Dead letters: documents that a sink will never take as they are, kept until a person has mended the cause. Pure.

    letter.py      what is kept of one change, and how two letters of one change are known to be one
    stored_row.py  the row change itself as bytes, and back to a slice for a retry
    origin.py      from a request's item back to the row that it came from
    quarantine.py  which documents are held back, what supersedes and closes what, what a retry sends in which order
    breaker.py     when poison is the rule, not the exception
    shown.py       a letter's row as column = value, for people and programs

Place in the flow: the shard (``actors/dead_letter_desk.py``) puts letters into the store before a parcel is
acknowledged; ``ingest dlq`` shows, exports, retries and drops them.
"""
