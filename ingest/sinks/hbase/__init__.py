"""HBase: documents as rows of cells through the Thrift 1 server, fenced by cell timestamps.

Place in the data flow: ``ingest.rules`` gives Operations, ``encode`` makes row mutations of them as ready-made Thrift
bytes, ``actors.drivers.hbase`` sends a request, ``classify`` reads the answer. ``encode`` explains the timestamps.

Invariants: a request is for one table and holds each row once; its timestamp is the highest version in it; requests of
one table rise in timestamp, so nothing is written back in time.
"""
