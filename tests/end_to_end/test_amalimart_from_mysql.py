"""The AmaliMart shop by its database and by its file drop: one mapping, the same gold.

The database is made from the description of the app's tables that lies beside the sample and filled
with the sample's rows; where a sample row does not fit the app's own table (no product, a status that
the enum lacks), the column is widened, as the rows are what is to be compared.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import FixedClock
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import ingest_once
from tests.mariadb_server import MySQLDatabase, MySQLServer, fresh_database, mysql_server

__all__ = ["mysql_server"]

pytestmark = pytest.mark.source
CLOCK = FixedClock(datetime(2024, 12, 31, 12, tzinfo=UTC))
APP_NAMES = {"stores": "store", "wishlist_items": "wishlist_item", "product_images": "product_image"}
_TABLE = re.compile(r"^- \*\*(\w+)\*\*: (.*?)\. Keys:", re.MULTILINE)
_ENUM = re.compile(r"enum\(([^)]*)\)")


def described_types(description: str) -> dict[str, dict[str, str]]:
    """Table -> column -> type, as the app's description has them."""
    found: dict[str, dict[str, str]] = {}
    for table, columns in _TABLE.findall(description):
        parts = [column.strip().partition(" ") for column in columns.split(";")]
        found[table] = {name: kind.replace("not null", "").strip() for name, _, kind in parts}
    return found


def column_type(described: str | None, values: set[str]) -> str:
    """The app's type where it holds the sample's values, else one that does."""
    if described is None:
        return "text"
    if enum := _ENUM.fullmatch(described):
        listed = enum[1].split(",")
        labels = ", ".join(repr(label) for label in listed)
        return f"enum({labels})" if values <= set(listed) else "varchar(50)"
    if described == "timestamp":
        return "timestamp(6) null"
    if described == "date" and any(len(value) > 10 for value in values):
        return "datetime(6)"
    return described


@pytest.fixture
def shop(mysql_server: MySQLServer, amalimart_sample: Path) -> Iterator[MySQLDatabase]:
    description = (amalimart_sample.parent / "source-amalimart.md").read_text(encoding="utf-8")
    types = described_types(description)
    for database in fresh_database(mysql_server):
        for path in sorted(amalimart_sample.glob("*.csv")):
            fill(database, path, types)
        for table in types.keys() - {row[0] for row in database.ask("show tables")}:
            columns = ", ".join(f"`{name}` {column_type(kind, set())}" for name, kind in types[table].items())
            database.run(f"create table `{table}` ({columns})")
        yield database


def fill(database: MySQLDatabase, path: Path, types: dict[str, dict[str, str]]) -> None:
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    header, rows = [name for name in rows[0] if name], rows[1:]
    table = APP_NAMES.get(path.stem, path.stem)
    described = types.get(table, {})
    kinds = {
        name: column_type(described.get(name), {row[place] for row in rows if row[place]})
        for place, name in enumerate(header)
    }
    key = ", primary key (id)" if "id" in header and kinds["id"] != "text" else ""
    columns = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
    database.run(f"create table `{table}` ({columns}{key})")
    spelled = {"True": "1", "False": "0", "true": "1", "false": "0"}
    values = [
        [
            None
            if value == ""
            else spelled.get(value, value)
            if kinds[name].startswith(("tiny", "bit"))
            else value
            for name, value in zip(header, row, strict=False)
        ]
        for row in rows
    ]
    bits = ["cast(%s as unsigned)" if kind.startswith("bit") else "%s" for kind in kinds.values()]
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("set time_zone = '+00:00'")
        cursor.executemany(f"insert into `{table}` values ({', '.join(bits)})", values)
        connection.commit()


def gold(project: Project) -> dict[str, tuple[object, ...]]:
    """Table of silver and gold -> its columns and a fingerprint of its rows as a multiset."""
    engine = Engine(open_project(project.home), CLOCK)
    try:
        for name, mapping in engine.mappings.items():
            source = open_source(project, name, project.settings.sources[name])
            with contextlib.closing(source):
                assert ingest_once(engine.lake, name, source, mapping) is not None
        assert engine.refresh() is not None
        with engine.hot_file.read() as transaction:
            tables = transaction.rows(
                "select table_schema || '.' || table_name from information_schema.tables"
                " where table_schema in ('silver', 'gold')"
                " and table_name not in ('quarantine', 'reconciliation') order by 1"
            ).rows
            return {
                str(table): transaction.rows(
                    f"select count(*), bit_xor(hash(t)), sum(hash(t)) from {table} as t"
                ).rows[0]
                for (table,) in tables
            }
    finally:
        engine.close()


@pytest.mark.slow
def test_the_database_and_the_drop_give_the_same_gold(
    tmp_path: Path, shop: MySQLDatabase, amalimart_sample: Path
) -> None:
    by_files = add_source(
        init_project(tmp_path / "files", name="AmaliMart"),
        "shop",
        SourceSettings(kind="files", mapping="amalimart", folder=amalimart_sample),
    )
    by_mysql = add_source(
        init_project(tmp_path / "mysql", name="AmaliMart"),
        "shop",
        SourceSettings(kind="mysql", mapping="amalimart", url="secret:SHOP_URL"),
        shop.address,
    )
    dropped, captured = gold(by_files), gold(by_mysql)
    assert dropped.keys() == captured.keys()
    # A version of a row counts from when its source told it, and the two were told at different moments.
    told_alike = {table for table in dropped if not table.endswith("_history")}
    assert {
        table: (dropped[table], captured[table]) for table in told_alike if dropped[table] != captured[table]
    } == {}
    assert all(dropped[table][0] == captured[table][0] for table in dropped.keys() - told_alike)
    assert dropped["gold.fact_orders"][0] == shop.ask("select count(*) from orders")[0][0]
    total = shop.ask("select cast(sum(cast(total_amount as decimal(12,2))) as decimal(12,2)) from orders")[0][
        0
    ]
    assert Decimal(total) == Decimal("561065.69")
