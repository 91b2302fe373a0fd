"""Benchmark: into HBase (see ``sinks``)."""

from benchmarks.sinks import run_hbase as run

__all__ = ["run"]
