"""A MariaDB server of the test session's own, or the MySQL server that AMALIMART_TEST_MYSQL_URL names.

The address is that of an account that may do everything; tests make their own databases and users and
drop them. Without either the tests are skipped, loudly.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pymysql  # type: ignore[import-untyped]
import pytest

URL_VARIABLE = "AMALIMART_TEST_MYSQL_URL"
MISSING = (
    "no MariaDB server found: install Debian's mariadb-server (sh tools/find_mariadb.sh), "
    f"or name a MySQL 8 in {URL_VARIABLE}=mysql://root:password@host:port/mysql"
)
# Everything a source needs, and small files of the log, so that a test sees the change from one to the next.
SETTINGS = (
    "--log-bin=binlog",
    "--server-id=1",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--gtid-strict-mode=1",
    "--max-binlog-size=1048576",
    "--innodb-flush-log-at-trx-commit=0",
    "--sync-binlog=0",
    "--skip-name-resolve",
    "--max-allowed-packet=128M",
    "--character-set-server=utf8mb4",
)
_PASSWORD = "a password of the test run"
_STARTED_WITHIN = 60.0
_PORTS_TRIED = 3
_NUMBERS = itertools.count(1)


class NotStartedError(Exception):
    """The server was gone, or silent, for as long as one waits for it."""


@dataclass
class MySQLServer:
    """A server and how to sign in with every right."""

    host: str
    port: int
    user: str
    password: str
    process: subprocess.Popen[bytes] | None = None
    command: Sequence[str] = field(default=(), repr=False)
    log: Path | None = None

    def connect(self, database: str | None = None, **settings: Any) -> pymysql.connections.Connection:
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            autocommit=True,
            charset="utf8mb4",
            **settings,
        )

    def run(self, *statements: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @property
    def is_mariadb(self) -> bool:
        with closing(self.connect()) as connection:
            return "MariaDB" in connection.get_server_info()

    def logged(self) -> str:
        """The transactions in the binary log by now."""
        variable = "gtid_binlog_pos" if self.is_mariadb else "gtid_executed"
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"select @@global.{variable}")
            return "".join(str(cursor.fetchone()[0]).split())

    @property
    def is_ours(self) -> bool:
        """Whether it was started here, so that it may be stopped here."""
        return self.process is not None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + _STARTED_WITHIN
        while True:
            try:
                self.connect().close()
            except pymysql.MySQLError as error:
                if self.process.poll() is None and time.monotonic() < until:
                    time.sleep(0.05)
                    continue
                self.stop(kill=True)
                said = self.log.read_text(errors="replace")[-2000:] if self.log and self.log.exists() else ""
                raise NotStartedError(f"the MariaDB server did not start ({error}): {said}") from error
            return

    def stop(self, *, kill: bool = False) -> None:
        assert self.process is not None, "only a server that was started here is stopped here"
        self.process.kill() if kill else self.process.terminate()
        self.process.wait(timeout=_STARTED_WITHIN)


@dataclass(frozen=True)
class MySQLDatabase:
    """One database of the server, with a user that has the rights of a source."""

    server: MySQLServer
    name: str
    user: str = "shop_reader"
    password: str = "p@ss/word:%1"

    @property
    def address(self) -> str:
        place = f"{self.server.host}:{self.server.port}/{self.name}"
        return f"mysql://{self.user}:{quote(self.password, safe='')}@{place}"

    def connect(self, **settings: Any) -> pymysql.connections.Connection:
        return self.server.connect(self.name, **settings)

    def run(self, *statements: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_mariadb(folder: Path, *settings: str) -> MySQLServer:
    """A server with its data in `folder`; later settings win over SETTINGS. Skips without a program."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin")
    install = shutil.which("mariadb-install-db")
    if program is None or install is None:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    # A server that starts removes the temporary tables in its tmpdir, those of other servers too.
    scratch = folder / "tmp"
    scratch.mkdir(parents=True)
    place: tuple[str, ...] = (f"--datadir={folder / 'data'}", f"--tmpdir={scratch}")
    own = ("--user=root",) if os.getuid() == 0 else ()
    installed = subprocess.run(
        [
            *(install, "--no-defaults", *place, "--auth-root-authentication-method=normal"),
            *("--skip-test-db", "--skip-name-resolve", *own),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if installed.returncode:
        raise NotStartedError(f"{install} failed:\n{installed.stdout}{installed.stderr}")
    # A fresh server lets root in without a password.
    grants = folder / "grants.sql"
    grants.write_text(
        f"create or replace user 'root'@'127.0.0.1' identified by '{_PASSWORD}';\n"
        "grant all privileges on *.* to 'root'@'127.0.0.1' with grant option;\n"
    )
    place = (*place, f"--socket={folder / 'socket'}", f"--log-error={folder / 'log'}")
    for _ in range(_PORTS_TRIED - 1):
        with suppress(NotStartedError):
            return _started(folder, grants, (program, "--no-defaults", *own, *place, *SETTINGS, *settings))
    return _started(folder, grants, (program, "--no-defaults", *own, *place, *SETTINGS, *settings))


def _started(folder: Path, grants: Path, command: Sequence[str]) -> MySQLServer:
    """The server on a port that was free a moment ago."""
    port = _free_port()
    command = [*command, f"--port={port}", "--bind-address=127.0.0.1"]
    server = MySQLServer(
        "127.0.0.1", port, "root", _PASSWORD, None, [*command, f"--init-file={grants}"], folder / "log"
    )
    server.start()
    server.command = command
    return server


def session_server() -> Iterator[MySQLServer]:
    """The server of a test session."""
    if url := os.environ.get(URL_VARIABLE):
        parts = urlsplit(url)
        yield MySQLServer(
            parts.hostname or "127.0.0.1",
            parts.port or 3306,
            unquote(parts.username or "root"),
            unquote(parts.password or ""),
        )
        return
    folder = Path(tempfile.mkdtemp(prefix="amalimart-mariadb-"))
    server = None
    try:
        server = start_mariadb(folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(server: MySQLServer) -> Iterator[MySQLDatabase]:
    """An empty database and its user; both are dropped afterwards."""
    number = next(_NUMBERS)
    database = MySQLDatabase(server, f"shop_{os.getpid()}_{number}", f"reader_{os.getpid()}_{number}")
    user = f"'{database.user}'@'%'"
    server.run(
        f"create database {database.name} character set utf8mb4",
        f"create user {user} identified by '{database.password}'",
        f"grant select on {database.name}.* to {user}",
        f"grant replication slave, replication client on *.* to {user}",
    )
    yield database
    with suppress(pymysql.MySQLError):
        server.run(f"drop database if exists {database.name}", f"drop user {user}")


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MySQLServer]:
    yield from session_server()


@pytest.fixture
def mysql_database(mysql_server: MySQLServer) -> Iterator[MySQLDatabase]:
    yield from fresh_database(mysql_server)
