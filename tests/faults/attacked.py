"""Both kinds of shop under one form, for faults that either can meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psycopg
import pymysql  # type: ignore[import-untyped]

from tests.faults.mariadb_shop import MariaShop
from tests.faults.postgres_shop import PostgresShop

BROKEN_CONNECTIONS: tuple[type[Exception], ...] = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    pymysql.err.OperationalError,
    pymysql.err.InterfaceError,
    OSError,
)


@dataclass(frozen=True)
class Attacked:
    """A shop and how to stop and start the server behind it.

    overlap  whether its stream may tell again what a snapshot already has
    """

    shop: PostgresShop | MariaShop
    name: str
    kind: Literal["postgres", "mysql"]
    port: int
    stop: Callable[[str], None]
    start: Callable[[], None]
    overlap: bool


def attacked_postgres(shop: PostgresShop) -> Attacked:
    """Server and shop of PostgreSQL."""
    server = shop.server
    return Attacked(shop, "PostgreSQL", "postgres", server.port, server.stop, server.start, overlap=False)


def attacked_mariadb(shop: MariaShop) -> Attacked:
    """Server and shop of MariaDB."""
    server = shop.made.server

    def stop(how: str) -> None:
        server.stop(kill=how == "immediate")

    return Attacked(shop, "MariaDB", "mysql", server.port, stop, server.start, overlap=True)
