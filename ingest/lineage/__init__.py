"""Where a document came from, and why it isn't there: what ``ingest trace`` says of one id in a sink.

    binlog events --StreamRouter--> KeyChanges (those of one id) --judge--> JudgedChange (what the rules make of it)
    the sink, the store, MySQL's row ---------------------------------------> Evidence --verdict--> Verdict

``keys.py`` ids to document keys and rows, ``changes.py`` the changes of an id, ``judge.py`` what a rule makes of one,
``held.py`` what the sink says of itself, ``verdict.py`` the answer. Not to be confused with ``ingest.trace``, which
follows a change through a lane that runs (``run --trace-flow``).
"""
