"""Benchmark: into Elasticsearch (see ``sinks``)."""

from benchmarks.sinks import run_elasticsearch as run

__all__ = ["run"]
