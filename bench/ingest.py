"""make bench-ingest: how fast a table is taken over, how late a change is, how fast a backlog is worked off.

Everything runs on this machine at once: shop, ingest, load and reader share its cores. Ratios are taken
against a floor measured in the same run; absolute times belong to the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, report
from bench.snapshot_speed import measure_snapshot
from bench.stream_lag import Wanted, measure_stream
from tests.faults.mariadb_shop import MariaShop
from tests.faults.postgres_server import postgres_server
from tests.faults.postgres_shop import PostgresShop
from tests.mariadb_server import fresh_database, start_mariadb


@contextmanager
def maria_shop() -> Iterator[MariaShop]:
    """A server that syncs its log, as a shop's does."""
    with tempfile.TemporaryDirectory(prefix="amalimart-bench-maria-") as folder:
        server = start_mariadb(
            Path(folder), "--innodb-flush-log-at-trx-commit=1", "--max-binlog-size=1073741824"
        )
        try:
            for database in fresh_database(server):
                yield MariaShop(database, is_mariadb=True)
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="rows of the table that is snapshotted")
    parser.add_argument("--history", type=int, default=1_000_000, help="rows of the table that is followed")
    parser.add_argument("--rate", type=float, default=1_000, help="changes a second")
    parser.add_argument("--seconds", type=float, default=60, help="how long the steady load lasts")
    parser.add_argument("--backlog", type=int, default=300_000, help="changes to be worked off at once")
    parser.add_argument("--only", choices=["snapshot", "stream"], help="leave the other part out")
    parser.add_argument("--mariadb", action="store_true", help="follow MariaDB as well")
    arguments = parser.parse_args()
    wanted = Wanted(arguments.history, arguments.rate, arguments.seconds, arguments.backlog)
    figures: list[Figure] = []
    with postgres_server(fsync=True) as server:
        if arguments.only != "stream":
            figures += measure_snapshot(server, arguments.rows)
        if arguments.only != "snapshot":
            server.create_database("stream_lag")
            figures += measure_stream(PostgresShop(server, "stream_lag"), wanted)
    if arguments.mariadb and arguments.only != "snapshot":
        with maria_shop() as shop:
            figures += measure_stream(shop, wanted)
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
