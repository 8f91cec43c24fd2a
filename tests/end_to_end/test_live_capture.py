"""From a commit in the shop to a published number, and everything again from bronze alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import FixedClock
from amalimart.demo import ensure_source, stop_source
from amalimart.lake import Lake
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project

CLOCK = FixedClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
WAIT_SECONDS = 90.0


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@dataclass
class LiveShop:
    """A project that streams from a shop of its own."""

    project: Project
    address: str

    def shop(self, *statements: str) -> None:
        with psycopg.connect(self.address) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def asked(self, sql: str) -> Any:
        with psycopg.connect(self.address) as connection:
            row = connection.execute(sql.encode()).fetchone()
            assert row is not None
            return row[0]

    @property
    def lake(self) -> Lake:
        return Lake(self.project.lake, CLOCK)

    @contextlib.contextmanager
    def ingest(self) -> Iterator[None]:
        command = [sys.executable, "-m", "amalimart.processes.ingest"]
        process = subprocess.Popen([*command, "--home", str(self.project.home), "--source", "shop"])
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0

    def until_landed(self) -> None:
        """Wait until the lake holds what is committed in the shop now."""
        marker = self.asked("insert into tags (tag_name) values ('marker') returning tag_id")

        def landed() -> bool:
            tags = self.lake.live_files("shop").get("tags")
            if tags is None:
                return False
            held = [*(pq.read_table(path) for path in tags.paths), *(part.read() for part in tags.journal)]
            return any(marker in rows.column("tag_id").to_pylist() for rows in held)

        wait_for("a row committed in the shop", landed)

    @contextlib.contextmanager
    def engine(self) -> Iterator[Engine]:
        engine = Engine(open_project(self.project.home), CLOCK)
        try:
            yield engine
        finally:
            engine.close()


@pytest.fixture(scope="module")
def live() -> Iterator[LiveShop]:
    with tempfile.TemporaryDirectory(prefix="amalimart-live-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        database = folder / "shop"
        address = ensure_source(database, 300, 7, date(2026, 3, 1))
        try:
            project = init_project(folder / "home", name="Live shop")
            settings = SourceSettings(kind="postgres", mapping="demo", url="secret:SHOP_URL")
            yield LiveShop(add_source(project, "shop", settings, address), address)
        finally:
            stop_source(database)


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Table -> a fingerprint of its rows as a multiset, whatever their order."""
    with engine.hot_file.read() as transaction:
        tables = transaction.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('staging', 'silver', 'gold') order by 1"
        ).rows
        return {
            str(table): list(
                transaction.rows(f"select count(*), bit_xor(hash(t)), sum(hash(t)) from {table} as t").rows
            )
            for (table,) in tables
        }


def gmv(engine: Engine) -> Decimal:
    with engine.hot_file.read() as transaction:
        return Decimal(str(transaction.rows("select sum(total_amount) from gold.fact_orders").rows[0][0]))


@pytest.mark.slow
def test_every_kind_of_change_reaches_the_numbers_and_bronze_alone_gives_them_again(live: LiveShop) -> None:
    with live.ingest():
        wait_for("the first snapshot", lambda: live.lake.latest("shop") is not None)
        with live.engine() as engine:
            assert engine.refresh() is not None
            total = "select sum(total_amount) from orders where not is_test"
            assert gmv(engine) == live.asked(total)
            live.shop(
                "update orders set total_amount = total_amount + 1.11 where order_id % 3 = 0",
                "delete from reviews where review_id % 2 = 0",
                "insert into orders (customer_id, order_date, status, total_amount, currency)"
                " select user_id, '2026-02-27', 'PENDING', 12.34, 'GHS' from users limit 5",
                "truncate messages",
            )
            live.until_landed()
            assert engine.refresh() is not None
            assert gmv(engine) == live.asked(total)
            for gold, source in (
                ("staging.stg_reviews", "select count(*) from reviews"),
                ("staging.stg_messages", "select count(*) from messages"),
            ):
                with engine.hot_file.read() as transaction:
                    assert transaction.rows(f"select count(*) from {gold}").rows[0][0] == live.asked(source)
            live.shop("update users set full_name = 'Someone Else' where user_id % 5 = 0")
            live.until_landed()
            assert engine.refresh() is not None
            followed = contents(engine)
    with live.lake.writer("shop") as writer:
        writer.seal()
        writer.compact()
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (live.project.home / "data" / name).unlink(missing_ok=True)
    with live.engine() as engine:
        assert engine.refresh() is not None
        rebuilt = contents(engine)
    assert rebuilt.keys() == followed.keys()
    assert {table for table in rebuilt if rebuilt[table] != followed[table]} == set()


@pytest.mark.slow
def test_a_killed_ingest_goes_on_where_it_was_and_a_second_one_is_refused(live: LiveShop) -> None:
    command = [sys.executable, "-m", "amalimart.processes.ingest", "--home", str(live.project.home)]
    first = subprocess.Popen([*command, "--source", "shop"])
    try:
        live.until_landed()
        before = live.lake.latest("shop")
        os.kill(first.pid, signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
    live.shop("update orders set total_amount = 777.77 where order_id = (select max(order_id) from orders)")
    with live.ingest():
        live.until_landed()
        second = subprocess.Popen([*command, "--source", "shop"], stderr=subprocess.PIPE)
        assert second.stderr is not None
        with second.stderr:
            said = second.stderr.readline().decode()
            second.send_signal(signal.SIGTERM)
            second.wait(30)
        assert "another writer" in said
    after = live.lake.latest("shop")
    assert before is not None
    assert after is not None
    assert after.version > before.version
    assert {commit.kind for commit in live.lake.commits("shop", after=before.version)} <= {"changes", "seal"}
