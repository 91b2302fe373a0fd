"""Binlog bytes to events, tables, row images and document keys: the reader's half of the codec, without I/O.

    file.py, packets        one event at a time (framing.py: header, checksum)
      -> stream.py          BinlogEvents, grouped into transactions (gtid_events.py, query.py, payload.py)
      -> table_map.py       TABLE_MAP (+ supplement.py) -> TableSchema
      -> walker.py          rows event -> row images -> document keys (key_text.py), values untouched
    gtid.py                 the algebra of GTID sets

Invariants: only DataProblem comes out, whatever the bytes; nothing that isn't understood is skipped, except what
MySQL itself marks as ignorable; row values are cut, never interpreted, but for key columns.
"""
