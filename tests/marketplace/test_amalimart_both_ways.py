"""The AmaliMart sample, landed as its CSV files and as its MySQL database: staging is the same.

The database is imitated by its own table names and types; that a real server gives these is tested where
one is read.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from amalimart.mapping.entities import ColumnType, load_entities
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from tests.warehouse.staging_lab import Lab, Landed

SAMPLE = Path(__file__).parents[3] / "shared" / "amalimart"
FACTS = SAMPLE.parent / "source-amalimart.md"
pytestmark = [
    pytest.mark.source,
    pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"the sample of the AmaliMart source is not at {SAMPLE}"),
]
FILE_OF = {
    "address": "addresses", "store": "stores", "product_image": "product_images",
    "wishlist_item": "wishlist_items",
}  # fmt: skip
LANDED_AS = {
    "bigint": "int64", "int": "int32", "tinyint(1)": "int8", "bit(1)": "int8", "double": "double",
    "timestamp": "timestamp with time zone", "datetime(6)": "timestamp", "date": "date",
}  # fmt: skip
ENGINE = {"int64": "bigint", "int32": "integer", "int8": "tinyint"}


def header(file: str) -> list[str]:
    with (SAMPLE / f"{file}.csv").open(newline="", encoding="utf-8") as opened:
        return next(csv.reader(opened))


def database() -> dict[str, dict[str, str]]:
    """Table -> column -> landed type."""
    catalog = {}
    for line in FACTS.read_text().splitlines():
        if told := re.fullmatch(r"- \*\*(\w+)\*\*: (.*?)\. Keys: .*", line):
            columns = (column.split(maxsplit=1) for column in told[2].split("; "))
            catalog[told[1]] = {name: landed_as(kind.removesuffix(" not null")) for name, kind in columns}
    return catalog


def landed_as(kind: str) -> str:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return f"decimal128({decimal[1]}, {decimal[2]})" if decimal else LANDED_AS.get(kind, "varchar")


def cell(column: str, kind: str) -> str:
    """A text of the drop as the value that the database holds."""
    if kind == "int8":
        return (
            f"case when \"{column}\" in ('True', '1') then 1 when \"{column}\" in ('False', '0') then 0 end"
        )
    if kind in ENGINE:
        return f'cast(cast("{column}" as double) as {ENGINE[kind]})'
    engine = kind.replace("decimal128", "decimal").replace("timestamp with time zone", "timestamptz")
    return f'cast("{column}" as {engine})'


def as_files(mapping: SourceMapping) -> Landed:
    files = {path.stem: header(path.stem) for path in SAMPLE.glob("*.csv")}
    there = mapping.fitted(files)
    tables = {table: dict.fromkeys(columns, "varchar") for table, columns in there.landed.items()}
    return Landed(mapping, tables, {}, selects={table: select(table, cols) for table, cols in tables.items()})


def as_database(mapping: SourceMapping) -> Landed:
    catalog = database()
    there = mapping.fitted(catalog)
    tables = {
        table: {column: catalog[table][column] for column in columns}
        for table, columns in there.landed.items()
    }
    filled = {table: FILE_OF.get(table, table) for table in tables}
    selects = {
        table: select(file, tables[table])
        for table, file in filled.items()
        if (SAMPLE / f"{file}.csv").is_file()
    }
    assert set(tables) - set(selects) == {
        "discount_products", "product_category", "product_tag",
        "vendor_earnings", "vendor_payouts", "wishlist",
    }  # fmt: skip
    return Landed(mapping, tables, {}, selects=selects)


def select(file: str, columns: dict[str, str]) -> str:
    known = header(file)
    defaults = {"status": "'ACTIVE'"} if file == "reviews" else {}
    listed = [
        cell(column, kind) if column in known else defaults.get(column, "null")
        for column, kind in columns.items()
    ]
    return (
        f"select {', '.join(listed)} from read_csv('{SAMPLE / file}.csv', all_varchar = true, header = true)"
    )


def contents(lab: Lab, entity: str) -> Counter[tuple[Any, ...]]:
    """The rows without their place in the lake.

    A file writes some whole numbers as 7.0, also in ids; of a discount the database keeps days only.
    """

    def compared(name: str, kind: ColumnType) -> str:
        if kind is ColumnType.ID:
            return f"regexp_replace({name}, '[.]0$', '')"
        return f"cast({name} as date)" if (entity, kind) == ("discounts", ColumnType.TIMESTAMP) else name

    columns = [compared(name, spec.type) for name, spec in load_entities()[entity].columns.items()]
    return Counter(lab.rows(f"select {', '.join(columns)}, _rejected, _repairs from stg_{entity}"))


@pytest.mark.slow
def test_the_files_and_the_database_give_the_same_entities(tmp_path: Path) -> None:
    mapping = load_mapping(find_mapping("amalimart"))
    labs = [
        Lab(tmp_path / way, {"amalimart": landed}, "Africa/Accra")
        for way, landed in (("files", as_files(mapping)), ("database", as_database(mapping)))
    ]
    try:
        files, other = labs
        for entity in mapping.entities:
            assert contents(files, entity) == contents(other, entity), entity
        assert sum(contents(files, "wishlists").values()) == 1000
        assert sum(contents(files, "orders").values()) == 1000
        assert files.rows("select count(*) from enum_drift") == other.rows("select count(*) from enum_drift")
        total = "select cast(sum(total_amount) as varchar) from stg_orders"
        assert files.rows(total) == other.rows(total) == [("561065.69",)]
    finally:
        for lab in labs:
            lab.close()
