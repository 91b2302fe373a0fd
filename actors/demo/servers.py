"""The demo's surroundings: MySQL, Elasticsearch, HBase and a local Ray, started side by side.

MySQL is the first to answer; while the others start, the writer fills it. Invariant: whatever happens, and whenever,
``close`` leaves nothing running.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from typing_extensions import Self

from actors.demo.writer import Report, WriterOptions
from actors.demo.writer_process import WriterProcess
from actors.runtime import LocalRay, RayAddress
from actors.stack import Elasticsearch, Hbase, Mysql
from ingest.problems import WorldProblem

Progress = Callable[[str], None]


class DemoServers:
    """All that the demo runs on, and the writer."""

    def __init__(self, progress: Progress) -> None:
        self.mysql = Mysql(progress=progress)
        self.elasticsearch = Elasticsearch(quick=True, progress=progress)
        self.hbase = Hbase(quick=True, progress=progress)
        self._ray = LocalRay()
        self._writer: WriterProcess | None = None
        self._progress = progress
        self.ray_address = RayAddress("", "", "")
        self.loaded = Report("loading")

    @property
    def writer(self) -> WriterProcess:
        """The writer, once started."""
        assert self._writer is not None
        return self._writer

    def start(self, seed: int, load_orders: int, rate: float, seconds: float, big_rows: int) -> None:
        """Start everything and load MySQL. Raises Problem; what was started is ended by ``close``."""

        def start_mysql() -> None:
            self.mysql.start()
            self._progress("mysql: loading the carrier's data")
            options = WriterOptions(
                self.mysql.host,
                self.mysql.port,
                seed,
                load_orders,
                rate,
                seconds,
                big_rows,
            )
            self._writer = WriterProcess(options)
            self.loaded = self._writer.load()

        def start_ray() -> None:
            try:
                self.ray_address = self._ray.start()
            except WorldProblem as problem:
                self._progress(f"ray: not on a busy machine ({problem.code.name}); again when the servers are up")

        starts = (start_mysql, self.hbase.start, self.elasticsearch.start, start_ray)
        with ThreadPoolExecutor(len(starts), thread_name_prefix="demo-start") as pool:
            try:
                for started in [pool.submit(start) for start in starts]:
                    started.result()
            except BaseException:
                self.close()  # ends the other starts, so that the pool can end
                raise
        if not self.ray_address.address:
            self.ray_address = self._ray.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything, side by side. Can be called twice."""
        ends = [self.hbase.close, self.elasticsearch.close, self._ray.close, self.mysql.close]
        if self._writer is not None:
            ends.insert(0, self._writer.close)
        with ThreadPoolExecutor(len(ends), thread_name_prefix="demo-end") as pool:
            for ended in [pool.submit(end) for end in ends]:
                ended.result()
