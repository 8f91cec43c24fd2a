"""The real sample source through its mapping, the lake and the executor: every figure computed apart from it.

The oracle reads the CSV files in plain Python and adds up with Decimal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import CommitKind, Lake, Operation
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.rendered_project import rendered_graph

SAMPLE = Path(__file__).parents[3] / "shared" / "amalimart"
NOW = datetime(2024, 12, 31, 12, 0, tzinfo=UTC)
ZONE = "Africa/Accra"

pytestmark = [
    pytest.mark.source,
    pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"the sample of the AmaliMart source is not at {SAMPLE}"),
]


def sample(table: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Published:
    """The release made from the sample."""

    def __init__(self, hot_file: HotFile, report: BuildReport) -> None:
        self._hot_file = hot_file
        self.report = report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._hot_file.read() as transaction:
            return list(transaction.rows(sql).rows)

    def value(self, sql: str) -> object:
        ((value,),) = self.rows(sql)
        return value


@pytest.fixture(scope="module")
def mapping() -> SourceMapping:
    return load_mapping(find_mapping("amalimart"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, mapping: SourceMapping) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("sample")
    clock = FixedClock(NOW)
    lake = Lake(folder / "lake", clock)
    with lake.begin("amalimart", CommitKind.SNAPSHOT) as writer:
        files = {path.stem: sample(path.stem)[0].keys() for path in SAMPLE.glob("*.csv")}
        for table, columns in mapping.fitted(files).landed.items():
            rows = sample(table)
            present = [column for column in columns if column in rows[0]]
            schema = pa.schema([(column, pa.string()) for column in present])
            batch = pa.RecordBatch.from_pylist([{c: row[c] for c in present} for row in rows], schema)
            writer.write(table, [batch], Operation.SNAPSHOT, schema=schema)
        writer.commit({}, NOW)
    settings = ProjectSettings(business_zone=ZONE)
    project_hash = assemble(folder / "dbt", [landed_source(lake, "amalimart", mapping)], settings)
    graph = rendered_graph(folder / "dbt", project_hash, settings)
    hot_file = HotFile(folder / "warehouse.duckdb", readable_folders=[lake.root])
    report = Executor(hot_file, clock, ZoneInfo(ZONE)).publish(
        graph, lake_state(lake, {"amalimart": mapping})
    )
    assert report is not None
    yield Published(hot_file, report)
    hot_file.close()


def test_order_item_and_stored_money_are_three_different_sums(published: Published) -> None:
    headers = sum(Decimal(row["total_amount"]) for row in sample("orders"))
    items = sum(int(row["quantity"]) * Decimal(row["unit_price"]) for row in sample("order_items"))
    stored = sum(Decimal(row["total_price"]) for row in sample("order_items"))
    assert (headers, items, stored) == (Decimal("561065.69"), Decimal("638761.06"), Decimal("1008412.82"))
    assert published.value("select sum(total_amount) from gold.fact_orders") == headers
    assert published.value("select sum(item_amount) from gold.fact_order_items") == items
    assert published.value("select sum(line_total) from gold.fact_order_items") == stored


def test_lines_of_unknown_products_stay_without_a_vendor(published: Published) -> None:
    known = {row["id"]: row["vendor_id"] for row in sample("products")}
    expected = {row["id"]: known.get(row["product_id"]) for row in sample("order_items")}
    assert sum(vendor is None for vendor in expected.values()) == 980
    assert dict(published.rows("select order_item_id, vendor_id from gold.fact_order_items")) == expected


def test_payment_kinds_and_dates_come_out_as_counted_by_hand(published: Published) -> None:
    payments = sample("payments")
    paid = {row["order_id"] for row in payments} & {row["id"] for row in sample("orders")}
    assert dict(published.rows("select payment_kind, count(*) from gold.fact_orders group by 1")) == {
        "PREPAID": len(paid),
        "NONE": 1000 - len(paid),
    }
    succeeded = sum(Decimal(row["amount"]) for row in payments if row["status"] == "PAID")
    assert published.value("select sum(amount) from gold.fact_payments where is_success") == succeeded
    days = {row["id"]: date.fromisoformat(row["paid_at"][:10]) for row in payments}
    assert dict(published.rows("select payment_id, payment_date from gold.fact_payments")) == days


def test_parcels_before_their_order_are_counted_and_leave_the_average(published: Published) -> None:
    ordered = {row["id"]: date.fromisoformat(row["order_date"][:10]) for row in sample("orders")}
    expected: dict[object, int | None] = {}
    for row in sample("shipping_info"):
        days = (date.fromisoformat(row["delivered_at"][:10]) - ordered[row["order_id"]]).days
        expected[row["id"]] = days if days >= 0 else None
    assert dict(published.rows("select shipment_id, delivery_days from gold.fact_shipments")) == expected
    negative = published.value("select count(*) from gold.fact_shipments where has_negative_days")
    assert negative == sum(days is None for days in expected.values())


def test_every_order_counts_whatever_the_role_of_its_customer(published: Published) -> None:
    roles = {row["id"]: row["role"] for row in sample("users")}
    expected = sum(roles.get(row["user_id"]) != "CUSTOMER" for row in sample("orders"))
    assert expected == 649
    other = published.value(
        "select count(*) from gold.fact_orders left join gold.dim_customers using (customer_id)"
        " where role is distinct from 'CUSTOMER'"
    )
    assert other == expected


def test_every_owner_of_a_product_is_a_vendor_and_no_mere_shopper_is(published: Published) -> None:
    owners = {row["vendor_id"] for table in ("products", "businesses") for row in sample(table)}
    by_role = {row["id"] for row in sample("users") if row["role"] == "VENDOR"}
    vendors = {str(key) for (key,) in published.rows("select vendor_id from gold.dim_vendors")}
    assert vendors == owners | by_role


def test_the_category_tree_is_whole_although_the_file_writes_parents_as_7_0(published: Published) -> None:
    roots = {row["id"] for row in sample("categories") if not row["parent_category_id"]}
    tops = {str(key) for (key,) in published.rows("select distinct top_category_id from gold.dim_categories")}
    assert tops == roots


def test_products_and_customers_have_the_sums_of_their_lines_and_orders(published: Published) -> None:
    ordered = {row["id"]: row for row in sample("orders")}
    revenue: dict[tuple[object, object], Decimal] = {}
    for row in sample("order_items"):
        day = date.fromisoformat(ordered[row["order_id"]]["order_date"][:10])
        key = (row["product_id"], day)
        revenue[key] = revenue.get(key, Decimal(0)) + int(row["quantity"]) * Decimal(row["unit_price"])
    assert revenue == {
        (product, day): amount
        for product, day, amount in published.rows(
            "select product_id, activity_date, item_revenue from gold.sales_and_product_performance"
            " where line_count > 0"
        )
    }
    values: dict[object, list[Decimal]] = {}
    for row in ordered.values():
        values.setdefault(row["user_id"], []).append(Decimal(row["total_amount"]))
    assert {customer: (len(each), sum(each)) for customer, each in values.items()} == {
        customer: (count, value)
        for customer, count, value in published.rows(
            "select customer_id, order_count, lifetime_value from gold.customer_insights"
        )
    }


def test_carts_have_the_units_and_the_value_of_their_lines(published: Published) -> None:
    known = {row["id"] for row in sample("products")}
    units = dict.fromkeys((row["id"] for row in sample("carts")), 0)
    for row in sample("cart_items"):
        if row["cart_id"] in units:
            units[row["cart_id"]] += int(row["quantity"])
    assert dict(published.rows("select cart_id, unit_count from gold.fact_carts")) == units
    lines = {row["id"]: row["product_id"] in known for row in sample("cart_items")}
    priced = published.rows("select cart_item_id, currency = 'GHS' from silver.cart_lines")
    assert {key: bool(is_priced) for key, is_priced in priced} == lines


def test_an_invariant_never_warns_and_the_smells_of_the_sample_are_known(published: Published) -> None:
    products = {row["id"] for row in sample("products")}
    unknown = {
        table: sum(row["product_id"] not in products for row in sample(table))
        for table in ("order_items", "returns", "reviews", "wishlist_items")
    }
    warned = {
        result.name.split("__")[0].rstrip("_"): result.failing_rows for result in published.report.warnings
    }
    assert warned == {
        "relationships_fact_order_items_product_id": unknown["order_items"],
        "relationships_fact_returns_product_id": unknown["returns"],
        "relationships_fact_reviews_product_id": unknown["reviews"],
        "relationships_fact_wishlist_lines_product_id": unknown["wishlist_items"],
        "deliveries_come_after_their_order": 531,
        "stored_line_totals_agree": 2000,
    }
    assert unknown["order_items"] == 980


def test_every_landed_row_is_accounted_for(published: Published, mapping: SourceMapping) -> None:
    counted = {
        str(entity): (landed, accepted)
        for entity, landed, accepted in published.rows(
            "select entity, landed_rows, accepted_rows from silver.reconciliation"
        )
    }
    files = {path.stem: sample(path.stem)[0].keys() for path in SAMPLE.glob("*.csv")}
    expected = {name: (len(sample(spec.table)),) * 2 for name, spec in mapping.fitted(files).entities.items()}
    assert counted == expected
    assert published.value("select count(*) from silver.quarantine") == 0
