"""actors.metrics: what a scrape says is what was pushed, and every documented metric is in it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.metrics.catalogue import METRICS
from actors.metrics.exporter import CANT_LISTEN, MetricsExporter
from ingest.problems import WorldProblem
from ingest.status import LAG_BOUNDS_MS, ClusterStatus, LaneState
from tests.kit.statuses import cluster, lag, lane, shard

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class StandingClock:
    """A clock that stands still."""

    def monotonic_ms(self) -> float:
        return 0.0

    def wall_us(self) -> int:
        return 1_763_724_001_250_000

    def sleep_ms(self, duration_ms: float) -> None:
        raise AssertionError("nothing here waits")


@pytest.fixture
def exporter() -> Iterator[MetricsExporter]:
    one = MetricsExporter(clock=StandingClock())
    yield one
    one.stop()


@pytest.fixture(scope="module")
def full_scrape() -> Iterator[Series]:
    one = MetricsExporter(clock=StandingClock())
    yield served(one, cluster())
    one.stop()


def scrape_text(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return answer.read().decode()


def scrape(address: str) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(scrape_text(address))
        for sample in family.samples
    }


def served(exporter: MetricsExporter, *statuses: ClusterStatus) -> Series:
    for status in statuses:
        exporter.push("shop", status)
    return scrape(exporter.start())


def at(series: Series, name: str, **labels: str) -> float:
    return series[name, frozenset(labels.items())]


CLUSTER = {"ingest": "shop", "cluster": "parcels"}
LANE = {**CLUSTER, "lane": "orders-search", "sink": "search"}
SHARD = {**LANE, "shard": "1"}
READER = {**CLUSTER, "lanes": "orders-search"}


def test_every_documented_metric_is_scraped_with_its_kind_and_labels(exporter: MetricsExporter) -> None:
    """Each metric of the catalogue has samples, with the labels and the type it is documented with; and no other."""
    exporter.push("shop", cluster())
    families = {one.name: one for one in text_string_to_metric_families(scrape_text(exporter.start()))}
    expected = {metric.name.removesuffix("_total"): metric for metric in METRICS}
    assert families.keys() == expected.keys()
    for name, metric in expected.items():
        family = families[name]
        assert family.type == metric.kind, name
        assert family.documentation == metric.help
        assert family.samples, name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), name


def test_every_metric_is_described_before_anything_was_pushed(exporter: MetricsExporter) -> None:
    """A scrape of an idle exporter has the type and help of every metric and no value."""
    text = scrape_text(exporter.start())
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    assert all(line.startswith("#") for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("ingest_config_info", {**CLUSTER, "version": "9f2c41d0"}, 1),
        ("ingest_snapshot_timestamp_seconds", CLUSTER, 1_763_724_001.25),
        ("ingest_lane_state", {**LANE, "state": "running"}, 1),
        ("ingest_lane_state", {**LANE, "state": "stopped"}, 0),
        ("ingest_lane_epoch", LANE, 3),
        ("ingest_lane_restarts_total", LANE, 1),
        ("ingest_lane_read_rows_total", LANE, 230),
        ("ingest_lane_buffered_rows", LANE, 9),
        ("ingest_lane_buffered_bytes", LANE, 1_800),
        ("ingest_lane_in_flight", LANE, 2),
        ("ingest_lane_frontier_age_seconds", LANE, 0.25),
        ("ingest_lane_partial_rows", LANE, 8),
        ("ingest_lane_open_dead_letters", LANE, 6),
        ("ingest_lane_oldest_dead_letter_age_seconds", LANE, 90),
        ("ingest_shard_events_total", SHARD, 121),
        ("ingest_shard_upserts_total", SHARD, 90),
        ("ingest_shard_deletes_total", SHARD, 7),
        ("ingest_shard_sent_bytes_total", SHARD, 65_536),
        ("ingest_shard_requests_total", SHARD, 12),
        ("ingest_shard_retries_total", {**SHARD, "reason": "429"}, 2),
        ("ingest_shard_retries_total", {**SHARD, "reason": "timeout"}, 1),
        ("ingest_shard_dropped_total", {**SHARD, "reason": "filtered"}, 3),
        ("ingest_shard_dead_letters_total", SHARD, 5),
        ("ingest_shard_quarantined_total", SHARD, 11),
        ("ingest_shard_dead_letters_retried_total", SHARD, 6),
        ("ingest_shard_dead_letters_superseded_total", SHARD, 7),
        ("ingest_shard_dead_letters_dropped_total", SHARD, 8),
        ("ingest_shard_breaker_open", SHARD, 0),
        ("ingest_shard_nulled_total", SHARD, 4),
        ("ingest_shard_waiting", SHARD, 0),
        ("ingest_reader_source_info", {**READER, "host": "127.0.0.1:3306", "file": "binlog.000007"}, 1),
        ("ingest_reader_position_bytes", READER, 123_456),
        ("ingest_reader_transactions_total", READER, 5_003),
        ("ingest_reader_row_changes_total", READER, 20_000),
        ("ingest_reader_read_bytes_total", READER, 9_000_000),
        ("ingest_reader_behind_transactions", READER, 7),
        ("ingest_reader_commit_timestamp_seconds", READER, 1_763_724_000.5),
    ],
)
def test_values_are_those_of_the_status(full_scrape: Series, name: str, labels: dict[str, str], value: float) -> None:
    """Each metric has the value of its field, in base units."""
    assert at(full_scrape, name, **labels) == value


def test_every_process_is_there(exporter: MetricsExporter) -> None:
    """Memory and CPU of the supervisor, readers, checkpointers and shards."""
    series = served(exporter, cluster())
    found = {
        (labels["role"], labels["lane"], labels["shard"]): (
            value,
            at(series, "ingest_process_cpu_seconds_total", **labels),
        )
        for (name, pairs), value in series.items()
        if name == "ingest_process_resident_memory_bytes" and (labels := dict(pairs))
    }
    assert found == {
        ("supervisor", "", ""): (80_000_000, 1.5),
        ("reader", "orders-search", ""): (150_000_000, 12.25),
        ("checkpointer", "orders-search", ""): (90_000_000, 0.25),
        ("shard", "orders-search", "0"): (120_000_000, 3.5),
        ("shard", "orders-search", "1"): (120_000_000, 3.5),
    }


def test_the_lag_histogram_is_cumulative_and_in_seconds(exporter: MetricsExporter) -> None:
    """Buckets count what is at or below their bound; the last one counts all; sum and count fit."""
    status = cluster("parcels", lane(shards=(shard(1, lag=lag(b0_5=1, b5=2, b300000=4)),)))
    series = served(exporter, status)
    buckets = {
        labels["le"]: value
        for (name, pairs), value in series.items()
        if name == "ingest_shard_lag_seconds_bucket" and (labels := dict(pairs))
    }
    assert len(buckets) == len(LAG_BOUNDS_MS) + 1
    assert [buckets[le] for le in ("0.0005", "0.004", "0.005", "60.0", "300.0", "+Inf")] == [1, 1, 3, 3, 7, 7]
    assert at(series, "ingest_shard_lag_seconds_count", **SHARD) == 7
    assert at(series, "ingest_shard_lag_seconds_sum", **SHARD) == pytest.approx((0.5 + 2 * 5 + 4 * 300_000) / 1000)


def test_a_shard_in_trouble_and_a_silent_server_show(exporter: MetricsExporter) -> None:
    """`waiting` is 1 while a shard has trouble; `behind` is absent, not 0, while the server doesn't answer."""
    status = cluster("parcels", lane(state=LaneState.BACKOFF, shards=(shard(1, trouble="connection refused"),)))
    status = replace(status, readers=tuple(replace(reader, behind=None) for reader in status.readers))
    series = served(exporter, status)
    assert at(series, "ingest_shard_waiting", **SHARD) == 1
    assert at(series, "ingest_lane_state", **LANE, state="backoff") == 1
    assert not any(name == "ingest_reader_behind_transactions" for name, _labels in series)


def test_pushes_replace_and_others_stand_beside(exporter: MetricsExporter) -> None:
    """The last push of an ingest's cluster counts; other clusters and other ingests aren't touched."""
    served(exporter, cluster("parcels"), cluster("archive"))
    exporter.push("other", cluster("parcels"))
    series = served(exporter, cluster("parcels", lane(restarts=2)))
    assert at(series, "ingest_lane_restarts_total", **LANE) == 2
    assert at(series, "ingest_lane_restarts_total", **{**LANE, "cluster": "archive"}) == 1
    assert at(series, "ingest_lane_restarts_total", **{**LANE, "ingest": "other"}) == 1


def test_what_is_forgotten_is_served_no_more(exporter: MetricsExporter) -> None:
    """A stopped cluster leaves no old numbers behind; the answer says when nothing is left."""
    served(exporter, cluster("parcels"), cluster("archive"))
    assert exporter.forget("shop", "parcels") is False
    assert {dict(labels)["cluster"] for _name, labels in scrape(exporter.start())} == {"archive"}
    assert exporter.forget("shop", "archive") is True
    assert exporter.forget("shop", "archive") is True
    assert scrape(exporter.start()) == {}


def test_label_values_of_any_text_survive(exporter: MetricsExporter) -> None:
    """Quotes, backslashes and line ends in a reason come back as they were."""
    reason = 'a "b"\\c\nd'
    series = served(exporter, cluster("parcels", lane(shards=(shard(1, dropped={reason: 6}),))))
    assert at(series, "ingest_shard_dropped_total", **SHARD, reason=reason) == 6


def test_a_taken_port_is_a_problem_and_stop_frees_it(exporter: MetricsExporter) -> None:
    """A port in use is named with what to do; start is idempotent; after stop the port is free again."""
    address = exporter.start()
    assert exporter.start() == address
    port = int(address.rpartition(":")[2])
    other = MetricsExporter()
    with pytest.raises(WorldProblem, match="can't listen") as caught:
        other.start(port)
    assert caught.value.code is CANT_LISTEN
    assert caught.value.where == {"address": address}
    exporter.stop()
    assert other.start(port) == address
    other.stop()
