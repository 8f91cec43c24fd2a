"""A commit is told to whoever follows the log a moment before any other session sees what it did.

The value that an update left alone is asked for where the row got a new key. Asked too early, there is
no such row yet, and an empty value would stay in the lake for good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.load import fill, mark
from tests.faults.postgres_server import PostgresServer
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import PRODUCTS, mapping_yaml
from tests.faults.verdict import Figures, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@contextmanager
def commits_that_wait(server: PostgresServer) -> Iterator[None]:
    """Every commit is logged, and then waits for a standby that is not there before it can be seen."""
    with server.connect() as connection:
        connection.execute("alter system set synchronous_standby_names = 'nobody'")
        connection.execute("select pg_reload_conf()")
        connection.execute("select pg_sleep(0.3)")
        try:
            yield
        finally:
            connection.execute("alter system reset synchronous_standby_names")
            connection.execute("select pg_reload_conf()")


def test_a_large_value_is_asked_for_only_when_it_can_be_seen(
    server: PostgresServer,
    shop: PostgresShop,
    home: Path,
    started: Callable[..., IngestProcess],
    figures: Figures,
) -> None:
    shop.make()
    fill(shop, orders=100, products=100)
    make_project(home, "postgres", shop.url(), mapping_yaml())
    process = started(home)
    mark(shop, 1)
    process.wait_for_entry(1)
    move = (
        "update products set product_id = product_id + 1000000, transaction_no = 2"
        " where length(description) > 2000"
    )
    with commits_that_wait(server):
        moving = threading.Thread(target=shop.run, args=(move,))
        moving.start()
        time.sleep(3)
        assert moving.is_alive(), "the commit does not wait, so nothing is tested"
    moving.join(20)
    mark(shop, 2)
    seconds = process.wait_for_entry(2)
    process.stop()
    rows = same_rows(home, shop, [PRODUCTS])
    no_defect(home)
    figures(f"commit logged 3 s before it is visible: {rows} rows equal, {seconds:.1f} s after it was")
