"""Structured logs: one JSON object a line, without secrets or personal data.

Callers log an event name and plain fields; texts that may hold a URL are cleaned of credentials.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

_CREDENTIALS = re.compile(r"(://[^:/@\s]*):[^@\s]*@|(password=)\S+", re.IGNORECASE)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def without_credentials(text: str) -> str:
    """A text in which the password of every URL or key=value pair is blanked."""
    return _CREDENTIALS.sub(
        lambda found: f"{found[1] or ''}{found[2] or ''}***{'@' if found[1] else ''}", text
    )


class JsonFormatter(logging.Formatter):
    """time, level, logger, event, then the fields given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_credentials(json.dumps(line, default=str, ensure_ascii=False))


def log_to_file(folder: Path, process: str) -> None:
    """Send every log record of this process to <folder>/<process>.log, 5 files of 10 MB at most."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=10_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
