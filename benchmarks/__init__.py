"""Benchmarks: our figures beside those of peers and ceilings, measured in the same run on the same servers.

    catalogue -> one module per benchmark -> measured processes (ours, peers) -> results -> page (README.md)

Nothing of the product imports this package. It starts real servers on loopback through ``actors.stack`` and fetches
peers through their registries' ordinary clients into the cache; both end with the command.
"""
