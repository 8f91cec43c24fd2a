"""The demo shop as a whole: started, loaded once, reused afterwards, stopped.

The report of a finished load is the comment of the shop's database, written in the transaction of the
load itself: a database without it was interrupted half-way and is built anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from amalimart.core.errors import ConfigError
from amalimart.demo import bulk_load
from amalimart.demo.bulk_load import Progress
from amalimart.demo.embedded_postgres import reachable, start_server, stop_server
from amalimart.demo.generator.marketplace import Marketplace
from amalimart.demo.generator.scenario import Scenario

DATABASE = "shop"
_LOAD_LOCK = 7_421_903


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a finished load put into the shop: what was asked for, rows by table, defects by name."""

    orders: int
    seed: int
    today: str
    schema: str
    rows: dict[str, int]
    dirt: dict[str, int]


def no_progress(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody watches."""


def ensure_source(folder: Path, orders: int, seed: int, today: date, progress: Progress = no_progress) -> str:
    """Start the shop in `folder`, load it where it is not loaded yet, and return its DSN.

    The history covers the 730 days before `today` (excluded: the live loop makes today's orders). A
    shop that was loaded with the same orders and seed is reused whatever its `today` was.

    Raises ConfigError where the folder holds another marketplace, RuntimeTrouble where the server
    does not start.
    """
    scenario = _scenario(orders, seed, today)
    server = start_server(folder)
    dsn = server.dsn(DATABASE)
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(%s)", (_LOAD_LOCK,))
        found = _read_report(admin)
        if found is not None:
            _check_same(found, scenario, folder)
            return dsn
        name = sql.Identifier(DATABASE)
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        admin.execute(sql.SQL("create database {}").format(name))
        with psycopg.connect(dsn) as shop:
            marketplace = Marketplace(scenario)
            rows = bulk_load.load(shop, marketplace, progress)
            report = LoadReport(orders, seed, today.isoformat(), _schema_hash(), rows, marketplace.dirt)
            comment = sql.Literal(json.dumps(asdict(report), sort_keys=True))
            shop.execute(sql.SQL("comment on database {} is {}").format(name, comment))
    return dsn


def stop_source(folder: Path) -> bool:
    """Stop the shop's server, if it runs; True where it did."""
    return stop_server(folder)


def load_report(dsn: str) -> LoadReport:
    """The report of the load of a running shop. Raises ConfigError where it is not a demo shop."""
    reachable(dsn)
    with psycopg.connect(dsn) as shop:
        found = _read_report(shop)
    if found is None:
        raise ConfigError(
            "this database was not loaded by the simulator",
            expected="a database made by `make demo`",
            next_step="run `make demo`",
        )
    return found


def _scenario(orders: int, seed: int, today: date) -> Scenario:
    try:
        return Scenario(orders, seed, today)
    except ValueError as error:
        raise ConfigError(str(error), expected="--orders 20000", next_step="ask for more orders") from error


def _schema_hash() -> str:
    content = b"".join(
        (Path(__file__).parent / name).read_bytes() for name in ("schema.sql", "constraints.sql")
    )
    return hashlib.sha256(content).hexdigest()[:16]


def _read_report(connection: psycopg.Connection) -> LoadReport | None:
    row = connection.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", (DATABASE,)
    ).fetchone()
    return LoadReport(**json.loads(row[0])) if row and row[0] else None


def _check_same(found: LoadReport, scenario: Scenario, folder: Path) -> None:
    same = (found.orders, found.seed, found.schema) == (scenario.orders, scenario.seed, _schema_hash())
    if not same:
        raise ConfigError(
            f"the demo shop holds {found.orders} orders of seed {found.seed}"
            + ("" if found.schema == _schema_hash() else " in an older schema"),
            where=str(folder),
            expected=f"{scenario.orders} orders of seed {scenario.seed}",
            next_step="ask for the same, or run `make demo-reset` to start afresh",
        )
