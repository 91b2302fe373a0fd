"""Metrics for Prometheus: what a ClusterStatus says, as time series.

    catalogue.py   every metric: name, kind, labels, unit, help, and how its values are read from a ClusterStatus
    exporter.py    holds the last status pushed per cluster and serves /metrics (a Ray actor per node)
    discovery.py   the exporters' addresses as a file for Prometheus' file-based service discovery
    reference.py   configs/metrics.md

Invariants: a metric that isn't in the catalogue can't be served; values are those of the status pushed last, with its
time beside them, so that old values can be told; nothing is counted here, so a restart of the exporter loses nothing.
"""
