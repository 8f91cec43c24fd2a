"""The error-level checks see what they guard against: lost, doubled and altered rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import CompiledProject, ModelBench

FACTS = {
    "fact_orders": ("orders_reconcile_with_staging", "total_amount"),
    "fact_order_items": ("order_items_reconcile_with_staging", "item_amount"),
    "fact_payments": ("payments_reconcile_with_staging", "amount"),
    "fact_shipments": ("shipments_reconcile_with_staging", "delivery_fee"),
    "fact_returns": ("returns_reconcile_with_staging", "return_amount"),
    "fact_reviews": ("reviews_reconcile_with_staging", "rating"),
    "fact_tickets": ("tickets_reconcile_with_staging", None),
    "fact_carts": ("carts_reconcile_with_staging", "unit_count"),
    "fact_payouts": ("payouts_reconcile_with_staging", "net_payout"),
    "fact_vendor_earnings": ("vendor_earnings_reconcile_with_staging", "amount"),
    "fact_discounts": ("discounts_reconcile_with_staging", "discount_amount"),
    "fact_wishlist_lines": ("wishlist_lines_reconcile_with_staging", None),
    "fact_order_status_changes": ("order_status_changes_reconcile_with_staging", None),
}

DATASETS = {
    "sales_and_product_performance": ("product_performance_reconciles_with_facts", "item_revenue"),
    "category_performance": ("category_performance_reconciles_with_products", "item_revenue"),
    "payment_methods": ("payment_methods_reconcile_with_facts", "success_amount"),
    "shipping_performance": ("shipping_performance_reconciles_with_facts", "delivery_fee"),
    "customer_insights": ("customer_insights_reconcile_with_facts", "lifetime_value"),
}


@pytest.fixture
def marketplace(bench: ModelBench) -> ModelBench:
    for order_id, is_test in (("1", False), ("2", False), ("t", True)):
        bench.put("orders", order_id=order_id, customer_id="u", is_test=is_test, total_amount="12.34",
                  discount_amount="1.00")  # fmt: skip
        bench.put("order_items", order_item_id=order_id, order_id=order_id, unit_price="3.21", quantity=2)
        bench.put("payments", payment_id=order_id, order_id=order_id, amount="12.34", status="SUCCESS")
        bench.put("shipments", shipment_id=order_id, order_id=order_id, delivery_fee="1.50")
        bench.put("returns", return_id=order_id, order_item_id=order_id, return_amount="3.21")
        bench.put("reviews", review_id=order_id, order_id=order_id, rating=4)
        bench.put("support_tickets", ticket_id=order_id, order_id=order_id)
        bench.put("carts", cart_id=order_id, order_id=order_id)
        bench.put("cart_items", cart_item_id=order_id, cart_id=order_id, quantity=2)
        bench.put("vendor_payouts", payout_id=order_id, net_payout="2.50")
        bench.put("vendor_earnings", earning_id=order_id, order_item_id=order_id, amount="2.50")
        bench.put("wishlist_items", wishlist_item_id=order_id)
        bench.put("order_status_history", status_change_id=order_id, order_id=order_id)
    for fact in FACTS:
        pinned(bench, fact)
    return bench


def pinned(bench: ModelBench, model: str) -> None:
    """The model as a table of its own, whose rows a test may tamper with."""
    bench.rows(f"gold.{model}")
    bench.execute(f"create or replace temp table pinned as select * from gold.{model}")
    ((kind,),) = bench.execute(
        f"select if(table_type = 'VIEW', 'view', 'table') from information_schema.tables"
        f" where table_schema = 'gold' and table_name = '{model}'"
    )
    bench.execute(f"drop {kind} gold.{model}")
    bench.execute(f"create table gold.{model} as select * from pinned")


@pytest.mark.parametrize("fact", FACTS)
def test_a_true_fact_reconciles_and_a_lost_or_doubled_row_does_not(
    marketplace: ModelBench, fact: str
) -> None:
    check, _ = FACTS[fact]
    assert marketplace.broken_rows(check) == []
    marketplace.execute(f"insert into gold.{fact} select * from gold.{fact} limit 1")
    assert marketplace.broken_rows(check)
    marketplace.execute(f"delete from gold.{fact} where rowid < 2")
    assert marketplace.broken_rows(check)


@pytest.mark.parametrize(("fact", "measure"), [(f, m) for f, (_, m) in FACTS.items() if m])
def test_a_cent_that_changed_on_the_way_is_seen(marketplace: ModelBench, fact: str, measure: str) -> None:
    step = 1 if measure in {"rating", "unit_count"} else 0.01
    first_row = f"(select min(rowid) from gold.{fact})"
    marketplace.execute(f"update gold.{fact} set {measure} = {measure} + {step} where rowid = {first_row}")
    assert marketplace.broken_rows(FACTS[fact][0])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_holds_what_its_facts_hold_to_the_row_and_the_cent(
    marketplace: ModelBench, dataset: str
) -> None:
    check, measure = DATASETS[dataset]
    bench = marketplace
    if dataset == "category_performance":
        pinned(bench, "sales_and_product_performance")
    pinned(bench, dataset)
    assert bench.broken_rows(check) == []
    bench.execute(f"create temp table right_rows as select * from gold.{dataset}")
    for tampering in (
        f"delete from gold.{dataset}",
        f"insert into gold.{dataset} from right_rows",
        f"update gold.{dataset} set {measure} = {measure} + 0.01",
    ):
        bench.execute(tampering)
        assert bench.broken_rows(check), tampering
        bench.execute(f"delete from gold.{dataset}")
        bench.execute(f"insert into gold.{dataset} from right_rows")


def test_a_vendor_that_owns_a_product_cannot_get_lost(bench: ModelBench) -> None:
    bench.put("vendors", vendor_id="v")
    bench.put("products", product_id="p", vendor_id="v")
    for dimension in ("customers", "products", "categories", "delivery_partners", "vendors"):
        pinned(bench, f"dim_{dimension}")
    assert bench.broken_rows("dimensions_reconcile_with_staging") == []
    bench.execute("delete from gold.dim_vendors")
    assert bench.broken_rows("dimensions_reconcile_with_staging") == [
        ("dim_vendors that own a product", 1, 0)
    ]


def test_checks_are_errors_for_invariants_and_warnings_for_smells(compiled: CompiledProject) -> None:
    severities: dict[str, set[str]] = {}
    for node in compiled.nodes.values():
        if node["resource_type"] == "test":
            metadata = node.get("test_metadata") or {}
            kind = metadata.get("name", node["name"])
            severities.setdefault(kind, set()).add(str(node["config"]["severity"]).lower())
    assert severities["unique"] == {"error"}
    assert severities["relationships"] == {"warn"}
    assert severities["accepted_values"] == {"warn"}
    reconciled = {
        name: levels for name, levels in severities.items() if name.endswith("reconcile_with_staging")
    }
    assert set(reconciled) == {check for check, _ in FACTS.values()} | {"dimensions_reconcile_with_staging"}
    assert set().union(*reconciled.values()) == {"error"}
