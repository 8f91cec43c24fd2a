"""Rows that no analytics table has a form for: kept where that can be, else null and counted.

Each odd row is there twice: once before the snapshot and once told by the stream. A reader must not be able
to tell which was which, and nothing else may stop for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from amalimart.lake import TableFiles
from amalimart.orchestrate.sources.resnapshots import request_resnapshot
from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.lake_oracle import SOURCE, opened, rows_of
from tests.faults.load import mark
from tests.faults.mariadb_shop import MariaShop
from tests.faults.postgres_server import PostgresServer
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import LEDGER, mapping_yaml
from tests.faults.verdict import Figures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Started = Callable[..., IngestProcess]
TOLD = 1_000
"""What the stream tells has its id so much higher."""
HUGE = 10 * 1024 * 1024

MAPPING = """\
mapping: faults
description: A shop of odd rows.
time_zone: Africa/Accra
tables:
  odd:
    cursor: {column: updated_at, key: [id]}
    ignored: {huge_source: only there to be copied}
  ledger:
    cursor: {column: written_at, key: [entry_id]}
entities:
  orders:
    table: odd
    columns:
      order_id: id
      order_date: placed_at
      total_amount: total
      discount_amount: exact
      delivery_fee: rough
      tax_amount: amount
      currency: padded
      channel: long_text
      shipping_city: document
      status: state
      created_at: day
      updated_at: updated_at
      customer_id: {from: wide, optional: true}
      discount_id: {from: western, optional: true}
"""
LEDGER_ENTITY = mapping_yaml([LEDGER]).partition("entities:\n")[2]


def follow_odd_rows(
    home: Path, shop: PostgresShop | MariaShop, started: Started, odd: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Let odd rows come both ways; returns all rows of their table in the lake, by id."""

    def insert(first: int) -> None:
        for number, values in enumerate(odd):
            row = {"id": str(first + number), "total": "1.25", **values}
            shop.run(f"insert into odd ({', '.join(row)}) values ({', '.join(row.values())})")

    insert(0)
    make_project(home, shop.kind, shop.url(), MAPPING + LEDGER_ENTITY)
    process = started(home)
    mark(shop, 1)
    process.wait_for_entry(1)
    insert(TOLD)
    # The same once more, on top of rows that are in order, and healthy rows behind them.
    for number, values in enumerate(odd):
        shop.run(f"insert into odd (id, total) values ({2 * TOLD + number}, 1.25)")
        changed = ", ".join(f"{column} = {value}" for column, value in values.items())
        shop.run(f"update odd set {changed} where id = {2 * TOLD + number}")
    mark(shop, 2)
    process.wait_for_entry(2)
    process.wait("a report that it follows", lambda: process.report().get("state") == "following")
    process.stop()
    no_defect(home)
    return latest(opened(home).live_files(SOURCE)["odd"])


def latest(files: TableFiles) -> list[dict[str, Any]]:
    rows = {row["id"]: row for row in rows_of(files)}
    return [
        {name: value for name, value in rows[number].items() if not name.startswith("_")}
        for number in sorted(rows)
    ]


def assert_told_as_copied(rows: Sequence[Mapping[str, Any]], count: int) -> None:
    """Every odd row has the same values whichever way it came."""
    by_id = {row["id"]: {name: value for name, value in row.items() if name != "id"} for row in rows}
    assert len(by_id) == 3 * count
    for number in range(count):
        assert by_id[TOLD + number] == by_id[number], f"odd row {number} differs when it is told"
        assert by_id[2 * TOLD + number] == by_id[number], f"odd row {number} differs when it is updated"


POSTGRES_ODD: Sequence[Mapping[str, str]] = (
    {"total": "'NaN'"},
    {"exact": "'NaN'"},
    {"exact": "'Infinity'"},
    {"exact": "-1e-130"},
    {"exact": "repeat('9', 200)::numeric"},
    {"total": "9999999999999999.99", "exact": "-0.00"},
    {"rough": "'NaN'"},
    {"rough": "'-Infinity'"},
    {"rough": "5e-324"},
    {"rough": "'-0'"},
    {"placed_at": "'infinity'"},
    {"placed_at": "'-infinity'", "day": "'infinity'"},
    {"placed_at": "'0044-03-15 12:00:00+00 BC'", "day": "'0044-03-15 BC'"},
    {"placed_at": "'294276-12-31 23:59:59+00'", "day": "'5874897-12-31'"},
    {"placed_at": "'0001-01-01 00:00:00+00'", "day": "'9999-12-31'"},
    {"updated_at": "'infinity'"},
    {"amount": "'-92233720368547758.08'"},
    {"padded": "'a '"},
    {"long_text": f"repeat('0123456789', {HUGE // 10})"},
    {"long_text": "e'\\u0001\\t\\r\\n\\uFFFE\\uFDD0\\U0001F600\\u202E\\u0300'"},
    {"long_text": "''"},
    {"long_text": '\'{"nul": "\\u0000", "lone": "\\ud800", "big": 1e400}\''},
    {"document": "'::ffff:192.0.2.1'"},
    {"document": "'192.0.2.0/24'"},
    {"state": "'it''s \"odd\", {really}'"},
)


def make_postgres(shop: PostgresShop) -> None:
    shop.make([LEDGER])
    shop.run(
        "create type state as enum ('plain', 'it''s \"odd\", {really}')",
        "create table odd (id bigint primary key, placed_at timestamptz, total numeric(18,2), exact numeric,"
        " rough float8, amount money, padded char(5), long_text text, document inet, state state, day date,"
        " updated_at timestamp, huge_source text)",
    )


def test_odd_rows_of_postgres(shop: PostgresShop, home: Path, started: Started, figures: Figures) -> None:
    began = time.monotonic()
    make_postgres(shop)
    rows = follow_odd_rows(home, shop, started, POSTGRES_ODD)
    assert_told_as_copied(rows, len(POSTGRES_ODD))
    by_values = dict(zip(range(len(POSTGRES_ODD)), rows, strict=False))
    assert by_values[0]["total"] is None
    assert by_values[1]["exact"] == "NaN"
    assert by_values[4]["exact"] == "9" * 200
    assert by_values[5]["total"] == Decimal("9999999999999999.99")
    assert by_values[6]["rough"] is by_values[7]["rough"] is None
    assert by_values[8]["rough"] == 5e-324
    assert all(by_values[number]["placed_at"] is None for number in (10, 11, 12, 13))
    assert by_values[14]["placed_at"].year == 1
    assert len(by_values[18]["long_text"]) == HUGE
    figures(f"PostgreSQL: {len(POSTGRES_ODD)} odd rows, three ways each; {time.monotonic() - began:.0f} s")


def test_texts_that_are_none(server: PostgresServer, home: Path, started: Started, figures: Figures) -> None:
    """A database without an encoding takes any bytes for text; its server then tells none of the rows.

    There is no way around such a text: it is named, and once it is corrected everything goes on.
    """
    began = time.monotonic()
    shop = PostgresShop(server, "faults_without_encoding")
    server.create_database(
        shop.database, like="encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0"
    )
    bad, good = "convert_from('\\xff'::bytea, 'SQL_ASCII')", "convert_from('\\xc3a9'::bytea, 'SQL_ASCII')"
    try:
        make_postgres(shop)
        shop.run(f"insert into odd (id, long_text) values (0, {good}), (1, {bad})")
        project = make_project(home, shop.kind, shop.url(), MAPPING + LEDGER_ENTITY)
        process = started(home)

        def is_told() -> bool:
            return "cannot be told in UTF-8" in str(process.report().get("error"))

        process.wait("trouble in the snapshot", is_told)
        shop.run(f"update odd set long_text = {good} where id = 1")
        mark(shop, 1)
        process.wait_for_entry(1)
        shop.run(f"insert into odd (id, long_text) values (2, {bad})")
        process.wait("trouble in the stream", is_told)
        shop.run(f"update odd set long_text = {good} where id = 2")
        request_resnapshot(project, SOURCE)
        mark(shop, 2)
        process.wait_for_entry(2)
        process.stop()
        assert [row["long_text"] for row in latest(opened(home).live_files(SOURCE)["odd"])] == ["é"] * 3
        no_defect(home)
    finally:
        server.drop_database(shop.database)
    figures(f"PostgreSQL without encoding: bad texts named and corrected; {time.monotonic() - began:.0f} s")


MARIADB_ODD: Sequence[Mapping[str, str]] = (
    {"placed_at": "'0000-00-00 00:00:00'", "day": "'0000-00-00'"},
    {"placed_at": "'2024-00-15 01:02:03'", "day": "'2024-05-00'"},
    {"placed_at": "'2024-02-31 01:02:03'", "day": "'2023-02-29'"},
    {"placed_at": "'0000-01-01 00:00:00'", "day": "'9999-12-31'"},
    {"updated_at": "'0000-00-00 00:00:00'"},
    {"total": "-9999999999999999.99", "exact": f"{'9' * 35}.{'9' * 30}"},
    {"exact": "-0.000000000000000000000000000001"},
    {"rough": "5e-324"},
    {"rough": "1.7976931348623157e308"},
    {"padded": "'a '"},
    {"long_text": f"repeat('0123456789', {HUGE // 10})"},
    {"long_text": "concat(char(0), char(1), '\\t\\r\\n', _utf8mb4 x'F09F9880')"},
    {"long_text": "''"},
    {"document": '\'{"lone": "\\\\ud800", "big": 1e400}\''},
    {"state": "'not one of them'"},
    {"wide": "x'D800'"},
    {"wide": "x'D83DDE00'"},
    {"western": "x'80E9FF'"},
)


def test_odd_rows_of_mariadb(maria: MariaShop, home: Path, started: Started, figures: Figures) -> None:
    began = time.monotonic()
    maria.make([LEDGER])
    maria.run(
        "create table odd (id bigint primary key, placed_at datetime(6), total decimal(18,2),"
        " exact decimal(65,30), rough double, amount bigint unsigned, padded char(5), long_text longtext,"
        " document longtext, state enum('plain', 'odd'), day date, updated_at timestamp null,"
        " wide varchar(20) character set ucs2, western varchar(20) character set latin1, huge_source text)"
    )
    before = maria.scalar("select @@global.sql_mode")
    maria.made.server.run("set global sql_mode = 'ALLOW_INVALID_DATES'")
    try:
        rows = follow_odd_rows(home, maria, started, MARIADB_ODD)
    finally:
        maria.made.server.run(f"set global sql_mode = '{before}'")
    assert_told_as_copied(rows, len(MARIADB_ODD))
    assert all(row["placed_at"] is None for row in rows[:3])
    assert rows[3]["day"].year == 9999
    assert rows[5]["total"] == Decimal("-9999999999999999.99")
    assert rows[8]["rough"] == 1.7976931348623157e308
    assert len(rows[10]["long_text"]) == HUGE
    figures(f"MariaDB: {len(MARIADB_ODD)} odd rows, three ways each; {time.monotonic() - began:.0f} s")
