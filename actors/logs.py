"""Structured logs: one event per line on stderr, as key=value for people or as JSON for programs.

``configure`` is called once per process (the command line, each actor's ``start``). What libraries log through
``logging`` (Ray, the sinks' clients) comes out in the same form. Invariants: nothing goes to stdout; a Problem is
logged as its code, place and hint; values under names that sound like secrets are masked.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING

import structlog

from ingest.problems import Problem

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from structlog.typing import FilteringBoundLogger, Processor

    from ingest.trace import ChangeTrace

LEVELS = ("debug", "info", "warning", "error")

_CHATTY = ("elastic_transport", "urllib3", "happybase", "thriftpy2")
"""Libraries that log every request; they are heard from ``warning`` on, unless the level is ``debug``."""

_SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_key|apikey|authorization|credential)")
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")
_MASK = "***"


class _StderrHandler(logging.Handler):
    """Writes to whatever ``sys.stderr`` is now, so that a live view that takes the terminal over gets the lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # stderr is gone or closed: there is nobody left to tell
            return


def configure(level: str = "info", *, json: bool | None = None) -> None:
    """Send this process's logs to stderr. ``level``: one of LEVELS. ``json``: True or False; None: JSON unless stderr
    is a terminal. May be called again; the last call counts.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _unfold_problem,
        structlog.processors.format_exc_info,
        _mask_secrets,
        _order,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for library in _CHATTY:
        logging.getLogger(library).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)


def logger(name: str, **context: str | int) -> FilteringBoundLogger:
    """A logger whose every event carries ``context`` (cluster, lane, shard...)."""
    bound: FilteringBoundLogger = structlog.get_logger(name).bind(**context)
    return bound


def log_change(log: FilteringBoundLogger, trace: ChangeTrace) -> None:
    """One traced change's whole way, as one event named ``change``."""
    log.info("change", **trace.fields())


def _unfold_problem(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A Problem under ``problem``, or as the exception being logged, becomes code, what, where and hint."""
    found = event.pop("problem", None)
    if found is None and isinstance(event.get("exc_info"), Problem):
        found = event.pop("exc_info")
    if isinstance(found, Problem):
        event["problem"] = found.code.name
        event["what"] = found.what
        event.update({name: value for name, value in found.where.items() if name not in event})
        event["hint"] = found.hint
    elif found is not None:
        event["problem"] = found
    return event


def _mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = _MASK
        elif isinstance(value, str) and "://" in value:
            event[name] = _URL_PASSWORD.sub(rf"\1:{_MASK}@", value)
    return event


def _order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how bad and what first; then the rest as it was given, without what Ray adds to every record."""
    first = {name: event.pop(name) for name in ("time", "level", "event", "logger") if name in event}
    return {**first, **{name: value for name, value in event.items() if not name.startswith("_ray_")}}
