"""What running processes leave in a project's run/ folder so that others find and judge them.

`engine.json` and `ingest-<source>.json` hold a process's id and last report; a file whose process is
gone is stale and counts as not running. `ingest-<source>.prom` holds what it has counted, for the engine to
pass on. The engine's local socket is reachable by its owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 characters


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """The last report of one process of the project."""

    process: str
    pid: int
    fields: dict[str, Any]


def ingest_process(source: str) -> str:
    """Name of a source's ingest process."""
    return f"ingest-{source}"


def figures_file(run: Path, process: str) -> Path:
    """Where a process that is not the engine leaves what it has counted."""
    return run / f"{process}.prom"


def write_report(run: Path, process: str, **fields: Any) -> None:
    """Replace this process's report."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / f"{process}.json"
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps({"pid": os.getpid(), **fields}, default=str))
    fresh.replace(path)


def read_report(run: Path, process: str) -> ProcessReport | None:
    """The report of a process that is still running, else None."""
    try:
        fields = json.loads((run / f"{process}.json").read_text())
        pid = int(fields.pop("pid"))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return ProcessReport(process, pid, fields) if is_running(pid) else None


def remove_report(run: Path, process: str) -> None:
    """Forget this process's report, as it ends."""
    (run / f"{process}.json").unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether a process of this id exists and is not a zombie waiting for its parent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, IndexError):
        return True  # no /proc here: the signal's answer stands


def socket_path(run: Path) -> Path:
    """Where the engine listens for this machine's user; a deep folder gets a short stand-in."""
    direct = run / "engine.sock"
    if len(str(direct)) <= _LONGEST_SOCKET_PATH:
        return direct
    digest = hashlib.sha256(str(run).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"amalimart-{os.getuid()}-{digest}.sock"
