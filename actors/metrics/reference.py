"""The reference page of the metrics, configs/metrics.md: a pure function of the catalogue."""

from __future__ import annotations

from actors.metrics.catalogue import METRICS, Metric
from ingest.status import LAG_BOUNDS_MS

_HEAD = """\
<!-- Generated from actors/metrics/catalogue.py by `make docs`; don't edit. -->

# Metrics

Each node offers `/metrics` for Prometheus on `metrics.host`:`metrics.port` of the configuration; `ingest status`
prints the addresses, `ingest targets` writes them as a file for Prometheus' service discovery. Counters start at zero again with the process that counts, which `rate()` and `increase()` allow
for. Labels: `ingest` is the configuration's `name`, `cluster` the MySQL cluster, `lane` and `sink` are names of the configuration, `shard` is the number of
the sink actor, `lanes` the lanes a reader reads for, joined by commas. Labels that don't apply are empty.

| metric | kind | labels | what it says |
|---|---|---|---|
"""

_TAIL = """
The histogram's buckets end at (seconds): {bounds}, +Inf. Exemplary alerts:

```
ingest_lane_state{{state="stopped"}} == 1                                          # a person must act
ingest_lane_frontier_age_seconds > 60                                            # nothing moves
histogram_quantile(0.99, rate(ingest_shard_lag_seconds_bucket[5m])) > 1          # slow
increase(ingest_shard_dead_letters_total[5m]) > 0                                # rows set aside
ingest_lane_oldest_dead_letter_age_seconds > 86400                               # and forgotten
time() - ingest_snapshot_timestamp_seconds > 30                                  # the numbers themselves are old
```
"""


def metrics_page() -> str:
    """The page's text."""
    bounds = ", ".join(f"{bound / 1000:g}" for bound in LAG_BOUNDS_MS)
    return _HEAD + "".join(_row(metric) for metric in METRICS) + _TAIL.format(bounds=bounds)


def _row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |\n"
