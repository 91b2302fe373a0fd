"""Binlog bytes to events, tables, row images, keys and columns: the pure codec, without I/O.

The reader's half (``codec.py`` is its door):

    file.py, a dump's packets    one event at a time (framing.py: header, checksum, format)
      -> stream.py               BinlogEvents in transactions (transaction.py); bodies: gtid_event.py, query.py,
                                 rows_event.py, payload.py (compressed transactions); statements.py classifies SQL
      -> table_map.py            TABLE_MAP (optional_metadata.py, supplement.py) -> TableSchema
      -> walker.py               rows event -> row images (row_layout.py) -> document keys (key_text.py)
    gtid.py                      the algebra of GTID sets

The sink's half (``slice_decoder.py`` is its door): image_splitter.py cuts images into columns, ``values/`` turns each
into Arrow (arrow_types.py, charsets.py).

Invariants: only DataProblem comes out, whatever the bytes; nothing that isn't understood is skipped, except what
MySQL itself marks as ignorable; the reader's half cuts row values and interprets none but those of key columns.
"""
