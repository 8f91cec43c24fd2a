from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.attacked import Attacked, attacked_mariadb, attacked_postgres
from tests.faults.ingest_process import IngestProcess
from tests.faults.mariadb_shop import MariaShop
from tests.faults.postgres_server import PostgresServer, postgres_server
from tests.faults.postgres_shop import PostgresShop
from tests.mariadb_server import URL_VARIABLE, MySQLServer, fresh_database, session_server, start_mariadb

# As the tests' servers are set up, a MariaDB that is killed forgets what its own log has told.
_SURVIVES_A_KILL = "--innodb-flush-log-at-trx-commit=2"

_NUMBERS = itertools.count(1)
LONG = bool(os.environ.get("AMALIMART_LONG_FAULTS"))
SEED = int(os.environ.get("AMALIMART_FAULTS_SEED", "20261125"))


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as started:
        yield started


@pytest.fixture
def shop(server: PostgresServer) -> Iterator[PostgresShop]:
    """An empty database of the test's own."""
    made = PostgresShop(server, f"faults_{next(_NUMBERS)}")
    server.create_database(made.database)
    yield made
    server.drop_database(made.database)


@pytest.fixture(scope="session")
def maria_server() -> Iterator[MySQLServer]:
    """A server that may be killed, or the one that the environment names; skips, loudly, without either."""
    if os.environ.get(URL_VARIABLE):
        yield from session_server()
        return
    folder = Path(tempfile.mkdtemp(prefix="amalimart-faults-maria-"))
    try:
        made = start_mariadb(folder, _SURVIVES_A_KILL)
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def maria(maria_server: MySQLServer) -> Iterator[MariaShop]:
    """An empty MariaDB database of the test's own."""
    for made in fresh_database(maria_server):
        yield MariaShop(made, maria_server.is_mariadb)


@pytest.fixture(params=["postgres", "mariadb"])
def attacked(request: pytest.FixtureRequest) -> Attacked:
    """A shop of either kind."""
    if request.param == "postgres":
        return attacked_postgres(request.getfixturevalue("shop"))
    shop: MariaShop = request.getfixturevalue("maria")
    if not shop.made.server.is_ours:
        pytest.skip("the server of AMALIMART_TEST_MYSQL_URL is not ours to stop")
    return attacked_mariadb(shop)


@pytest.fixture
def home() -> Iterator[Path]:
    """A place for a project; short, because sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix="amalimart-faults-"))
    yield folder / "home"
    if not os.environ.get("AMALIMART_FAULTS_KEEP"):
        shutil.rmtree(folder)


@pytest.fixture
def started() -> Iterator[Callable[..., IngestProcess]]:
    """Makes ingest processes that are gone when the test is."""
    made: list[IngestProcess] = []

    def start(home: Path, *arguments: str) -> IngestProcess:
        process = IngestProcess(home, *arguments)
        made.append(process)
        process.start()
        return process

    yield start
    for process in made:
        process.give_up()


@pytest.fixture
def figures(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints one line that is seen whatever pytest captures."""

    def show(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {line}\n")

    return show


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether the long variants are asked for."""
    return LONG
