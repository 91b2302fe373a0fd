"""``ingest plan``: a dry run on the last rows of real tables. Reads MySQL, asks no sink, writes nothing."""
