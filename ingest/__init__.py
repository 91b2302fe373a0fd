"""The domain of ray-binlog-ingest: values in, values out.

Nothing below this package imports ray, opens a socket, reads a clock, the environment or a file; ``actors/`` does
all of that. The path of a change through the files:

    binlog/   packets -> events -> transactions; rows are walked and keyed, not decoded
    lane/     row images -> slices per shard; acks -> frontier; reserve and tail (the epoch protocol)
    rules/    slice -> Arrow record batch -> filter, project, convert -> document operations
    sinks/    document operations -> requests (bytes); answers -> outcomes, item by item
    checkpoint/   the durable record: frontier, reserve, epoch, checksum
    config/   the typed configuration that says all of the above

Words (cluster, lane, shard, slice, epoch, version, frontier, tail) are used as README.md defines them.
"""
