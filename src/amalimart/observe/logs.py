"""Structured logs: one JSON object a line, without secrets or personal data.

Callers log an event name and plain fields. Every line says which piece of work wrote it. Texts are cleaned
of credentials, addresses and numbers of people; what an error says has no quoted values; and a traceback
shows where, not the words of the exception, which may quote a row.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from amalimart.observe.masking import without_personal_data, without_quoted
from amalimart.observe.work import current_work

LINE_FIELDS = {
    "time": "when, UTC",
    "level": "`info`, `warning`, `error`",
    "logger": "which part of the product",
    "event": "what happened",
    "run_id": "which build, batch or request (its `X-Request-ID`) wrote it; outside of any, which process",
    "release_id": "the release that is built or answered from, where it is known",
    "trace_id": "the trace of that piece of work",
}
"""What stands in every line."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OURS = ("amalimart", "__main__")


class JsonFormatter(logging.Formatter):
    """The fields of every line, then those given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        work = current_work()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": without_personal_data(record.getMessage()),
            "run_id": work.run_id,
            "release_id": work.release_id,
            "trace_id": work.trace_id or None,
        }
        line |= {
            key: _error(value) if key == "error" and isinstance(value, Mapping) else _cleaned(value)
            for key, value in vars(record).items()
            if key not in _STANDARD
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Where each exception came from, the cause first; not what it says."""
        return "\n".join(_places(ei[1])) if ei[1] is not None else ""


def _places(error: BaseException) -> Iterator[str]:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    for each in reversed(chain):
        yield type(each).__name__
        for frame in traceback.extract_tb(each.__traceback__):
            yield f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}"


def _error(said: Mapping[str, Any]) -> dict[str, Any]:
    """An error's fields; where it is and which name is meant are names, the other texts may quote values."""
    return {
        key: _cleaned(
            value if key in {"where", "nearest"} or not isinstance(value, str) else without_quoted(value)
        )
        for key, value in said.items()
    }


def _cleaned(value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, Mapping):
        return {str(key): _cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(each) for each in value]
    return without_personal_data(str(value))


def log_to_file(folder: Path, process: str) -> None:
    """Send every log record of this process to <folder>/<process>.log, 5 files of 10 MB at most."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=10_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # what a library tells in passing may be an address with all it asks for
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)


class Seldom(logging.Filter):
    """Lets a complaint of the telemetry libraries through once in ten minutes: a receiver may stay away."""

    _SECONDS = 600.0

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("opentelemetry"):
            return True
        key = (record.name, str(record.msg))
        before = self._heard.get(key)
        if before is not None and record.created - before < self._SECONDS:
            return False
        self._heard[key] = record.created
        return True
