"""The mapping of the AmaliMart source, over its database and over its file drop.

Nothing is unclassified, no secret is landed, every text is understood, and what one of the two lacks is
said of that one only.
"""

from __future__ import annotations

import csv
import re
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
needs_facts = pytest.mark.skipif(
    not FACTS.is_file(), reason=f"the facts of the AmaliMart source are not at {FACTS}"
)
Catalog = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def mapping() -> SourceMapping:
    return load_mapping(find_mapping("amalimart"))


@pytest.fixture(scope="module")
def drop() -> Catalog:
    """Table -> column -> type of the CSV files."""
    catalog = {}
    for path in SAMPLE.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            catalog[path.stem] = dict.fromkeys(next(csv.reader(file)), "text")
    return catalog


@pytest.fixture(scope="module")
def database() -> Catalog:
    """Table -> column -> type of the app's MySQL database, as the facts list them."""
    catalog: Catalog = {}
    for line in FACTS.read_text().splitlines():
        if told := re.fullmatch(r"- \*\*(\w+)\*\*: (.*?)\. Keys: .*", line):
            columns = (column.split(maxsplit=1) for column in told[2].split("; "))
            catalog[told[1]] = {
                name: re.sub(r"(\w+)(?=[,)])", r"'\1'", kind) if kind.startswith("enum") else kind
                for name, kind in ((name, kind.removesuffix(" not null")) for name, kind in columns)
            }
    return catalog


def read(table: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_sample
@pytest.mark.source
def test_every_table_and_column_of_the_drop_is_mapped_ignored_secret_or_unmapped(
    mapping: SourceMapping, drop: Catalog
) -> None:
    assert len(drop) == 30
    report = check_catalog(mapping, drop)
    assert report.unlisted_tables == ()
    assert report.unclassified_columns == ()
    assert report.shadowed_tables == ("address",)
    there = mapping.fitted(drop)
    assert set(drop) - set(there.landed) == {"address", "cities", "product_tags"}
    assert report.absent_tables == (
        "discount_products", "product_category", "product_tag",
        "vendor_earnings", "vendor_payouts", "wishlist",
    )  # fmt: skip
    assert report.absent_optional == (
        "order_items.vendor_id", "payments.customer_id", "reviews.status", "reviews.updated_at",
    )  # fmt: skip


@needs_facts
def test_every_table_and_column_of_the_database_is_mapped_ignored_secret_or_unmapped(
    mapping: SourceMapping, database: Catalog
) -> None:
    assert len(database) == 36
    assert database["orders"]["status"].startswith("enum('CANCELLED','CONFIRMED',")
    report = check_catalog(mapping, database)
    assert report.unlisted_tables == report.unclassified_columns == report.shadowed_tables == ()
    assert report.absent_tables == report.absent_optional == ()
    assert report.enum_drift == ()
    there = mapping.fitted(database)
    left_alone = {"cities", "product_tags", "vendor_payout_accounts"}
    assert set(there.landed) == set(database) - left_alone
    assert {there.tables[table].unmapped is None for table in left_alone} == {False}


@needs_facts
def test_a_value_that_the_shop_adds_to_an_enum_is_reported(mapping: SourceMapping, database: Catalog) -> None:
    orders = database["orders"] | {"status": database["orders"]["status"].replace("(", "('LOST IN TRANSIT',")}
    report = check_catalog(mapping, database | {"orders": orders})
    assert report.enum_drift == ("orders.status: LOST IN TRANSIT",)


@needs_facts
def test_both_ways_read_the_same_rows_under_the_same_keys(mapping: SourceMapping, database: Catalog) -> None:
    """Every row of the database has a key that tells it, and it is the one the facts name."""
    there = mapping.fitted(database)
    keys = {
        told[1]: told[2].split(",")
        for line in FACTS.read_text().splitlines()
        if (told := re.search(r"\*\*(\w+)\*\*.*primary key ([\w,]+?),? ", line))
    }
    for table in there.landed:
        assert sorted(there.key_columns(table)) == sorted(keys.get(table, ["id"])), table


def test_every_table_that_is_listed_is_used_or_says_why_not(mapping: SourceMapping) -> None:
    for table, spec in mapping.tables.items():
        assert (table in mapping.landed) != bool(spec.unmapped), table
        assert all(len(reason) > 5 for reason in spec.ignored.values()), table


def test_secrets_are_never_landed(mapping: SourceMapping) -> None:
    landed = {f"{table}.{column}" for table, columns in mapping.landed.items() for column in columns}
    assert "users.email" in landed
    secret = ("password", "account_number", "account_name", "recipient_code", "transfer_code")
    assert {name for name in landed if any(word in name for word in secret)} == set()
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
        ("orders", "is_test", None),
    ],
)
def test_what_the_source_lacks_is_not_claimed(
    mapping: SourceMapping, entity: str, column: str, value: str | None
) -> None:
    assert not mapping.provides(entity, column, value)


@needs_sample
@needs_facts
@pytest.mark.source
@pytest.mark.parametrize(
    ("entity", "column"),
    [
        ("product_categories", "category_id"),
        ("product_tags", "tag_id"),
        ("order_items", "vendor_id"),
        ("discount_products", "product_id"),
        ("vendor_earnings", "amount"),
        ("vendor_payouts", "net_payout"),
    ],
)
def test_what_only_the_database_has_is_claimed_of_it_alone(
    mapping: SourceMapping, drop: Catalog, database: Catalog, entity: str, column: str
) -> None:
    assert mapping.fitted(database).provides(entity, column)
    assert not mapping.fitted(drop).provides(entity, column)


@needs_sample
@pytest.mark.source
def test_a_review_without_a_status_is_an_active_one(mapping: SourceMapping, drop: Catalog) -> None:
    """The drop leaves the column out; the mapping says what then holds."""
    assert mapping.fitted(drop).provides("reviews", "status", "ACTIVE")
    assert not mapping.fitted(drop).provides("reviews", "status", "HIDDEN")
