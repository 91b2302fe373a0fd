"""A dry run: what real rows would become, and why some become nothing. Pure.

    explain.py   which part of a rule's condition a row doesn't meet
    rows.py      selected rows -> documents and requests, or reasons

Place in the data flow: the sink side's values (rules, encoder) on rows that SELECT gave; ``actors/plan`` asks and prints.
Nothing here writes anything.
"""
