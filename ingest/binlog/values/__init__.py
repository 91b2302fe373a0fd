"""The values of a row image: one file per family of MySQL types, raw bytes to Arrow arrays, column by column.

    column_shape.py   what type and metadata numbers mean
    reader.py         column -> ColumnReader(field, read): the dispatch
    integers.py (with YEAR and BIT), floats.py, decimals.py, temporal.py, temporal_packed.py, temporal_old.py, text.py,
    binary.py, enum_set.py, json_binary.py, json_opaque.py, geometry.py, vector.py        the families

The splitter (``ingest/binlog/image_splitter.py``) cuts every image of a slice into its columns' bytes; a reader then
turns one column's bytes of all rows into one Arrow array. Invariants: a value is exact or a DataProblem comes out
(never a replacement character, a wrapped number or a silent null), whatever the bytes; readers see no NULLs.
"""
