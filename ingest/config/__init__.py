"""The typed configuration: what runs, from where, to where, by which rules.

Owns the models (``model.py``), loading with every mistake at once (``load.py``), cross checks (``check.py``), and
what is generated from the models: JSON Schema and the reference page. First stop of the data flow: nothing else
parses user input. Invariant: a ``Config`` that exists is valid in itself; only the servers can still disagree.
"""
