"""The command line: ``ingest``.

    main.py       the table of commands; each module is imported only when its command is chosen, so help is quick
    options.py    options that several commands share
    source.py     CONFIG (a path or ``-``) to a Config
    reporting.py  problems as people read them, and exit codes
    target.py     NAME (an ingest, or ingest/lane) to a running pipeline
    session.py    a pipeline in the foreground: live view, signals, drain
    meter.py      totals and rates from successive statuses
    live.py       the live view; figures.py, tables.py and lines.py put numbers, tables and plain lines together
    ...           one module per command: parse, call, render

Invariants: data goes to stdout, all else to stderr; exit codes are 0 (fine), 1 (a problem or a difference), 2 (wrong
use, a bad configuration), 130 (interrupted); a Problem never shows a traceback; no decision about data is taken here.
"""
