"""The mapping of the AmaliMart source: nothing unclassified, no secret landed, every text understood."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping

SAMPLE = Path(__file__).parents[3] / "shared" / "amalimart"
FACTS = SAMPLE.parent / "source-amalimart.md"
needs_sample = pytest.mark.skipif(
    not SAMPLE.is_dir(), reason=f"the sample of the AmaliMart source is not at {SAMPLE}"
)


@pytest.fixture(scope="module")
def mapping() -> SourceMapping:
    return load_mapping(find_mapping("amalimart"))


def read(table: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_sample
@pytest.mark.source
def test_every_table_and_column_of_the_drop_is_mapped_ignored_secret_or_unmapped(
    mapping: SourceMapping,
) -> None:
    catalog = {}
    for path in SAMPLE.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            catalog[path.stem] = dict.fromkeys(next(csv.reader(file)), "text")
    assert len(catalog) == 30
    report = check_catalog(mapping, catalog)
    assert report.unlisted_tables == ()
    assert report.unclassified_columns == ()
    unmapped = {table for table in catalog if mapping.tables[table].unmapped}
    assert unmapped == {"address", "cities", "product_tags"}
    assert unmapped.isdisjoint(mapping.landed)


@pytest.mark.skipif(not FACTS.is_file(), reason=f"the facts of the AmaliMart source are not at {FACTS}")
def test_every_table_of_the_apps_own_database_is_listed_too(mapping: SourceMapping) -> None:
    tables = [line.split("**")[1] for line in FACTS.read_text().splitlines() if line.startswith("- **")]
    assert len(tables) > 30
    assert set(tables) <= set(mapping.tables)


def test_every_table_that_is_listed_is_used_or_says_why_not(mapping: SourceMapping) -> None:
    for table, spec in mapping.tables.items():
        assert (table in mapping.landed) != bool(spec.unmapped), table
        assert all(len(reason) > 5 for reason in spec.ignored.values()), table


def test_secrets_are_never_landed(mapping: SourceMapping) -> None:
    landed = {f"{table}.{column}" for table, columns in mapping.landed.items() for column in columns}
    assert "users.email" in landed
    assert {name for name in landed if "password" in name or "account_number" in name} == set()
    assert mapping.secrets("users") == ("password",)
    assert mapping.secrets("vendor_applications") == ("password",)
    assert "account_number" in mapping.secrets("vendor_payout_accounts")


@needs_sample
@pytest.mark.source
@pytest.mark.parametrize(
    "entity",
    ["users", "orders", "order_status_history", "payments", "returns", "products", "discounts",
     "vendor_applications", "support_tickets", "business_representatives"],
)  # fmt: skip
def test_every_text_of_an_enum_in_the_drop_has_its_value(mapping: SourceMapping, entity: str) -> None:
    checked = 0
    fold: Callable[[str], str] = lambda text: text.strip().upper().replace(" ", "_").replace("-", "_")  # noqa: E731
    for column in mapping.columns_of(entity).values():
        if column.values and column.source:
            known = {fold(text) for text in column.values}
            written = {fold(row[column.source]) for row in read(mapping.entities[entity].table)}
            assert written <= known, column.source
            checked += 1
    assert checked


@pytest.mark.parametrize(
    ("entity", "column", "text", "value"),
    [
        ("orders", "status", "DELIVERED", "COMPLETED"),
        ("order_status_history", "new_status", "DELIVERED", "COMPLETED"),
        ("returns", "status", "DECLINED", "REJECTED"),
        ("payments", "status", "PAID", "SUCCESS"),
        ("payments", "status", "COMPLETED", "SUCCESS"),
        ("payments", "status", "SUCCESS", "SUCCESS"),
        ("payments", "method", "Mobile Money", "MOBILE_MONEY"),
    ],
)
def test_the_shops_words_become_the_canonical_ones(
    mapping: SourceMapping, entity: str, column: str, text: str, value: str
) -> None:
    values = mapping.columns_of(entity)[column].values
    assert values is not None
    assert values[text] == value


@pytest.mark.parametrize(
    ("entity", "column", "value"),
    [
        ("payments", "method", "CASH_ON_DELIVERY"),
        ("shipments", "promised_at", None),
        ("shipments", "delivery_partner_id", None),
        ("returns", "return_amount", None),
        ("returns", "order_id", None),
        ("users", "birth_date", None),
        ("support_tickets", "category", None),
        ("marketing_spend", "amount", None),
        ("web_visits", "visit_id", None),
        ("product_categories", "category_id", None),
        ("orders", "is_test", None),
    ],
)
def test_what_the_source_lacks_is_not_claimed(
    mapping: SourceMapping, entity: str, column: str, value: str | None
) -> None:
    assert not mapping.provides(entity, column, value)
