"""Databases to describe: the demo's shop, and shops that name things otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from amalimart.demo import ensure_source, stop_source
from amalimart.sources.describing import TableFacts
from amalimart.sources.postgres.describing import PostgresDescriber
from tests.mapping.foreign_shops import foreign_shop
from tests.mariadb_server import mysql_database, mysql_server

__all__ = ["mysql_database", "mysql_server"]


@pytest.fixture(scope="session")
def demo_shop() -> Iterator[str]:
    """The address of a small demo shop."""
    with tempfile.TemporaryDirectory(prefix="amalimart-") as parent:
        folder = Path(parent) / "shop"
        try:
            yield ensure_source(folder, 1_200, 11, date(2025, 6, 16))
        finally:
            stop_source(folder)


@pytest.fixture(scope="session")
def described(demo_shop: str) -> Callable[[str], Sequence[TableFacts]]:
    """The facts of a shop by its name: `demo`, or one of shops/, made on the same server."""
    known: dict[str, Sequence[TableFacts]] = {}

    def describe(name: str) -> Sequence[TableFacts]:
        if name not in known:
            address = demo_shop if name == "demo" else _made(demo_shop, name)
            with closing(PostgresDescriber(address)) as describer:
                known[name] = describer.describe()
        return known[name]

    return describe


def _made(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    address = make_conninfo(server, dbname=name)
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in foreign_shop(name).statements:
            connection.execute(statement.encode())
    return address
